import type { Algebra } from './algebra';
import type { Eigenpairs } from './symmetricEigen';

/**
 * Squared singular values and right singular vectors of a matrix with fewer rows than columns, from the
 * eigenpairs of the small matrix A A^T: with few recordings this is far cheaper than columns x columns.
 *
 * Directions in which the rows do not vary beyond rounding have value 0 and are filled up with arbitrary
 * ones, orthogonal to all others.
 *
 * @param matrix row-major, rows x columns, rows < columns.
 * @returns `rows` eigenpairs, falling; vectors are rows x columns.
 */
export function rightSingularVectors(
  algebra: Algebra,
  matrix: Float64Array,
  rows: number,
  columns: number,
): Eigenpairs {
  const byRow = algebra.projector(matrix, rows, columns);
  const small = byRow.apply(matrix, rows);
  byRow.free();
  const { values, vectors: left } = algebra.eigen(small, rows);
  const byColumn = algebra.projector(transposed(matrix, rows, columns), columns, rows);
  const vectors = byColumn.apply(left, rows);
  byColumn.free();
  const least = rows * Number.EPSILON * Math.max(values[0]!, 0);
  for (let k = 0; k < rows; k++) {
    const vector = vectors.subarray(k * columns, (k + 1) * columns);
    if (values[k]! > least) {
      const length = Math.sqrt(dot(vector, vector));
      for (let c = 0; c < columns; c++) vector[c]! /= length;
    } else {
      values[k] = 0;
      fillOrthogonal(vectors, k, columns);
    }
  }
  return { values, vectors };
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(matrix.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = matrix[r * columns + c]!;
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Makes vector k a unit vector orthogonal to vectors 0 .. k - 1, from the axis they cover least. */
function fillOrthogonal(vectors: Float64Array, k: number, columns: number): void {
  const vector = vectors.subarray(k * columns, (k + 1) * columns);
  const covered = new Float64Array(columns);
  for (let at = 0; at < k * columns;) for (let c = 0; c < columns; c++) covered[c]! += vectors[at++]! ** 2;
  vector.fill(0)[covered.indexOf(Math.min(...covered))] = 1;
  // Twice, because once leaves rounding behind.
  for (let pass = 0; pass < 2; pass++) {
    for (let j = 0; j < k; j++) {
      const other = vectors.subarray(j * columns, (j + 1) * columns);
      const share = dot(vector, other);
      for (let c = 0; c < columns; c++) vector[c]! -= share * other[c]!;
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let c = 0; c < columns; c++) vector[c]! /= length;
  }
}
