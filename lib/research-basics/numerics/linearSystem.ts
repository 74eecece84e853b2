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
    let i = j + 1;
    // Four rows at a time, so that their sums, each a chain of dependent additions, run side by side.
    for (; i + 3 < n; i += 4) {
      const row0 = i * n;
      const row1 = row0 + n;
      const row2 = row1 + n;
      const row3 = row2 + n;
      let sum0 = a[row0 + j]!;
      let sum1 = a[row1 + j]!;
      let sum2 = a[row2 + j]!;
      let sum3 = a[row3 + j]!;
      for (let k = 0; k < j; k++) {
        const f = a[rowJ + k]!;
        sum0 -= a[row0 + k]! * f;
        sum1 -= a[row1 + k]! * f;
        sum2 -= a[row2 + k]! * f;
        sum3 -= a[row3 + k]! * f;
      }
      a[row0 + j] = sum0 * inverse;
      a[row1 + j] = sum1 * inverse;
      a[row2 + j] = sum2 * inverse;
      a[row3 + j] = sum3 * inverse;
    }
    for (; i < n; i++) {
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
    let k = 0;
    // Four rows at a time: one reading and writing of the sum for all four. Zeros lie above their diagonals.
    for (; k + 3 < i; k += 4) {
      const f0 = l[rowI + k]! * scale;
      const f1 = l[rowI + k + 1]! * scale;
      const f2 = l[rowI + k + 2]! * scale;
      const f3 = l[rowI + k + 3]! * scale;
      const row0 = k * n;
      const row1 = row0 + n;
      const row2 = row1 + n;
      const row3 = row2 + n;
      for (let j = 0; j <= k + 3; j++) {
        let sum = inverse[rowI + j]!;
        sum -= f0 * inverse[row0 + j]!;
        sum -= f1 * inverse[row1 + j]!;
        sum -= f2 * inverse[row2 + j]!;
        sum -= f3 * inverse[row3 + j]!;
        inverse[rowI + j] = sum;
      }
    }
    for (; k < i; k++) {
      const factor = l[rowI + k]! * scale;
      if (factor === 0) continue;
      const rowK = k * n;
      for (let j = 0; j <= k; j++) inverse[rowI + j] = inverse[rowI + j]! - factor * inverse[rowK + j]!;
    }
    inverse[rowI + i] = scale;
  }
  return inverse;
}

/** out = R v for a lower triangular R (n x n, row by row), zeros above its diagonal; `out` is not `v`. */
export function timesLower(r: Float64Array, n: number, v: Float64Array, out: Float64Array): void {
  let i = 0;
  // Four rows at a time, so that their sums run side by side.
  for (; i + 3 < n; i += 4) {
    const row0 = i * n;
    const row1 = row0 + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = 0; j <= i + 3; j++) {
      const value = v[j]!;
      sum0 += r[row0 + j]! * value;
      sum1 += r[row1 + j]! * value;
      sum2 += r[row2 + j]! * value;
      sum3 += r[row3 + j]! * value;
    }
    out[i] = sum0;
    out[i + 1] = sum1;
    out[i + 2] = sum2;
    out[i + 3] = sum3;
  }
  for (; i < n; i++) {
    let sum = 0;
    const row = i * n;
    for (let j = 0; j <= i; j++) sum += r[row + j]! * v[j]!;
    out[i] = sum;
  }
}

/** out = R^T v for a lower triangular R (n x n, row by row); `out` is not `v`. */
export function timesLowerTransposed(r: Float64Array, n: number, v: Float64Array, out: Float64Array): void {
  out.fill(0);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) out[j] = out[j]! + r[row + j]! * v[i]!;
  }
}

/**
 * Lower half of R^T R for a lower triangular R (n x n, row by row), zeros above its diagonal, into `out`, which is
 * returned.
 */
export function gramOfLower(r: Float64Array, n: number, out: Float64Array): Float64Array {
  out.fill(0);
  let m = 0;
  // Rows of R are read in order, four for one reading and writing of the sums.
  for (; m + 3 < n; m += 4) {
    const row0 = m * n;
    const row1 = row0 + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    for (let i = 0; i <= m + 3; i++) {
      const f0 = r[row0 + i]!;
      const f1 = r[row1 + i]!;
      const f2 = r[row2 + i]!;
      const f3 = r[row3 + i]!;
      const target = i * n;
      for (let j = 0; j <= i; j++) {
        out[target + j] =
          out[target + j]! + f0 * r[row0 + j]! + f1 * r[row1 + j]! + f2 * r[row2 + j]! + f3 * r[row3 + j]!;
      }
    }
  }
  for (; m < n; m++) {
    const row = m * n;
    for (let i = 0; i <= m; i++) {
      const f = r[row + i]!;
      const target = i * n;
      for (let j = 0; j <= i; j++) out[target + j] = out[target + j]! + f * r[row + j]!;
    }
  }
  return out;
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
