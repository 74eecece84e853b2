/** A linear classifier: class scores W x + b, from which probabilities follow by softmax. */
export interface LinearModel {
  readonly kind: 'logistic' | 'discriminant';
  readonly columns: number;
  readonly classes: number;
  /** Float64, classes x (columns + 1), row-major; the last of each row is the intercept. */
  readonly weights: Float64Array;
}

/**
 * Log-probabilities of classes.
 *
 * @param x float32, rows x columns.
 * @returns float64, rows x classes; the exponentials of each row sum to 1.
 */
export function linearLogProbabilities(
  { columns, classes, weights }: LinearModel,
  x: Float32Array,
  rows: number,
): Float64Array {
  const result = new Float64Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < classes; c++) {
      const base = c * (columns + 1);
      let sum = weights[base + columns]!;
      for (let j = 0; j < columns; j++) sum += weights[base + j]! * x[r * columns + j]!;
      result[r * classes + c] = sum;
    }
    subtractLogSum(result, r * classes, classes);
  }
  return result;
}

/** Subtracts from `count` values the logarithm of their exponentials' sum, in place. */
export function subtractLogSum(values: Float64Array, start: number, count: number): void {
  let top = -Infinity;
  for (let c = 0; c < count; c++) top = Math.max(top, values[start + c]!);
  let sum = 0;
  for (let c = 0; c < count; c++) sum += Math.exp(values[start + c]! - top);
  const log = top + Math.log(sum);
  for (let c = 0; c < count; c++) values[start + c]! -= log;
}
