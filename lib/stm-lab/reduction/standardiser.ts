import { checkFinite, type RowName } from '../base/finiteRows';
import { eachBlock, type FeatureSource } from './source';

/** Column means and scales of training rows. */
export interface Standardiser {
  /** float64 [columns]. */
  readonly mean: Float64Array;
  /** float64 [columns]; 1 for a column that does not vary. */
  readonly scale: Float64Array;
  /** Population variance, float64 [columns]. */
  readonly variance: Float64Array;
  /** Rows it was fitted on. */
  readonly rows: number;
}

const BLOCK_ROWS = 1024;

/**
 * Fits mean and standard deviation of each column with float64 sums in row order: a corrected two-pass
 * variance (population, divided by n), and scale 1 where the variance is within its own rounding error
 * of zero, so that a constant column becomes 0 instead of noise.
 *
 * Equal to scikit-learn's `StandardScaler` on float32 input.
 *
 * @throws UserError (`input`) for a value that is not finite, naming row and column.
 */
export function fitStandardiser(features: FeatureSource, rows: Int32Array, nameOf?: RowName): Standardiser {
  const { columns } = features;
  const n = rows.length;
  const mean = new Float64Array(columns);
  eachBlock(features, rows, BLOCK_ROWS, (block, count, first) => {
    checkFinite(block, columns, features.source, (i) => rows[first + i]!, { nameOf });
    for (let r = 0, at = 0; r < count; r++) for (let c = 0; c < columns; c++) mean[c]! += block[at++]!;
  });
  for (let c = 0; c < columns; c++) mean[c]! /= n;

  const squares = new Float64Array(columns);
  const correction = new Float64Array(columns);
  eachBlock(features, rows, BLOCK_ROWS, (block, count) => {
    for (let r = 0, at = 0; r < count; r++)
      for (let c = 0; c < columns; c++) {
        const d = block[at++]! - mean[c]!;
        correction[c]! += d;
        squares[c]! += d * d;
      }
  });
  const variance = new Float64Array(columns);
  const scale = new Float64Array(columns);
  for (let c = 0; c < columns; c++) {
    variance[c] = (squares[c]! - (correction[c]! * correction[c]!) / n) / n;
    const rounding = n * Number.EPSILON * variance[c]! + (n * mean[c]! * Number.EPSILON) ** 2;
    scale[c] = variance[c]! <= rounding ? 1 : Math.sqrt(variance[c]!);
  }
  return { mean, scale, variance, rows: n };
}

/**
 * Standardises rows in place: subtracts the mean, rounds to float32, divides by the scale, rounds again
 * (scikit-learn's two roundings on float32 input).
 */
export function standardise({ mean, scale }: Standardiser, block: Float32Array): Float32Array {
  const columns = mean.length;
  for (let at = 0; at < block.length;)
    for (let c = 0; c < columns; c++, at++) block[at] = Math.fround(block[at]! - mean[c]!) / scale[c]!;
  return block;
}
