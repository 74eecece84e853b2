import { inputError } from 'research-basics/errors';

/** How the excerpts of a recording become one row: see `poolExcerpts`. */
export type ExcerptPooling = 'mean' | 'statistics' | 'unbiased';

/**
 * One row per recording from the rows of its excerpts.
 *
 * - `mean`: the plain mean over excerpts of their features (the published features are another mean: of the
 *   modulation spectra, before logarithm and scaling).
 * - `statistics`: the mean, followed by the standard deviation over the excerpts (divided by their number, so
 *   that a recording of one excerpt has zeros): twice as many columns. As in x-vectors (Snyder et al. 2018).
 * - `unbiased`: each excerpt's levels, less their mean and divided by their standard deviation over its cells, then the mean
 *   over excerpts. Its expectation is the same for any number of excerpts. That of the published features is not: they are
 *   the logarithm of a mean, scaled by its range, and both depend on how many spectra were averaged. Unlike `mean` it does
 *   not hang on the smallest and largest cell of an excerpt, which chance decides.
 *
 * @param excerpts row-major float32, sum of `counts` x columns, recording after recording.
 * @param counts number of excerpts of each recording, 1 or more.
 * @returns row-major float32, recordings x columns (or 2 x columns); sums are in float64.
 * @throws UserError (`input`) when the sizes disagree or a recording has no excerpt.
 */
export function poolExcerpts(
  excerpts: Float32Array,
  columns: number,
  counts: Int32Array,
  pooling: ExcerptPooling,
): Float32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (excerpts.length !== total * columns)
    throw inputError(`excerpts: ${excerpts.length} values are not ${total} rows of ${columns}`);
  const empty = counts.findIndex((count) => count < 1);
  if (empty >= 0) throw inputError(`excerpts: recording ${empty} has none; leave it out`);
  const width = pooling === 'statistics' ? 2 * columns : columns;
  const values = pooling === 'unbiased' ? standardisedRows(excerpts, columns) : excerpts;
  const pooled = new Float32Array(counts.length * width);
  const mean = new Float64Array(columns);
  const square = new Float64Array(columns);
  let first = 0;
  counts.forEach((count, row) => {
    mean.fill(0);
    for (let at = first * columns, e = 0; e < count; e++)
      for (let j = 0; j < columns; j++) mean[j]! += values[at++]! / count;
    pooled.set(mean, row * width);
    if (pooling === 'statistics') {
      square.fill(0);
      for (let at = first * columns, e = 0; e < count; e++)
        for (let j = 0; j < columns; j++) square[j]! += (values[at++]! - mean[j]!) ** 2 / count;
      pooled.set(square.map(Math.sqrt), row * width + columns);
    }
    first += count;
  });
  return pooled;
}

/** Each row less its mean and divided by its standard deviation; a row of equal values gives zeros. */
function standardisedRows(rows: Float32Array, columns: number): Float32Array {
  const result = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += columns) {
    const row = rows.subarray(start, start + columns);
    const mean = row.reduce((sum, value) => sum + value, 0) / columns;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let j = 0; j < columns; j++) result[start + j] = (row[j]! - mean) * scale;
  }
  return result;
}
