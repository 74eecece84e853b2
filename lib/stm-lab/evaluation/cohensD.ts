import { inputError } from 'research-basics/errors';

/** Settings of `cohensD`. */
export interface CohensDOptions {
  /**
   * `pooled` (default): d = (m1 - m2) / s, s² = ((n1-1) s1² + (n2-1) s2²) / (n1 + n2 - 2).
   * `published`: as the paper's code computes it, with the first group's deviation standing for both, so
   * d = (m1 - m2) / s1; swapping the groups then changes |d|.
   */
  readonly deviation?: 'pooled' | 'published';
}

function moments(
  data: ArrayLike<number>,
  rows: ArrayLike<number>,
  columns: number,
): { mean: Float64Array; squares: Float64Array } {
  // Welford: features of a million rows lose no digits
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i] * columns;
    for (let j = 0; j < columns; j++) {
      const delta = data[start + j] - mean[j];
      mean[j] += delta / (i + 1);
      squares[j] += delta * (data[start + j] - mean[j]);
    }
  }
  return { mean, squares };
}

/**
 * Cohen's d of every feature between two groups of recordings: the difference of the means in standard
 * deviations. Deviations divide by n - 1.
 *
 * @param data feature matrix, row-major, one row per recording.
 * @param columns features per row.
 * @param first row numbers of the first group, at least 2.
 * @param second row numbers of the second group, at least 2.
 * @returns one value per feature, positive where the first group is larger; NaN where no feature varies
 *   (the deviation is 0), e.g. the constant cell at rate 0 and scale 0.
 * @throws UserError (`input`) when a group has fewer than 2 rows or names a row outside the matrix.
 *
 * Source: Cohen 1988, eq. 2.5.1-2.5.2; arXiv 2505.23509, effect-size figure.
 */
export function cohensD(
  data: ArrayLike<number>,
  columns: number,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: CohensDOptions = {},
): Float64Array {
  const total = data.length / columns;
  if (!Number.isInteger(total)) throw inputError(`${data.length} values are not rows of ${columns} features`);
  for (const [name, rows] of [
    ['first', first],
    ['second', second],
  ] as const) {
    if (rows.length < 2)
      throw inputError(`Cohen's d: the ${name} group has ${rows.length} recordings; give at least 2`);
    for (let i = 0; i < rows.length; i++) {
      if (!(Number.isInteger(rows[i]) && rows[i] >= 0 && rows[i] < total)) {
        throw inputError(`Cohen's d: row ${rows[i]} of the ${name} group is not among the ${total} rows`);
      }
    }
  }
  const one = moments(data, first, columns);
  const two = moments(data, second, columns);
  const published = options.deviation === 'published';
  return Float64Array.from({ length: columns }, (_, j) => {
    const variance = published
      ? one.squares[j] / (first.length - 1)
      : (one.squares[j] + two.squares[j]) / (first.length + second.length - 2);
    return variance > 0 ? (one.mean[j] - two.mean[j]) / Math.sqrt(variance) : NaN;
  });
}
