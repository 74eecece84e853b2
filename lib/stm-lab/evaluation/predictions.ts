import { divergedError, inputError } from 'research-basics/errors';
import { argMax } from 'research-basics/numerics/argMax';

/** Predicted class probabilities beside the true classes. */
export interface Predictions {
  /** True class of each row, 0 .. classes - 1. */
  readonly labels: Int32Array;
  /** Float32, rows x classes, row-major, each 0 .. 1. */
  readonly probabilities: Float32Array;
  readonly classes: number;
}

/**
 * The predictions themselves, when metrics can be computed from them.
 *
 * @throws UserError (`input`) for sizes that disagree, a label out of range, a probability that is not in [0, 1].
 */
export function checkPredictions<P extends Predictions>(predictions: P): P {
  const { labels, probabilities, classes } = predictions;
  if (labels.length === 0) throw inputError('evaluation: there are no rows');
  if (!Number.isInteger(classes) || classes < 2)
    throw inputError(`evaluation: ${classes} classes; two or more are needed`);
  if (probabilities.length !== labels.length * classes)
    throw inputError(
      `evaluation: ${probabilities.length} probabilities are not ${labels.length} rows of ${classes} classes`,
    );
  const label = labels.findIndex((value) => value < 0 || value >= classes);
  if (label >= 0)
    throw inputError(`evaluation: row ${label} has class ${labels[label]}; classes are 0 to ${classes - 1}`);
  const wrong = probabilities.findIndex((p) => !(p >= 0 && p <= 1));
  if (wrong >= 0)
    throw inputError(
      `evaluation: row ${Math.floor(wrong / classes)}, class ${wrong % classes} has probability ${probabilities[wrong]}; it must lie in [0, 1]`,
    );
  return predictions;
}

/**
 * Most probable class of each row; of equal ones the first.
 *
 * @param probabilities rows x classes, row-major.
 * @throws UserError (`diverged`) naming the first row without any number.
 */
export function mostProbable(probabilities: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / classes }, (_, row) => {
    const best = argMax(probabilities, row * classes, classes);
    if (best < 0)
      throw divergedError(
        `predictions: no probability of row ${row} is a number; the network that made them has diverged`,
      );
    return best;
  });
}

/** Mean of the numbers that are not NaN; NaN when all are. */
export function meanDefined(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    sum += values[i]!;
    count++;
  }
  return count === 0 ? NaN : sum / count;
}

/** Standard deviation (divided by n - 1); NaN for fewer than two values. */
export function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
