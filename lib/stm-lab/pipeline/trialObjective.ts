import { divergedError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { argMax, kerasMacroF1, kerasMicroAuc } from '../evaluation';
import { converged, fitMlp, type EpochMetric } from '../models';
import type { Trial } from 'bayesian-optimizer';
import type { Run, RunReference, Tracker } from 'mlflow-tracking-client';
import { flattenParameters, trackedRun, type TrackedRunRequest } from '../stages/context';
import type { RunDataset } from '../stages/dataset';
import type { Experiment } from './experiment';
import { modelOfTrial } from './hyperparameters';
import type { RoleData } from './roleData';
import { epochMetrics, macroF1Metric } from './train';

/** What the trials of one search share. */
export interface TrialObjectiveOptions {
  readonly engine: Engine;
  readonly data: Pick<RoleData, 'classes' | 'columns' | 'role'>;
  readonly search: Experiment['search'];
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
  { number, values }: Pick<Trial, 'number' | 'values'>,
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

const microRocAuc: EpochMetric = (labels, probabilities, classes) =>
  kerasMicroAuc({ labels, probabilities, classes }).roc;

/** As the published code: Keras' F1Score, where ties count as several predictions and classes without rows as 0. */
const kerasF1Metric: EpochMetric = (labels, probabilities, classes) =>
  kerasMacroF1({ labels, probabilities, classes }, 'argmax');

const OBJECTIVES = { macroF1: macroF1Metric, kerasMacroF1: kerasF1Metric, microRocAuc } as const;

/**
 * The objective of a search: trains the trial's network `executions` times on the training rows and
 * returns the mean of each training's best epoch on the validation rows. Seeds come from the search's
 * seed and the trial's number, so a trial that is started again gives the same value.
 */
export function createTrialObjective(options: TrialObjectiveOptions): (trial: Trial) => Promise<number> {
  const { data, search } = options;
  const rows = { train: data.role('train'), validation: data.role('validation') };
  return (trial) =>
    trackedRun(options, trialRun(options.studyName, trial, options.engine, options.parent), async (run) => {
      let sum = 0;
      for (let execution = 0; execution < search.executions; execution++) {
        sum += await trainOnce(options, rows, trial, execution, run);
      }
      const score = sum / search.executions;
      run?.logMetrics({ [search.objective]: score });
      return score;
    });
}

async function trainOnce(
  options: TrialObjectiveOptions,
  rows: { readonly train: ReturnType<RoleData['role']>; readonly validation: ReturnType<RoleData['role']> },
  trial: Trial,
  execution: number,
  run: Run | undefined,
): Promise<number> {
  const { engine, data, search } = options;
  const model = modelOfTrial(trial.values, search.family, search.fit);
  const suffix = search.executions === 1 ? '' : `/execution${execution + 1}`;
  const result = await fitMlp(engine, {
    spec: { family: model.family, hidden: model.hidden, inputs: data.columns, classes: data.classes.length },
    ...rows,
    options: { ...model.fit, seed: deriveSeed(search.seed, 'trial', trial.number, 'execution', execution) },
    metrics: { [search.objective]: OBJECTIVES[search.objective] },
    onEpoch: (record) => {
      const metrics = Object.entries(epochMetrics(record)).map(([name, value]) => [
        `${name}${suffix}`,
        value,
      ]);
      run?.logMetrics(Object.fromEntries(metrics) as Record<string, number>, record.epoch - 1);
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { history } = converged(result);
  const scores = history.map((record) => record.validation?.[search.objective] ?? NaN);
  const best = argMax(scores);
  if (best < 0)
    throw divergedError(`${search.objective} of trial ${trial.number} is not a number in any epoch`);
  return scores[best]!;
}
