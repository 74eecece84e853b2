import { inputError } from 'research-basics/errors';

/** What adaptive score normalisation compares with. */
export interface ScoreNormOptions {
  /** Cohort members that each side is compared with: those nearest to it. Default 400, or all if fewer. */
  readonly nearest?: number;
}

/** Rows of unit length (zero rows stay zero), double precision. */
export function unitRows(values: ArrayLike<number>, size: number): Float64Array {
  const unit = Float64Array.from(values);
  for (let from = 0; from < unit.length; from += size) {
    let squares = 0;
    for (let d = 0; d < size; d++) squares += unit[from + d]! ** 2;
    for (let d = 0; d < size; d++) unit[from + d]! /= Math.sqrt(squares) || 1;
  }
  return unit;
}

/** Cosine of row a of one set of unit rows and row b of another. */
export function rowCosine(
  first: Float64Array,
  a: number,
  second: Float64Array,
  b: number,
  size: number,
): number {
  let cosine = 0;
  for (let d = 0; d < size; d++) cosine += first[a * size + d]! * second[b * size + d]!;
  return cosine;
}

/** Recordings that are compared, and the speakers they are normalised with. */
export interface ScoreNormTask {
  /** rows x size. */
  readonly embeddings: ArrayLike<number>;
  /** speakers x size: of speakers that are not in the trials. */
  readonly cohort: ArrayLike<number>;
  readonly size: number;
  /** Two row numbers per trial. */
  readonly pairs: ArrayLike<number>;
  /** Cosine of each trial. */
  readonly scores: ArrayLike<number>;
}

/**
 * Adaptive symmetric score normalisation (s-norm, Matějka et al. 2017): each score is standardised by the
 * mean and deviation of either side's scores against its nearest cohort speakers, and the two are averaged.
 *
 * @throws UserError (`input`) for a cohort of fewer than two.
 */
export function normaliseScores(
  { embeddings, cohort, size, pairs, scores }: ScoreNormTask,
  { nearest = 400 }: ScoreNormOptions = {},
): Float32Array {
  const members = cohort.length / size;
  if (members < 2) throw inputError(`s-norm: a cohort of ${members} speakers; two or more are needed`);
  const [rows, others] = [unitRows(embeddings, size), unitRows(cohort, size)];
  const near = Math.max(2, Math.min(nearest, members));
  const statistics = Array.from({ length: rows.length / size }, (_, row) => {
    const best = Float64Array.from({ length: members }, (_m, m) => rowCosine(rows, row, others, m, size))
      .sort()
      .subarray(members - near);
    const mean = best.reduce((a, b) => a + b, 0) / near;
    const variance = best.reduce((sum, score) => sum + (score - mean) ** 2, 0) / near;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
  return Float32Array.from(scores, (score, trial) => {
    const [a, b] = [statistics[pairs[2 * trial]!]!, statistics[pairs[2 * trial + 1]!]!];
    return ((score - a.mean) / a.deviation + (score - b.mean) / b.deviation) / 2;
  });
}
