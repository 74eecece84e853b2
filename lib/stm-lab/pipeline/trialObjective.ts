import { divergedError, inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Trial, Values } from 'bayesian-optimizer';
import type { Run, RunReference, Tracker } from 'mlflow-tracking-client';
import type { Engine } from '../engine';
import { concatenate } from '../base/concatenate';
import { argMax } from '../evaluation';
import { converged, countParameters, fitMlp } from '../models';
import { flattenParameters, trackedRun, type TrackedRunRequest } from '../stages/context';
import type { RunDataset } from '../stages/dataset';
import type { Experiment } from './experiment';
import { fitReducedFold, type ReducedFold } from './foldModel';
import { recipeOfTrial, type TrialBase, type TrialRecipe } from './hyperparameters';
import { metricOf, objectivesOf, type ObjectiveMetric, type ResolvedObjective } from './searchObjective';
import { epochMetrics } from './train';
import type { TrialData } from './trialData';

/** What the trials of one search share. */
export interface TrialObjectiveOptions {
  readonly engine: Engine;
  /** Opens the rows of an objective. */
  readonly data: (objective: ResolvedObjective) => TrialData;
  readonly search: Experiment['search'];
  readonly base: TrialBase;
  readonly studyName: string;
  /** Each trial is a run below `parent`; left out, nothing is recorded. */
  readonly tracker?: Tracker | undefined;
  readonly parent?: RunReference | undefined;
  readonly note?: string | undefined;
  readonly dataset?: RunDataset | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The run of a trial. */
export function trialRun(
  studyName: string,
  { number, values }: { readonly number: number; readonly values: Values },
  engine: Engine,
  parent: RunReference | undefined,
): TrackedRunRequest {
  return {
    name: `trial-${number}`,
    key: `${studyName}-trial-${number}`,
    parent,
    params: flattenParameters(values),
    tags: { 'stm.stage': 'trial', 'stm.trial': number, 'stm.engine': engine.description },
  };
}

/** Ends a trial before its end; not an error. */
class Pruned extends Error {}

/** Rows, and the metrics that are measured on them. */
interface ScoredRows {
  readonly data: TrialData;
  readonly over: ResolvedObjective['over'];
  readonly metrics: readonly ObjectiveMetric[];
}

/** The rows of all objectives; two that have the same share their fits. */
function scoredRows(options: TrialObjectiveOptions): ScoredRows[] {
  const objectives = objectivesOf(options.search.objective).flatMap(({ scored }) => scored ?? []);
  const [first, second] = objectives as [ResolvedObjective, ResolvedObjective?];
  const shared =
    second !== undefined &&
    first.over === second.over &&
    (first.over === 'validation' || first.folds === second.folds);
  const rows = ({ over }: ResolvedObjective, metrics: readonly ObjectiveMetric[], i: number): ScoredRows => ({
    ...{ over, metrics },
    data: options.data(objectives[i]!),
  });
  return shared
    ? [rows(first, [first.metric, second.metric], 0)]
    : objectives.map((one, i) => rows(one, [one.metric], i));
}

/**
 * The objective of a search: the mean over `executions` seeds of the metric on the rows that the objective names (see
 * `ObjectiveChoice`); of two objectives, both. Seeds come from the search's seed and the trial's number, so a trial that
 * is started again gives the same value. Reports for the pruner: epochs of a network on the validation rows, or folds.
 */
export function createTrialObjective(
  options: TrialObjectiveOptions,
): (trial: Trial) => Promise<number | readonly number[] | 'pruned'> {
  const { search, studyName, engine, parent } = options;
  const objectives = objectivesOf(search.objective);
  const all = scoredRows(options);
  return (trial) =>
    trackedRun(options, trialRun(studyName, trial, engine, parent), async (run) => {
      if (run !== undefined) trial.setAttribute('run', run.id);
      const recipe = recipeOfTrial(trial.values, options.base);
      const sums = objectives.map(() => 0);
      try {
        for (let execution = 0; execution < search.executions; execution++) {
          const scores: number[] = [];
          for (const rows of all)
            scores.push(...(await scoreOnce(options, rows, recipe, trial, execution, run)));
          scores.forEach((score, i) => (sums[i] += score));
        }
      } catch (error) {
        if (!(error instanceof Pruned)) throw error;
        run?.setTags({ 'stm.pruned': 'stopped early by the pruner' });
        return 'pruned';
      }
      const values = sums.map((sum) => sum / search.executions);
      if (objectives[1]?.name === 'weights') values[1] = await weightsOf(recipe, all[0]!.data);
      run?.logMetrics(Object.fromEntries(objectives.map(({ name }, i) => [name, values[i]!])));
      return values.length === 1 ? values[0]! : values;
    });
}

/** Trained numbers of a recipe's model. */
async function weightsOf({ model, ensemble, ...recipe }: TrialRecipe, data: TrialData): Promise<number> {
  const { train } = await data.part({ ...recipe, model, ensemble }, 0);
  const { columns: inputs } = train;
  const classes = data.classes.length;
  if (model.kind === 'logistic') return (inputs + 1) * classes;
  if (model.kind !== 'mlp')
    throw inputError(`weights: those of family ${model.kind} cannot be compared with a network's`);
  const { family, hidden, attention } = model;
  return (
    ensemble *
    countParameters({ family, hidden, inputs, classes, ...(attention === undefined ? {} : { attention }) })
  );
}

async function scoreOnce(
  options: TrialObjectiveOptions,
  { data, over, metrics }: ScoredRows,
  recipe: TrialRecipe,
  trial: Trial,
  execution: number,
  run: Run | undefined,
): Promise<readonly number[]> {
  const { search } = options;
  const seed = deriveSeed(search.seed, 'trial', trial.number, 'execution', execution);
  // Trials are compared at the same step of their first execution.
  const report = (step: number, value: number): void => {
    if (execution > 0 || (search.pruner ?? 'none') === 'none' || !Number.isFinite(value)) return;
    trial.report(step, value);
    if (trial.shouldPrune()) throw new Pruned();
  };
  if (over === 'validation' && recipe.model.kind === 'mlp' && recipe.ensemble === 1) {
    const { train, test } = await data.part(recipe, 0);
    return bestEpoch(
      options,
      recipe,
      { train, test },
      { trial, execution, seed, run, report, metrics, classes: data.classes.length },
    );
  }
  const { engine, signal } = options;
  const { model, ensemble } = recipe;
  const classes = data.classes.length;
  const labels: Int32Array[] = [];
  const probabilities: Float32Array[] = [];
  let scores = metrics.map(() => NaN);
  for (let fold = 0; fold < data.parts; fold++) {
    const reduced = await data.part(recipe, fold);
    labels.push(reduced.test.y);
    probabilities.push(
      await fitReducedFold(
        { engine, signal, model, ensemble, classes: data.classes },
        { fold, seed },
        reduced,
      ),
    );
    const known = Int32Array.from(labels.flatMap((own) => [...own]));
    scores = metrics.map((metric) => metricOf(metric).metric(known, concatenate(probabilities), classes));
    report(fold, scores[0]!);
  }
  const bad = scores.findIndex(Number.isNaN);
  if (bad >= 0) throw divergedError(`${metrics[bad]} of trial ${trial.number} is not a number`);
  return scores;
}

/** Trains a network and returns the metrics on the validation rows of the epoch at which the first is best. */
async function bestEpoch(
  { engine, search, signal }: TrialObjectiveOptions,
  recipe: TrialRecipe,
  { train, test }: ReducedFold,
  {
    trial,
    execution,
    seed,
    run,
    report,
    metrics,
    classes,
  }: {
    readonly trial: Trial;
    readonly execution: number;
    readonly seed: number;
    readonly run: Run | undefined;
    readonly report: (step: number, value: number) => void;
    readonly metrics: readonly ObjectiveMetric[];
    readonly classes: number;
  },
): Promise<readonly number[]> {
  const name = metrics[0]!;
  const { direction } = metricOf(name);
  const model = recipe.model as Extract<TrialRecipe['model'], { kind: 'mlp' }>;
  const suffix = search.executions === 1 ? '' : `/execution${execution + 1}`;
  const result = await fitMlp(engine, {
    spec: {
      family: model.family,
      hidden: model.hidden,
      inputs: train.columns,
      classes,
      ...(model.attention === undefined || train.excerpts === undefined
        ? {}
        : { attention: model.attention }),
    },
    train,
    validation: test,
    options: { ...model.fit, seed },
    metrics: Object.fromEntries(metrics.map((one) => [one, metricOf(one).metric])),
    onEpoch: (record) => {
      const values = Object.entries(epochMetrics(record)).map(([key, value]) => [`${key}${suffix}`, value]);
      run?.logMetrics(Object.fromEntries(values) as Record<string, number>, record.epoch - 1);
      report(record.epoch - 1, record.validation?.[name] ?? NaN);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const { history } = converged(result);
  const sign = direction === 'maximize' ? 1 : -1;
  const best = argMax(history.map((record) => sign * (record.validation?.[name] ?? NaN)));
  if (best < 0) throw divergedError(`${name} of trial ${trial.number} is not a number in any epoch`);
  return metrics.map((one) => history[best]!.validation![one]!);
}
