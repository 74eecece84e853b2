import { inputError } from 'research-basics/errors';
import { choleskyInPlace, solveLower, solveLowerTransposed } from 'research-basics/numerics/linearSystem';
import { checkRows, eachVectorBlock, type StreamedRows } from '../data';
import type { LinearModel } from './linear';

/** Options of the linear discriminant analysis. */
export interface DiscriminantOptions {
  /** Share of the covariance that is replaced by its mean variance on the diagonal, above 0 to 1. Default 0.5. */
  readonly shrinkage?: number;
}

/** Score of a class that has no training rows: its probability is 0. */
const ABSENT = -1e4;

/**
 * Linear discriminant analysis with equal priors: normal classes around their means with one covariance, the mean of
 * the classes' own, drawn towards a multiple of the identity (Friedman 1989).
 *
 * @param train rows in memory, or of a source.
 * @param rowWeights weight of each row, 0 or more; default 1.
 * @throws UserError (`input`) for a shrinkage out of range, or rows that do not vary at all.
 */
export function fitDiscriminant(
  train: StreamedRows,
  classes: number,
  { shrinkage = 0.5 }: DiscriminantOptions = {},
  rowWeights?: Float64Array,
): LinearModel {
  if (!(shrinkage > 0 && shrinkage <= 1))
    throw inputError(`linear discriminant: shrinkage ${shrinkage} must be above 0 and at most 1`);
  checkRows(train, train.columns, classes, 'training rows');
  const { y, rows, columns } = train;
  const weightOf = (row: number): number => rowWeights?.[row] ?? 1;
  const total = new Float64Array(classes);
  const means = new Float64Array(classes * columns);
  for (let r = 0; r < rows; r++) total[y[r]!]! += weightOf(r);
  const present = total.filter((weight) => weight > 0).length;
  eachVectorBlock(train, (x, first) => {
    for (let start = 0, r = first; start < x.length; start += columns, r++) {
      const share = weightOf(r) / (total[y[r]!]! || 1);
      for (let j = 0; j < columns; j++) means[y[r]! * columns + j]! += share * x[start + j]!;
    }
  });
  const covariance = new Float64Array(columns * columns);
  const deviation = new Float64Array(columns);
  eachVectorBlock(train, (x, first) => {
    for (let start = 0, r = first; start < x.length; start += columns, r++) {
      const share = weightOf(r) / ((total[y[r]!]! || 1) * present);
      for (let j = 0; j < columns; j++) deviation[j] = x[start + j]! - means[y[r]! * columns + j]!;
      for (let j = 0; j < columns; j++) {
        const product = share * deviation[j]!;
        for (let k = 0; k <= j; k++) covariance[j * columns + k]! += product * deviation[k]!;
      }
    }
  });
  let variance = 0;
  for (let j = 0; j < columns; j++) variance += covariance[j * columns + j]! / columns;
  for (let i = 0; i < covariance.length; i++) covariance[i]! *= 1 - shrinkage;
  for (let j = 0; j < columns; j++) covariance[j * columns + j]! += shrinkage * variance;
  if (!choleskyInPlace(covariance, columns))
    throw inputError('linear discriminant: the training rows of each class are all the same');
  const stride = columns + 1;
  const weights = new Float64Array(classes * stride);
  for (let c = 0; c < classes; c++) {
    if (total[c] === 0) {
      weights[c * stride + columns] = ABSENT;
      continue;
    }
    const mean = means.subarray(c * columns, (c + 1) * columns);
    const slope = solveLowerTransposed(covariance, columns, solveLower(covariance, columns, mean.slice()));
    weights.set(slope, c * stride);
    weights[c * stride + columns] = -slope.reduce((sum, value, j) => sum + value * mean[j]!, 0) / 2;
  }
  return { kind: 'discriminant', columns, classes, weights };
}
