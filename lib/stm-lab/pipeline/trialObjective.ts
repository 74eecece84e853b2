import { divergedError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Trial, Values } from 'bayesian-optimizer';
import type { Run, RunReference, Tracker } from 'mlflow-tracking-client';
import type { Engine } from '../engine';
import { concatenate } from '../base/concatenate';
import { argMax } from '../evaluation';
import { converged, fitMlp } from '../models';
import { flattenParameters, trackedRun, type TrackedRunRequest } from '../stages/context';
import type { RunDataset } from '../stages/dataset';
import type { Experiment } from './experiment';
import { fitReducedFold, type ReducedFold } from './foldModel';
import { recipeOfTrial, type TrialBase, type TrialRecipe } from './hyperparameters';
import { metricOf, objectiveOf } from './searchObjective';
import { epochMetrics } from './train';
import type { TrialData } from './trialData';

/** What the trials of one search share. */
export interface TrialObjectiveOptions {
  readonly engine: Engine;
  readonly data: TrialData;
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

/**
 * The objective of a search: the mean over `executions` seeds of the metric on the rows that the objective names (see
 * `ObjectiveChoice`). Seeds come from the search's seed and the trial's number, so a trial that is started again gives
 * the same value. Reports for the pruner: epochs of a network on the validation rows, or folds.
 */
export function createTrialObjective(
  options: TrialObjectiveOptions,
): (trial: Trial) => Promise<number | 'pruned'> {
  const { search, studyName, engine, parent } = options;
  const { metric } = objectiveOf(search.objective);
  return (trial) =>
    trackedRun(options, trialRun(studyName, trial, engine, parent), async (run) => {
      if (run !== undefined) trial.setAttribute('run', run.id);
      const recipe = recipeOfTrial(trial.values, options.base);
      let sum = 0;
      try {
        for (let execution = 0; execution < search.executions; execution++)
          sum += await scoreOnce(options, recipe, trial, execution, run);
      } catch (error) {
        if (!(error instanceof Pruned)) throw error;
        run?.setTags({ 'stm.pruned': 'stopped early by the pruner' });
        return 'pruned';
      }
      const score = sum / search.executions;
      run?.logMetrics({ [metric]: score });
      return score;
    });
}

async function scoreOnce(
  options: TrialObjectiveOptions,
  recipe: TrialRecipe,
  trial: Trial,
  execution: number,
  run: Run | undefined,
): Promise<number> {
  const { data, search } = options;
  const { metric, over } = objectiveOf(search.objective);
  const seed = deriveSeed(search.seed, 'trial', trial.number, 'execution', execution);
  // Trials are compared at the same step of their first execution.
  const report = (step: number, value: number): void => {
    if (execution > 0 || (search.pruner ?? 'none') === 'none' || !Number.isFinite(value)) return;
    trial.report(step, value);
    if (trial.shouldPrune()) throw new Pruned();
  };
  if (over === 'validation' && recipe.model.kind === 'mlp' && recipe.ensemble === 1) {
    const { train, test } = await data.part(recipe, 0);
    return bestEpoch(options, recipe, { train, test }, { trial, execution, seed, run, report });
  }
  const { engine, signal } = options;
  const { model, ensemble } = recipe;
  const classes = data.classes.length;
  const labels: Int32Array[] = [];
  const probabilities: Float32Array[] = [];
  let score = NaN;
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
    score = metricOf(metric).metric(known, concatenate(probabilities), classes);
    report(fold, score);
  }
  if (Number.isNaN(score)) throw divergedError(`${metric} of trial ${trial.number} is not a number`);
  return score;
}

/** Trains a network and returns its best epoch's metric on the validation rows. */
async function bestEpoch(
  { engine, data, search, signal }: TrialObjectiveOptions,
  recipe: TrialRecipe,
  { train, test }: ReducedFold,
  {
    trial,
    execution,
    seed,
    run,
    report,
  }: {
    readonly trial: Trial;
    readonly execution: number;
    readonly seed: number;
    readonly run: Run | undefined;
    readonly report: (step: number, value: number) => void;
  },
): Promise<number> {
  const name = objectiveOf(search.objective).metric;
  const { metric, direction } = metricOf(name);
  const model = recipe.model as Extract<TrialRecipe['model'], { kind: 'mlp' }>;
  const suffix = search.executions === 1 ? '' : `/execution${execution + 1}`;
  const result = await fitMlp(engine, {
    spec: {
      family: model.family,
      hidden: model.hidden,
      inputs: train.columns,
      classes: data.classes.length,
      ...(model.attention === undefined || train.excerpts === undefined
        ? {}
        : { attention: model.attention }),
    },
    train,
    validation: test,
    options: { ...model.fit, seed },
    metrics: { [name]: metric },
    onEpoch: (record) => {
      const metrics = Object.entries(epochMetrics(record)).map(([key, value]) => [`${key}${suffix}`, value]);
      run?.logMetrics(Object.fromEntries(metrics) as Record<string, number>, record.epoch - 1);
      report(record.epoch - 1, record.validation?.[name] ?? NaN);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const { history } = converged(result);
  const sign = direction === 'maximize' ? 1 : -1;
  const best = argMax(history.map((record) => sign * (record.validation?.[name] ?? NaN)));
  if (best < 0) throw divergedError(`${name} of trial ${trial.number} is not a number in any epoch`);
  return history[best]!.validation![name]!;
}
