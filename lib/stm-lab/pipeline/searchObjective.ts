import {
  calibration,
  argmaxScores,
  confusionMatrix,
  exactAreas,
  kerasMacroF1,
  kerasMicroAuc,
  macroF1,
  type Predictions,
} from '../evaluation';
import { trialsByObjective, type Study, type TrialRecord } from 'bayesian-optimizer';
import type { EpochMetric } from '../models';

const of =
  (score: (predictions: Predictions) => number): EpochMetric =>
  (labels, probabilities, classes) =>
    score({ labels, probabilities, classes });
const highest = (title: string, score: (predictions: Predictions) => number) =>
  ({ title, direction: 'maximize', metric: of(score) }) as const;
const lowest = (title: string, score: (predictions: Predictions) => number) =>
  ({ title, direction: 'minimize', metric: of(score) }) as const;

/** What a search can make best. `kerasMacroF1` and `microRocAuc` are the published code's, as Keras computes them. */
const METRICS = {
  macroF1: highest('macro-F1', macroF1),
  accuracy: highest('accuracy', (predictions) => argmaxScores(confusionMatrix(predictions)).accuracy),
  uar: highest('UAR', (predictions) => argmaxScores(confusionMatrix(predictions)).uar),
  kerasMacroF1: highest('macro-F1 (Keras)', (predictions) => kerasMacroF1(predictions, 'argmax')),
  microRocAuc: highest('ROC-AUC (micro)', (predictions) => kerasMicroAuc(predictions).roc),
  macroRocAuc: highest('ROC-AUC (macro)', (predictions) => exactAreas(predictions).macro.roc),
  logLoss: lowest('log loss', (predictions) => calibration(predictions).logLoss),
  ece: lowest('calibration error', (predictions) => calibration(predictions).ece),
};

/** Name of a metric that a search can make best. */
export type ObjectiveMetric = keyof typeof METRICS;

/** What a search makes best, and on which rows. */
export interface ObjectiveChoice {
  readonly metric: ObjectiveMetric;
  /**
   * `validation` (default): the validation rows, at a network's best epoch. `groups`, `collections`: all folds of a
   * cross-validation within the training rows, whose folds part no group or no collection; networks train to their last
   * epoch, so that nothing is chosen on the rows that score them.
   */
  readonly over?: 'validation' | 'groups' | 'collections';
  /** Folds of `groups` and `collections` at most; default 5. */
  readonly folds?: number;
}

/**
 * What a search makes best: a metric (which stands for the validation rows), a metric on named rows, or two objectives at
 * once, of which the second may be `weights`: as few trained numbers of a network or a logistic regression as possible.
 */
export type ObjectiveSetting =
  | ObjectiveMetric
  | ObjectiveChoice
  | readonly [ObjectiveMetric | ObjectiveChoice, ObjectiveMetric | ObjectiveChoice | 'weights'];

/** A scored objective with its defaults filled in. */
export type ResolvedObjective = Required<ObjectiveChoice>;

const resolved = (objective: ObjectiveMetric | ObjectiveChoice): ResolvedObjective => ({
  over: 'validation',
  folds: 5,
  ...(typeof objective === 'string' ? { metric: objective } : objective),
});

/** One objective of a search. */
export interface SearchObjective {
  /** In tables and MLflow: the metric, and its rows where both objectives have the same metric. */
  readonly name: string;
  /** In a few words, such as "Validation macro-F1". */
  readonly title: string;
  readonly direction: 'maximize' | 'minimize';
  /** Absent for `weights`, which needs no rows. */
  readonly scored?: ResolvedObjective;
}

/** The objectives of a search, one or two. */
export function objectivesOf(setting: ObjectiveSetting): readonly SearchObjective[] {
  const list = isPair(setting) ? setting : [setting];
  const objectives = list.map((one) => (one === 'weights' ? one : resolved(one)));
  const metrics = objectives.map((one) => (one === 'weights' ? one : one.metric));
  const same = metrics.length === 2 && metrics[0] === metrics[1];
  return objectives.map((scored) =>
    scored === 'weights'
      ? { name: scored, title: 'Number of weights', direction: 'minimize' }
      : {
          name: same ? `${scored.metric}-${scored.over}` : scored.metric,
          title: titleOf(scored),
          direction: METRICS[scored.metric].direction,
          scored,
        },
  );
}

const isPair = (setting: ObjectiveSetting): setting is Extract<ObjectiveSetting, readonly unknown[]> =>
  Array.isArray(setting);

/** The first objective of a search. */
export function objectiveOf(setting: ObjectiveSetting): ResolvedObjective {
  return resolved(isPair(setting) ? setting[0] : setting);
}

/** Computation of a metric, and which way is better. */
export function metricOf(metric: ObjectiveMetric): {
  readonly direction: 'maximize' | 'minimize';
  readonly metric: EpochMetric;
} {
  return METRICS[metric];
}

const titleOf = ({ metric, over, folds }: ResolvedObjective): string =>
  over === 'validation'
    ? `Validation ${METRICS[metric].title}`
    : `${METRICS[metric].title}, ${folds} folds by ${over.slice(0, -1)}`;

/** Trials whose value is the first objective, also where there are two. */
export const trialsOf = (study: Study): TrialRecord[] => trialsByObjective(study.trials(), 0);

/** The Pareto front of a search of two objectives, the best in the first objective first. */
export function sortedFront(study: Study): TrialRecord[] {
  const sign = study.direction === 'maximize' ? -1 : 1;
  return study.paretoFront().sort((a, b) => sign * (a.objectives[0]! - b.objectives[0]!));
}

/** The best trial; of two objectives, the one on the Pareto front that is best in the first. */
export function bestTrial(study: Study): TrialRecord | undefined {
  if (study.directions.length === 1) return study.best();
  return trialsByObjective(sortedFront(study).slice(0, 1), 0)[0];
}
