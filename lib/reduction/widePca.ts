import type { PcaInput } from './pca';
import { standardise } from './standardiser';

/** Eigenvalues below this share of the largest are rounding, not structure. */
const NOTHING = 1e-12;

/**
 * Exact PCA of fewer rows than columns, by the rows x rows inner products instead of the columns x columns
 * covariance: the same components up to rounding, at (rows / columns)^3 of the cost. All centred rows are
 * held as float64 at once.
 *
 * @returns count, vectors and eigenvalues of the scatter matrix, before the sign rule.
 */
export function wideEigenpairs(input: PcaInput): {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
  readonly mean: Float64Array;
  readonly total: number;
} {
  const { features, rows, standardiser, components, algebra, onProgress } = input;
  const { columns } = features;
  const n = rows.length;
  const standardised = standardise(standardiser, features.readRowList(rows));
  const mean = new Float64Array(columns);
  for (let at = 0; at < standardised.length;)
    for (let c = 0; c < columns; c++) mean[c]! += standardised[at++]!;
  for (let c = 0; c < columns; c++) mean[c]! /= n;

  // Transposed: columns x rows, so that the sum over blocks of "rows" is the matrix of inner products.
  const centred = new Float64Array(columns * n);
  let total = 0;
  for (let row = 0; row < n; row++)
    for (let c = 0; c < columns; c++) {
      const value = standardised[row * columns + c]! - mean[c]!;
      centred[c * n + row] = value;
      total += value * value;
    }
  const gram = algebra.gram(n);
  gram.add(centred, columns);
  onProgress?.(0.3);
  const { values, vectors: weights } = algebra.eigen(gram.finish(), n);
  onProgress?.(0.7);
  const projector = algebra.projector(centred, columns, n);
  const vectors = projector.apply(weights.subarray(0, components * n), components);
  projector.free();
  for (let k = 0; k < components; k++) {
    const vector = vectors.subarray(k * columns, (k + 1) * columns);
    if (values[k]! > NOTHING * values[0]!) scaleToUnit(vector);
    else completeBasis(vectors, k, columns);
  }
  onProgress?.(1);
  return { values, vectors, mean, total };
}

function scaleToUnit(vector: Float64Array): number {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  return length;
}

/** Vector k of no variance: a unit vector at right angles to all before it. */
function completeBasis(vectors: Float64Array, k: number, columns: number): void {
  const vector = vectors.subarray(k * columns, (k + 1) * columns);
  for (let axis = 0; axis < columns; axis++) {
    vector.fill(0);
    vector[axis] = 1;
    for (let j = 0; j < k; j++) {
      const other = vectors.subarray(j * columns, (j + 1) * columns);
      const along = other[axis]!;
      for (let c = 0; c < columns; c++) vector[c]! -= along * other[c]!;
    }
    if (scaleToUnit(vector) > 0.5) return;
  }
}

/** Whether the rows x rows route applies. */
export function isWide(input: Pick<PcaInput, 'features' | 'rows'>): boolean {
  return input.rows.length < input.features.columns;
}
