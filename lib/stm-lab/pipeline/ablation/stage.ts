import * as path from 'node:path';
import { ablationRegions, compareCells, corpusSupport, regionName, type CorpusSupport } from '../../ablation';
import { tellOfLosses, tellOfUnrecognised } from '../classLosses';
import { writeCsv } from '../../base/csv';
import { divergedError, inputError } from 'research-basics/errors';
import { readJson, writeJson } from 'research-basics/files';
import type { Interval } from '../../evaluation';
import { runTrackedStage, type StageContext, type TrackedStageRequest } from '../../stages/context';
import { classNumbers, openFeatureFolder, type FeatureFolder } from '../featureFolder';
import { engineFor, type StageFailure, type StageResult } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { logCellSounds } from '../runSounds';
import { ablationTasks, scoreAll, type AblationIdentity } from './cells';
import { designOf } from './data';
import type { CellTask } from './pool';
import type { AblateStageOptions } from './options';
import { scoredRows, type AblationPlan, type CellOutcome, type CellScore } from './score';

/** A cell with its difference to all features in macro-F1, paired over the same resamples. */
export interface AblationCellRecord extends CellScore {
  readonly difference: Interval;
}

/** What `ablation.json` says. */
export interface AblationRecord {
  /** `cross-validated`: fixed hyperparameters; `searched`: each cell by a search of its own, scored on the test fold. */
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
  /** Cells whose training diverged; the record lacks them. */
  readonly failed: readonly StageFailure[];
}

/**
 * Trains on parts of the modulation plane, each region on its own, and on all features for reference, on
 * standardised features without PCA, as published. `ablation.json`, `cells.csv`; one child run per cell.
 * Finished cells are reused when the stage was killed. A cell whose training diverges is left out and tried again the
 * next time.
 *
 * @throws UserError (`input`) when the features have no modulation axes; (`environment`) when worker
 *   processes keep dying; (`diverged`) when all features diverge, with which every cell is compared, or all cells do.
 */
export async function ablateStage(
  options: AblateStageOptions,
  context: StageContext = {},
): Promise<AblateSummary> {
  const { out } = options;
  const open = openAblation(options, context.warn);
  tellOfLosses(options.features, context);
  const { folder, plan, tasks, request } = open;
  const { status, record: stage } = await runTrackedStage(context, {
    ...request,
    engine: await engineFor(out, context.signal),
    run: async (run) => {
      const parts = stageParts(context);
      const outcomes = await scoreAll(options, open, tasks, context, run, parts);
      const failed = tasks.flatMap((task) => parts.failed.find(({ name }) => name === task.name) ?? []);
      const [reference, ...cells] = outcomes;
      const found = cells.filter((outcome) => outcome !== undefined);
      if (reference === undefined || found.length === 0)
        throw divergedError(
          `ablation: nothing can be compared, since ${reference === undefined ? 'the training on all features' : 'every cell'} diverged (${failed[0]!.reason}); finished cells are reused when it is run again`,
        );
      const record = recordOf([reference, ...found], folder, plan);
      tellOfReference(reference, folder, plan, context);
      writeJson(path.join(out, 'ablation.json'), record);
      writeCells(path.join(out, 'cells.csv'), record, failed);
      run?.logMetrics({
        cells: record.cells.length,
        failed: failed.length,
        reference_macro_f1: record.reference.macroF1.value,
        cells_below_reference: record.support.distinct.below,
        cells_above_reference: record.support.distinct.above,
      });
      run?.note(
        [...record.support.statements, ...failed.map(({ name, reason }) => `No result of ${name}: ${reason}`)]
          .map((line) => `- ${line}`)
          .join('\n'),
      );
      run?.logArtifact(path.join(out, 'cells.csv'));
      run?.logArtifact(path.join(out, 'ablation.json'));
      // Sounds are filtered in cycles per octave.
      const regions = tasks.flatMap(({ region }) =>
        region === undefined || region.scaleCycPerKHz !== undefined ? [] : [region],
      );
      await logCellSounds(run, context, regions, folder.index, path.join(out, 'sounds'));
      return { files: ['ablation.json', 'cells.csv'], failed };
    },
  });
  const { failed = [] } = stage;
  return { ...readJson<AblationRecord>(path.join(out, 'ablation.json')), status, failed };
}

/** An ablation on its data, not yet run. */
export interface OpenAblation extends AblationIdentity {
  readonly tasks: readonly CellTask[];
  readonly request: Omit<TrackedStageRequest, 'run'>;
}

/**
 * Reads what an ablation is about, and checks it. `warn` is called with the reason why cells are not scored by collection.
 *
 * @throws UserError (`input`) for fewer than one worker, or features that cannot be opened.
 */
export function openAblation(options: AblateStageOptions, warn?: (line: string) => void): OpenAblation {
  const { experiment, out, workers = 1 } = options;
  if (!Number.isInteger(workers) || workers < 1)
    throw inputError(`ablation: ${workers} workers; it must be a whole number from 1`);
  const folder = openFeatureFolder(options.features);
  folder.matrix.close();
  const settings = ablationParameters(experiment);
  const { plan } = settings;
  const scoring =
    designOf(folder.index, plan, warn) === undefined ? {} : ({ by: 'group and collection' } as const);
  const tasks = ablationTasks(options, folder);
  const regions = tasks.flatMap(({ region }) => (region === undefined ? [] : [regionName(region)]));
  return {
    folder,
    plan,
    scoring,
    tasks,
    request: {
      stage: 'ablate',
      folder: out,
      parameters: { ...settings, regions, ...scoring },
      settings,
      inputs: { features: folder.featuresHash, index: folder.indexHash, axes: folder.axesHash },
    },
  };
}

/** The settings of an ablation. */
export function ablationParameters(experiment: AblateStageOptions['experiment']): {
  readonly regions: readonly string[];
  readonly plan: AblationPlan;
} {
  return { regions: ablationRegions(experiment.ablation).map(regionName), plan: planOf(experiment) };
}

/** How cells are trained and scored by an experiment. */
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

function recordOf(
  outcomes: readonly CellOutcome[],
  folder: FeatureFolder,
  plan: AblationPlan,
): AblationRecord {
  const [reference, ...rest] = outcomes;
  const { rows, folds } = scoredRows(folder.index, plan);
  const scored = Array.from(rows, (row) => folder.index[row]!);
  const labels = scored.map(({ label }) => label);
  const groups = scored.map(({ group }) => group);
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

/** Tells which classes not even all features recognised. */
function tellOfReference(
  { predicted }: CellOutcome,
  { index }: FeatureFolder,
  plan: AblationPlan,
  context: StageContext,
): void {
  const { classes, y } = classNumbers(index.map(({ label }) => label));
  const labels = Int32Array.from(scoredRows(index, plan).rows, (row) => y[row]!);
  tellOfUnrecognised({ labels, predicted, classes }, 'the training on all features', context);
}

/** One line per cell; those that failed have a name and no numbers. */
function writeCells(
  file: string,
  { reference, cells }: AblationRecord,
  failed: readonly StageFailure[],
): void {
  const row = (
    cell: CellScore,
    difference: Interval | undefined,
  ): Record<string, string | number | undefined> => ({
    name: cell.name,
    pass: cell.region?.pass ?? 'all',
    rate_hz: cell.region?.rateHz,
    scale_cyc_oct: cell.region?.scaleCycPerOct,
    ...(cells.some(({ region }) => region?.scaleCycPerKHz !== undefined)
      ? { scale_cyc_khz: cell.region?.scaleCycPerKHz }
      : {}),
    features: cell.kept,
    macro_f1: cell.macroF1.value,
    macro_f1_low: cell.macroF1.low,
    macro_f1_high: cell.macroF1.high,
    difference: difference?.value,
    difference_low: difference?.low,
    difference_high: difference?.high,
    ...(reference.byCollection === undefined
      ? {}
      : {
          collection_macro_f1: cell.byCollection?.macroF1.value,
          collection_macro_f1_low: cell.byCollection?.macroF1.low,
          collection_macro_f1_high: cell.byCollection?.macroF1.high,
        }),
    accuracy: cell.accuracy.value,
    macro_roc_auc: cell.macroRocAuc,
    published_roc_auc: cell.microRocAuc,
    published_max_macro_f1: cell.maxMacroF1,
  });
  const rows = [
    row(reference, undefined),
    ...cells.map((cell) => row(cell, cell.difference)),
    ...failed.map(({ name }) => ({ name })),
  ];
  writeCsv(file, Object.keys(rows[0]!), rows);
}
