import * as path from 'node:path';
import { readJson } from '../base/files';
import {
  ablationFigure,
  classMeanFigure,
  cohensD,
  confusionFigure,
  effectSizeFigure,
  importancesFigure,
  explainedVarianceFigure,
  learningCurvesFigure,
  parallelCoordinatesFigure,
  reliabilityFigure,
  saveFigure,
  searchHistoryFigure,
  slicesFigure,
  splitBalanceFigure,
  stmGridFigure,
  type AblationCell,
  type FigureSpec,
  type SearchTrial,
} from '../figures';
import { inputError, StmLabError } from '../base/errors';
import { componentImage, loadReduction } from '../reduction';
import { importances } from '../search';
import { balanceReport, readSplit } from '../splits';
import type { AblationRecord } from './ablate';
import { classNumbers, modulationAxes, openFeatureFolder } from './featureFolder';
import { drawRecording } from './recordingFigure';
import { readHistory } from './train';
import type { Workbench } from './workbench';

/** Each figure, and the stages whose results it shows. */
const FIGURES = {
  pipeline: pipelineFigure,
  'class-means': classMeansFigure,
  'effect-sizes': effectSizesFigure,
  'split-balance': balanceFigure,
  'explained-variance': varianceFigure,
  components: componentsFigure,
  'search-history': historyFigure,
  'search-slices': searchSlicesFigure,
  'search-parallel': searchParallelFigure,
  'search-importances': importancesOfSearch,
  'learning-curves': curvesFigure,
  confusion: confusionOfFolds,
  reliability: reliabilityOfFolds,
  ablation: ablationMaps,
} as const satisfies Record<string, (lab: Workbench) => Promise<FigureSpec>>;

/** Name of a figure that a workbench can draw. */
export type FigureName = keyof typeof FIGURES;

/** All figures, in the order of the stages. */
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly FigureName[];

/**
 * Draws one figure of a workbench's results, running the stages it shows when they have not run.
 *
 * @throws StmLabError (`input`) for a name that is none of `FIGURE_NAMES`.
 */
export function buildFigure(lab: Workbench, name: FigureName): Promise<FigureSpec> {
  const build = FIGURES[name] as ((lab: Workbench) => Promise<FigureSpec>) | undefined;
  if (build === undefined)
    throw inputError(`figure "${String(name)}": must be one of ${FIGURE_NAMES.join(', ')}`);
  return build(lab);
}

/** Which figures to save, and who is told. */
export interface SaveFiguresOptions {
  /** Default all. */
  readonly names?: readonly FigureName[];
  readonly onFigure?: (name: FigureName, files: readonly string[]) => void;
  /** A figure that these results cannot have, with the reason (no components, mel features, too few trials). */
  readonly onSkip?: (name: FigureName, reason: string) => void;
}

/**
 * Draws figures into the workbench's figure folder (SVG, PNG and Vega-Lite) and tracks them in one run.
 *
 * @returns the files written.
 */
export async function saveFigures(lab: Workbench, options: SaveFiguresOptions = {}): Promise<string[]> {
  const tags = { 'stm.stage': 'figures', ...(lab.note === undefined ? {} : { 'stm.note': lab.note }) };
  const run = lab.tracker.startRun({ name: 'figures', key: `figures-${lab.experiment.name}`, tags });
  const written: string[] = [];
  try {
    for (const name of options.names ?? FIGURE_NAMES) {
      const files = await saveOne(lab, name, options);
      for (const file of files) run.logArtifact(file, 'figures');
      written.push(...files);
    }
    run.end('FINISHED');
  } catch (error) {
    run.end('FAILED');
    throw error;
  }
  return written;
}

async function saveOne(lab: Workbench, name: FigureName, options: SaveFiguresOptions): Promise<string[]> {
  let spec: FigureSpec;
  try {
    spec = await lab.figure(name);
  } catch (error) {
    if (!(error instanceof StmLabError) || error.kind !== 'input') throw error;
    options.onSkip?.(name, error.message);
    return [];
  }
  const files = await saveFigure(spec, path.join(lab.folders.figures, name), {
    formats: ['svg', 'png', 'vl.json'],
  });
  options.onFigure?.(name, files);
  return files;
}

async function pipelineFigure(lab: Workbench): Promise<FigureSpec> {
  const { rejected } = await lab.extract();
  const refused = new Set(rejected.map((entry) => entry.path));
  const recording = lab.manifest.rows.find((row) => !refused.has(row.path));
  if (recording === undefined)
    throw inputError(`${lab.manifest.file}: no recording was accepted, so there is none to draw`);
  return drawRecording({
    file: recording.file,
    startSeconds: recording.startSeconds,
    channels: lab.experiment.features.channels,
    title: `${recording.path} (${recording.label})`,
    note: lab.note,
  });
}

async function classMeansFigure(lab: Workbench): Promise<FigureSpec> {
  await lab.extract();
  const folder = openFeatureFolder(lab.folders.features);
  const { columns } = folder.matrix;
  const { classes, y } = classNumbers(folder.index.map(({ label }) => label));
  const sums = classes.map(() => new Float64Array(columns));
  const counts = classes.map(() => 0);
  folder.index.forEach((_, row) => {
    const values = folder.matrix.readRows(row, row + 1);
    counts[y[row]!]!++;
    for (let c = 0; c < columns; c++) sums[y[row]!]![c]! += values[c]!;
  });
  folder.matrix.close();
  return classMeanFigure({
    classes: classes.map((label, i) => ({
      label,
      mean: sums[i]!.map((sum) => sum / counts[i]!),
      count: counts[i]!,
    })),
    axes: modulationAxes(folder),
    note: lab.note,
  });
}

async function effectSizesFigure(lab: Workbench): Promise<FigureSpec> {
  await lab.extract();
  const folder = openFeatureFolder(lab.folders.features);
  const data = folder.matrix.readRows(0, folder.matrix.rows);
  const { columns } = folder.matrix;
  folder.matrix.close();
  const rowsOf = (prefix: string): number[] =>
    folder.index.flatMap(({ label }, row) => (label.startsWith(prefix) ? [row] : []));
  const pairs = comparisonPairs(folder.index.map(({ label }) => label)).filter(
    ([first, second]) => rowsOf(first).length >= 2 && rowsOf(second).length >= 2,
  );
  return effectSizeFigure({
    comparisons: pairs.map(([first, second]) => ({
      title: `${shortLabel(first)} − ${shortLabel(second)}`,
      d: cohensD(data, columns, rowsOf(first), rowsOf(second)),
    })),
    axes: modulationAxes(folder),
    note: lab.note,
  });
}

const shortLabel = (label: string): string => label.replace(/^.*: /, '');

/** Classes of one domain against each other, then domains against each other, as in the paper. */
function comparisonPairs(labels: readonly string[]): [string, string][] {
  const classes = [...new Set(labels)].sort();
  const domains = [...new Set(classes.map((label) => label.split(':')[0]!))];
  const pairsOf = (names: readonly string[]): [string, string][] =>
    names.flatMap((first, i) => names.slice(i + 1).map((second): [string, string] => [first, second]));
  const within = domains.flatMap((domain) => pairsOf(classes.filter((label) => label.startsWith(domain))));
  return domains.length === classes.length ? pairsOf(classes).slice(0, 6) : [...within, ...pairsOf(domains)];
}

async function balanceFigure(lab: Workbench): Promise<FigureSpec> {
  await lab.split();
  const { cells } = balanceReport(readSplit(lab.folders.split));
  return splitBalanceFigure({
    rows: cells.map(({ fold, label, rows, groups }) => ({ fold, label, recordings: rows, groups })),
    note: lab.note,
  });
}

async function varianceFigure(lab: Workbench): Promise<FigureSpec> {
  const { reduction } = await lab.reduce();
  const { components } = reduction;
  if (components === undefined)
    throw inputError('explained variance: this experiment reduces nothing (method "none")');
  return explainedVarianceFigure({
    ratio: components.explainedVarianceRatio,
    marks: [components.count],
    note: lab.note,
  });
}

async function componentsFigure(lab: Workbench): Promise<FigureSpec> {
  await lab.reduce();
  const reduction = loadReduction(lab.folders.reduction);
  const folder = openFeatureFolder(lab.folders.features);
  folder.matrix.close();
  const shown = Math.min(6, reduction.components?.count ?? 0);
  return stmGridFigure({
    panels: Array.from({ length: shown }, (_, k) => ({
      title: `component ${k + 1}: ${(100 * reduction.components!.explainedVarianceRatio[k]!).toFixed(1)} %`,
      values: componentImage(reduction, k),
    })),
    axes: modulationAxes(folder),
    colourTitle: 'Weight',
    title: 'Principal components as modulation patterns',
    note: lab.note,
  });
}

async function searchTrials(lab: Workbench): Promise<SearchTrial[]> {
  const { trials } = await lab.search();
  return trials.flatMap(({ number, state, value, values, startedAt, finishedAt, worker }) =>
    state === 'waiting'
      ? []
      : [{ number, state, value, params: values, startMs: startedAt, endMs: finishedAt, worker }],
  );
}

async function historyFigure(lab: Workbench): Promise<FigureSpec> {
  const trials = await searchTrials(lab);
  return searchHistoryFigure({
    trials,
    direction: 'maximize',
    objective: objectiveName(lab),
    note: lab.note,
  });
}

async function searchSlicesFigure(lab: Workbench): Promise<FigureSpec> {
  return slicesFigure({ trials: await searchTrials(lab), objective: objectiveName(lab), note: lab.note });
}

async function searchParallelFigure(lab: Workbench): Promise<FigureSpec> {
  const trials = await searchTrials(lab);
  return parallelCoordinatesFigure({
    trials,
    direction: 'maximize',
    objective: objectiveName(lab),
    note: lab.note,
  });
}

async function importancesOfSearch(lab: Workbench): Promise<FigureSpec> {
  const { trials } = await lab.search();
  const rows = importances(trials, lab.experiment.search.space);
  if (rows.length === 0)
    throw inputError(`importances need at least 4 complete trials, and there are ${trials.length}`);
  return importancesFigure({
    importances: rows.map(({ parameter, importance }) => ({ name: parameter, importance })),
    method: 'functional ANOVA of a random forest',
    note: lab.note,
  });
}

function objectiveName(lab: Workbench): string {
  return { macroF1: 'Validation macro-F1', microRocAuc: 'Validation ROC-AUC (micro)' }[
    lab.experiment.search.objective
  ];
}

async function curvesFigure(lab: Workbench): Promise<FigureSpec> {
  const { bestEpoch } = await lab.train();
  const names: Record<string, string> = { loss: 'loss', accuracy: 'accuracy', macroF1: 'macro-F1' };
  const rows = readHistory(lab.folders.model).flatMap((record) =>
    Object.entries(names).flatMap(([key, metric]) => [
      ...(record[key] === undefined
        ? []
        : [{ epoch: record['epoch']!, metric, split: 'train' as const, value: record[key] }]),
      ...(record[`val_${key}`] === undefined
        ? []
        : [{ epoch: record['epoch']!, metric, split: 'validation' as const, value: record[`val_${key}`]! }]),
    ]),
  );
  return learningCurvesFigure({ rows, bestEpoch, note: lab.note });
}

async function confusionOfFolds(lab: Workbench): Promise<FigureSpec> {
  const { averaged, folds, repeats } = await lab.crossValidate();
  return confusionFigure({
    matrix: averaged.confusion,
    classes: averaged.classNames,
    title: `Confusion over ${folds} group-wise folds`,
    note:
      [lab.note, repeats.length > 1 ? `probabilities averaged over ${repeats.length} repeats` : undefined]
        .filter((part) => part !== undefined)
        .join('; ') || undefined,
  });
}

async function reliabilityOfFolds(lab: Workbench): Promise<FigureSpec> {
  const { calibration } = (await lab.crossValidate()).averaged;
  return reliabilityFigure({ bins: calibration.bins, ece: calibration.ece, note: lab.note });
}

async function ablationMaps(lab: Workbench): Promise<FigureSpec> {
  await lab.ablate();
  const { cells, reference } = readJson<AblationRecord>(path.join(lab.folders.ablation, 'ablation.json'));
  const rows = cells.flatMap((cell): AblationCell[] => {
    if (cell.region === undefined) return [];
    const { value, low, high } = cell.macroF1;
    return [
      { ...cell.region, metric: 'macro-F1', value, low, high },
      { ...cell.region, metric: 'ROC-AUC (macro)', value: cell.macroRocAuc },
    ];
  });
  return ablationFigure({
    cells: rows,
    reference: { 'macro-F1': reference.macroF1.value, 'ROC-AUC (macro)': reference.macroRocAuc },
    note: lab.note,
  });
}
