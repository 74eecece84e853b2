import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  ablationRegions,
  compareCells,
  corpusSupport,
  regionColumns,
  regionName,
  regionText,
  type CorpusSupport,
} from '../../ablation';
import { writeCsv } from '../../base/csv';
import { inputError } from '../../base/errors';
import { readJson, sha256, writeJson } from '../../base/files';
import { loadEngine } from '../../engine';
import type { Interval } from '../../evaluation';
import type { Run } from '../../tracking';
import { flattenParameters, runTrackedStage, trackedRun, type StageContext } from '../context';
import type { Experiment } from '../experiment';
import { classNumbers, modulationAxes, openFeatureFolder, type FeatureFolder } from '../featureFolder';
import type { StageResult } from '../stage';
import { processScorer, type CellScorer, type CellTask } from './pool';
import {
  judgedRows,
  readAblationData,
  scoreCell,
  type AblationData,
  type AblationPlan,
  type CellOutcome,
  type CellScore,
} from './score';

/** What `ablateStage` reads and writes. */
export interface AblateStageOptions {
  readonly features: string;
  readonly out: string;
  /** Regions, folds and seeds are its `ablation`; the network its `model`, or what its `search` finds. */
  readonly experiment: Pick<Experiment, 'ablation' | 'model' | 'search' | 'split' | 'protocol'>;
  /** Processes that train side by side; the results are the same for any number. Default 1: this process. */
  readonly workers?: number | undefined;
}

/** A cell with its difference to all features in macro-F1, paired over the same resamples. */
export interface AblationCellRecord extends CellScore {
  readonly difference: Interval;
}

/** What `ablation.json` says. */
export interface AblationRecord {
  /** `cross-validated`: fixed hyperparameters; `searched`: each cell by a search of its own, judged by the test fold. */
  readonly protocol: 'cross-validated' | 'searched';
  readonly folds: number;
  readonly seeds: number;
  /** All features, without PCA like the cells. */
  readonly reference: CellScore;
  readonly cells: readonly AblationCellRecord[];
  readonly support: CorpusSupport;
}

/** Outcome of an ablation. */
export interface AblateSummary extends AblationRecord {
  readonly status: StageResult['status'];
}

/**
 * Trains on parts of the modulation plane, each region on its own, and on all features for reference, on
 * standardised features without PCA, as published. `ablation.json`, `cells.csv`; one child run per cell.
 * Finished cells are kept when the stage is killed.
 *
 * @throws StmLabError (`input`) when the features have no modulation axes; (`environment`) when worker
 *   processes keep dying.
 */
export async function ablateStage(
  options: AblateStageOptions,
  context: StageContext = {},
): Promise<AblateSummary> {
  const { out, experiment, workers = 1 } = options;
  if (!Number.isInteger(workers) || workers < 1)
    throw inputError(`ablation: ${workers} workers; it must be a whole number from 1`);
  const folder = openFeatureFolder(options.features);
  folder.matrix.close();
  const plan = planOf(experiment);
  const { status } = await runTrackedStage(context, {
    stage: 'ablate',
    folder: out,
    parameters: { regions: ablationRegions(experiment.ablation).map(regionName), plan },
    inputs: { features: folder.featuresHash, index: folder.indexHash, axes: folder.axesHash },
    run: async (run) => {
      const outcomes = await scoreAll(options, folder, plan, context, run);
      const record = recordOf(outcomes, folder, plan);
      writeJson(path.join(out, 'ablation.json'), record);
      writeCells(path.join(out, 'cells.csv'), record);
      run?.logMetrics({
        cells: record.cells.length,
        reference_macro_f1: record.reference.macroF1.value,
        cells_below_reference: record.support.distinct.below,
        cells_above_reference: record.support.distinct.above,
      });
      run?.note(record.support.statements.map((line) => `- ${line}`).join('\n'));
      run?.logArtifact(path.join(out, 'cells.csv'));
      run?.logArtifact(path.join(out, 'ablation.json'));
      return ['ablation.json', 'cells.csv'];
    },
  });
  return { ...readJson<AblationRecord>(path.join(out, 'ablation.json')), status };
}

/** How cells are trained and judged by an experiment. */
function planOf({
  ablation,
  model,
  search,
  split,
  protocol,
}: AblateStageOptions['experiment']): AblationPlan {
  const { folds, seeds } = ablation;
  const network = ablation.model ?? model;
  return {
    folds,
    seeds,
    model: { ...network, fit: { ...network.fit, ...ablation.fit } },
    ...(ablation.search === undefined
      ? {}
      : { searched: { search: { ...search, ...ablation.search }, split: { ...split, folds }, protocol } }),
  };
}

async function scoreAll(
  { features, out, experiment, workers = 1 }: AblateStageOptions,
  folder: FeatureFolder,
  plan: AblationPlan,
  context: StageContext,
  parent: Run | undefined,
): Promise<CellOutcome[]> {
  const axes = modulationAxes(folder);
  const tasks: CellTask[] = [
    { name: 'all' },
    ...ablationRegions(experiment.ablation).map((region) => ({ name: regionName(region), region })),
  ];
  // A region that keeps nothing is named before hours of training, not after.
  for (const { region } of tasks) if (region !== undefined) regionColumns(axes, region);
  const engine = await loadEngine();
  parent?.setTags({ 'stm.engine': engine.description });
  const cells = path.join(out, 'cells');
  const identity = {
    plan,
    features: folder.featuresHash,
    index: folder.indexHash,
    engine: engine.description,
  };
  const outcomes: CellOutcome[] = [];
  const waiting: number[] = [];
  tasks.forEach((task, i) => {
    const known = storedOutcome(cells, task, identity);
    if (known === undefined) waiting.push(i);
    else outcomes[i] = known;
  });
  let done = tasks.length - waiting.length;
  const lane = async (scorer: CellScorer): Promise<void> => {
    try {
      for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
        context.signal?.throwIfAborted();
        outcomes[at] = await trackedCell(tasks[at]!, scorer, { cells, identity }, context, parent);
        done++;
        context.progress?.(`ablate: ${done} of ${tasks.length} cells (${tasks[at]!.name})`);
      }
    } catch (error) {
      waiting.length = 0;
      throw error;
    } finally {
      scorer.close();
    }
  };
  const order = { features: path.resolve(features), plan, cells: path.resolve(cells) };
  const scorers =
    workers === 1
      ? [localScorer(readAblationData(features, engine), plan, cells, context.signal)]
      : Array.from({ length: Math.min(workers, waiting.length) }, () => processScorer(order, context.signal));
  const ends = await Promise.allSettled(scorers.map(lane));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return outcomes;
}

/** Scores cells in this process. */
function localScorer(
  data: AblationData,
  plan: AblationPlan,
  cells: string,
  signal: AbortSignal | undefined,
): CellScorer {
  return { score: (task) => scoreCell(task, data, plan, cells, signal), close: () => undefined };
}

interface StoredCell extends CellOutcome {
  readonly key: string;
}

const cellFile = (cells: string, { name }: CellTask): string => path.join(cells, `${name}.json`);
const cellKey = ({ region }: CellTask, identity: unknown): string =>
  sha256({ identity, region: region ?? 'all' });

/** The cell's outcome from an earlier run on the same data and settings. */
function storedOutcome(cells: string, task: CellTask, identity: unknown): CellOutcome | undefined {
  const file = cellFile(cells, task);
  if (!fs.existsSync(file)) return undefined;
  const { key, cell, predicted } = readJson<StoredCell>(file);
  return key === cellKey(task, identity) ? { cell, predicted } : undefined;
}

/** Scores one cell under a run of its own; stored last, so that a cell that is known has its run complete. */
async function trackedCell(
  task: CellTask,
  scorer: CellScorer,
  { cells, identity }: { readonly cells: string; readonly identity: unknown },
  context: StageContext,
  parent: Run | undefined,
): Promise<CellOutcome> {
  const key = cellKey(task, identity);
  const outcome = await trackedRun(
    context,
    {
      name: task.name,
      key: `ablation-${key.slice(0, 16)}`,
      parent,
      params: task.region === undefined ? { pass: 'all' } : flattenParameters(task.region),
      tags: {
        'stm.stage': 'ablation-cell',
        'stm.region': task.region === undefined ? 'all features' : regionText(task.region),
      },
    },
    async (run) => {
      const scored = await scorer.score(task);
      if (run !== undefined) logCell(run, scored.cell);
      return scored;
    },
  );
  writeJson(cellFile(cells, task), { key, ...outcome } satisfies StoredCell);
  return outcome;
}

function logCell(run: Run, cell: CellScore): void {
  const { kept, macroF1, accuracy, searched } = cell;
  run.logParams({ kept, ...(searched === undefined ? {} : flattenParameters(searched.best, 'best')) });
  run.logMetrics({
    macro_f1: macroF1.value,
    macro_f1_low: macroF1.low,
    macro_f1_high: macroF1.high,
    accuracy: accuracy.value,
    accuracy_low: accuracy.low,
    accuracy_high: accuracy.high,
    macro_roc_auc: cell.macroRocAuc,
    published_roc_auc: cell.microRocAuc,
    published_max_macro_f1: cell.maxMacroF1,
  });
}

function recordOf(
  outcomes: readonly CellOutcome[],
  folder: FeatureFolder,
  plan: AblationPlan,
): AblationRecord {
  const [reference, ...rest] = outcomes;
  const { rows, folds } = judgedRows(folder.index, plan);
  const judged = Array.from(rows, (row) => folder.index[row]!);
  const labels = judged.map(({ label }) => label);
  const groups = judged.map(({ group }) => group);
  const { classes } = classNumbers(folder.index.map(({ label }) => label));
  const comparisons = compareCells({
    labels: Int32Array.from(labels, (label) => classes.indexOf(label)),
    groups: classNumbers(groups).y,
    classes: classes.length,
    reference: { name: 'all', predicted: reference!.predicted },
    cells: rest.map(({ cell, predicted }) => ({ name: cell.name, region: cell.region, predicted })),
  });
  return {
    protocol: plan.searched === undefined ? 'cross-validated' : 'searched',
    folds: plan.folds,
    seeds: plan.seeds,
    reference: reference!.cell,
    cells: rest.map(({ cell }) => ({ ...cell, difference: comparisons.toReference[cell.name]! })),
    support: corpusSupport({
      labels,
      groups,
      folds,
      scores: outcomes.map(({ cell }) => cell.macroF1),
      comparisons,
    }),
  };
}

function writeCells(file: string, { reference, cells }: AblationRecord): void {
  const row = (
    cell: CellScore,
    difference: Interval | undefined,
  ): Record<string, string | number | undefined> => ({
    name: cell.name,
    pass: cell.region?.pass ?? 'all',
    rate_hz: cell.region?.rateHz,
    scale_cyc_oct: cell.region?.scaleCycPerOct,
    features: cell.kept,
    macro_f1: cell.macroF1.value,
    macro_f1_low: cell.macroF1.low,
    macro_f1_high: cell.macroF1.high,
    difference: difference?.value,
    difference_low: difference?.low,
    difference_high: difference?.high,
    accuracy: cell.accuracy.value,
    macro_roc_auc: cell.macroRocAuc,
    published_roc_auc: cell.microRocAuc,
    published_max_macro_f1: cell.maxMacroF1,
  });
  const rows = [row(reference, undefined), ...cells.map((cell) => row(cell, cell.difference))];
  writeCsv(file, Object.keys(rows[0]!), rows);
}
