/**
 * Lower Cholesky factor of a symmetric positive definite n x n matrix (row-major, lower half read),
 * in place; the upper half is left as it was.
 *
 * @returns false when the matrix is not positive definite.
 */
export function choleskyInPlace(a: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    const rowJ = j * n;
    let diagonal = a[rowJ + j]!;
    for (let k = 0; k < j; k++) diagonal -= a[rowJ + k]! * a[rowJ + k]!;
    if (!(diagonal > 0)) return false;
    const root = Math.sqrt(diagonal);
    a[rowJ + j] = root;
    const inverse = 1 / root;
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n;
      let sum = a[rowI + j]!;
      for (let k = 0; k < j; k++) sum -= a[rowI + k]! * a[rowJ + k]!;
      a[rowI + j] = sum * inverse;
    }
  }
  return true;
}

/** Solves L x = b in place of b, for a lower factor L (row-major n x n). */
export function solveLower(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= l[row + k]! * b[k]!;
    b[i] = sum / l[row + i]!;
  }
  return b;
}

/** Solves L^T x = b in place of b, for a lower factor L (row-major n x n). */
export function solveLowerTransposed(l: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    const value = b[i]! / l[i * n + i]!;
    b[i] = value;
    const row = i * n;
    for (let k = 0; k < i; k++) b[k] = b[k]! - value * l[row + k]!;
  }
  return b;
}

/** Inverse of a lower factor, row-major, zeros above the diagonal. */
export function invertLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const rowI = i * n;
    const scale = 1 / l[rowI + i]!;
    for (let k = 0; k < i; k++) {
      const factor = l[rowI + k]! * scale;
      if (factor === 0) continue;
      const rowK = k * n;
      for (let j = 0; j <= k; j++) inverse[rowI + j] = inverse[rowI + j]! - factor * inverse[rowK + j]!;
    }
    inverse[rowI + i] = scale;
  }
  return inverse;
}

/**
 * Solves A x = b (A row-major n x n, any regular matrix; both are overwritten) by elimination with
 * partial pivoting; the solution is in `b`.
 *
 * @returns false when A is singular.
 */
export function solveGeneral(a: Float64Array, n: number, b: Float64Array): boolean {
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(a[i * n + column]!) > Math.abs(a[pivot * n + column]!)) pivot = i;
    }
    const top = a[pivot * n + column]!;
    if (top === 0 || !Number.isFinite(top)) return false;
    if (pivot !== column) {
      for (let k = column; k < n; k++) {
        const held = a[column * n + k]!;
        a[column * n + k] = a[pivot * n + k]!;
        a[pivot * n + k] = held;
      }
      const held = b[column]!;
      b[column] = b[pivot]!;
      b[pivot] = held;
    }
    for (let i = column + 1; i < n; i++) {
      const factor = a[i * n + column]! / top;
      if (factor === 0) continue;
      for (let k = column + 1; k < n; k++) a[i * n + k] = a[i * n + k]! - factor * a[column * n + k]!;
      b[i] = b[i]! - factor * b[column]!;
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let k = i + 1; k < n; k++) sum -= a[i * n + k]! * b[k]!;
    b[i] = sum / a[i * n + i]!;
  }
  return true;
}
