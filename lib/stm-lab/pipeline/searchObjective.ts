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

/** An objective with its defaults filled in. */
export type ResolvedObjective = Required<ObjectiveChoice>;

/** The objective of a search; a metric's name stands for the validation rows. */
export function objectiveOf(objective: ObjectiveMetric | ObjectiveChoice): ResolvedObjective {
  return {
    over: 'validation',
    folds: 5,
    ...(typeof objective === 'string' ? { metric: objective } : objective),
  };
}

/** Direction and computation of a metric. */
export function metricOf(metric: ObjectiveMetric): {
  readonly title: string;
  readonly direction: 'maximize' | 'minimize';
  readonly metric: EpochMetric;
} {
  return METRICS[metric];
}

/** An objective in a few words, such as "Validation macro-F1". */
export function objectiveTitle(objective: ObjectiveMetric | ObjectiveChoice): string {
  const { metric, over, folds } = objectiveOf(objective);
  return over === 'validation'
    ? `Validation ${METRICS[metric].title}`
    : `${METRICS[metric].title}, ${folds} folds by ${over.slice(0, -1)}`;
}
