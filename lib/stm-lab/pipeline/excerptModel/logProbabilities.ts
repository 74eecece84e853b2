// Without Node modules, by whole paths: the page predicts with it, too.
import { atTemperature, boundedLog } from '../../evaluation/temperature';
import { linearLogProbabilities, type LinearModel } from '../../models/baselines/linear';

/**
 * Log-probabilities of single excerpts, averaged over linear models.
 *
 * @param x float32, excerpts x columns of the models.
 * @returns float64, excerpts x classes.
 */
export function excerptLogProbabilities(
  members: readonly LinearModel[],
  x: Float32Array,
  count: number,
  classes: number,
): Float64Array {
  const sum = new Float64Array(count * classes);
  for (const member of members)
    linearLogProbabilities(member, x, count).forEach((value, i) => (sum[i]! += value / members.length));
  const p = atTemperature(sum, classes, 1);
  return sum.map((_, i) => boundedLog(p[i]!));
}

/**
 * Mean of each recording's excerpts.
 *
 * @param starts where each recording's excerpts begin, and where the last end.
 * @param values excerpts x columns.
 * @returns float64, recordings x columns.
 */
export function averageOver(
  starts: Int32Array,
  values: Float32Array | Float64Array,
  columns: number,
): Float64Array {
  const rows = starts.length - 1;
  const means = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let v = starts[row]!; v < starts[row + 1]!; v++)
      for (let j = 0; j < columns; j++)
        means[row * columns + j]! += values[v * columns + j]! / (starts[row + 1]! - starts[row]!);
  return means;
}
