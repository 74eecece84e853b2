/**
 * Lower Cholesky factor of a symmetric positive definite n x n matrix (row-major, lower half read),
 * in place; the upper half is left as it was.
 *
 * @returns false when the matrix is not positive definite.
 */
export function choleskyInPlace(a: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j += 2) {
    // Two columns of four rows at a time, so that their sums, each a chain of dependent additions, run side by side.
    const rowP = j * n;
    const rowQ = rowP + n;
    const scaleP = pivotOf(a, n, j);
    if (scaleP === undefined) return false;
    if (j + 1 === n) break;
    let across = a[rowQ + j]!;
    for (let k = 0; k < j; k++) across -= a[rowQ + k]! * a[rowP + k]!;
    across *= scaleP;
    a[rowQ + j] = across;
    const scaleQ = pivotOf(a, n, j + 1);
    if (scaleQ === undefined) return false;
    let i = j + 2;
    for (; i + 3 < n; i += 4) {
      const row0 = i * n;
      const row1 = row0 + n;
      const row2 = row1 + n;
      const row3 = row2 + n;
      let p0 = a[row0 + j]!;
      let p1 = a[row1 + j]!;
      let p2 = a[row2 + j]!;
      let p3 = a[row3 + j]!;
      let q0 = a[row0 + j + 1]!;
      let q1 = a[row1 + j + 1]!;
      let q2 = a[row2 + j + 1]!;
      let q3 = a[row3 + j + 1]!;
      for (let k = 0; k < j; k++) {
        const p = a[rowP + k]!;
        const q = a[rowQ + k]!;
        const v0 = a[row0 + k]!;
        const v1 = a[row1 + k]!;
        const v2 = a[row2 + k]!;
        const v3 = a[row3 + k]!;
        p0 -= v0 * p;
        p1 -= v1 * p;
        p2 -= v2 * p;
        p3 -= v3 * p;
        q0 -= v0 * q;
        q1 -= v1 * q;
        q2 -= v2 * q;
        q3 -= v3 * q;
      }
      a[row0 + j] = p0 *= scaleP;
      a[row1 + j] = p1 *= scaleP;
      a[row2 + j] = p2 *= scaleP;
      a[row3 + j] = p3 *= scaleP;
      a[row0 + j + 1] = (q0 - p0 * across) * scaleQ;
      a[row1 + j + 1] = (q1 - p1 * across) * scaleQ;
      a[row2 + j + 1] = (q2 - p2 * across) * scaleQ;
      a[row3 + j + 1] = (q3 - p3 * across) * scaleQ;
    }
    for (; i < n; i++) {
      const row = i * n;
      let p = a[row + j]!;
      let q = a[row + j + 1]!;
      for (let k = 0; k < j; k++) {
        p -= a[row + k]! * a[rowP + k]!;
        q -= a[row + k]! * a[rowQ + k]!;
      }
      a[row + j] = p *= scaleP;
      a[row + j + 1] = (q - p * across) * scaleQ;
    }
  }
  return true;
}

/** Writes the diagonal of a factor whose columns before `j` are there; its reciprocal, undefined when it is not positive. */
function pivotOf(a: Float64Array, n: number, j: number): number | undefined {
  const row = j * n;
  let diagonal = a[row + j]!;
  for (let k = 0; k < j; k++) diagonal -= a[row + k]! * a[row + k]!;
  if (!(diagonal > 0)) return undefined;
  a[row + j] = Math.sqrt(diagonal);
  return 1 / a[row + j]!;
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

/** Inverse of a lower factor, row-major n x n, zeros above the diagonal, into `inverse`, which is returned. */
export function invertLower(l: Float64Array, n: number, inverse: Float64Array): Float64Array {
  inverse.fill(0);
  const subtract = (i: number, k: number, scale: number): void => {
    const factor = l[i * n + k]! * scale;
    for (let j = 0; j <= k; j++) inverse[i * n + j] = inverse[i * n + j]! - factor * inverse[k * n + j]!;
  };
  for (let i = 0; i < n; i += 2) {
    const isPair = i + 1 < n;
    const rowP = i * n;
    const rowQ = isPair ? rowP + n : rowP;
    const scaleP = 1 / l[rowP + i]!;
    const scaleQ = isPair ? 1 / l[rowQ + i + 1]! : 0;
    let k = 0;
    // Two rows less multiples of four others at a time: one reading and writing of each sum. Zeros lie above diagonals.
    for (; isPair && k + 3 < i; k += 4) {
      const p0 = l[rowP + k]! * scaleP;
      const p1 = l[rowP + k + 1]! * scaleP;
      const p2 = l[rowP + k + 2]! * scaleP;
      const p3 = l[rowP + k + 3]! * scaleP;
      const q0 = l[rowQ + k]! * scaleQ;
      const q1 = l[rowQ + k + 1]! * scaleQ;
      const q2 = l[rowQ + k + 2]! * scaleQ;
      const q3 = l[rowQ + k + 3]! * scaleQ;
      const row0 = k * n;
      const row1 = row0 + n;
      const row2 = row1 + n;
      const row3 = row2 + n;
      for (let j = 0; j <= k + 3; j++) {
        const v0 = inverse[row0 + j]!;
        const v1 = inverse[row1 + j]!;
        const v2 = inverse[row2 + j]!;
        const v3 = inverse[row3 + j]!;
        inverse[rowP + j] = inverse[rowP + j]! - p0 * v0 - p1 * v1 - p2 * v2 - p3 * v3;
        inverse[rowQ + j] = inverse[rowQ + j]! - q0 * v0 - q1 * v1 - q2 * v2 - q3 * v3;
      }
    }
    for (; k < i; k++) {
      subtract(i, k, scaleP);
      if (isPair) subtract(i + 1, k, scaleQ);
    }
    inverse[rowP + i] = scaleP;
    if (!isPair) break;
    subtract(i + 1, i, scaleQ);
    inverse[rowQ + i + 1] = scaleQ;
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
 * returned; what `out` holds above its diagonal means nothing.
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
    // m is a multiple of four, so that the rows of the result come in pairs; the first of a pair gets a value above the diagonal.
    for (let i = 0; i <= m + 3; i += 2) {
      const f0 = r[row0 + i]!;
      const f1 = r[row1 + i]!;
      const f2 = r[row2 + i]!;
      const f3 = r[row3 + i]!;
      const g0 = r[row0 + i + 1]!;
      const g1 = r[row1 + i + 1]!;
      const g2 = r[row2 + i + 1]!;
      const g3 = r[row3 + i + 1]!;
      const upper = i * n;
      const lower = upper + n;
      for (let j = 0; j <= i + 1; j++) {
        const v0 = r[row0 + j]!;
        const v1 = r[row1 + j]!;
        const v2 = r[row2 + j]!;
        const v3 = r[row3 + j]!;
        out[upper + j] = out[upper + j]! + f0 * v0 + f1 * v1 + f2 * v2 + f3 * v3;
        out[lower + j] = out[lower + j]! + g0 * v0 + g1 * v1 + g2 * v2 + g3 * v3;
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
 * Factors A (row-major n x n, any regular matrix; overwritten) by elimination with partial pivoting.
 *
 * @returns a function that solves A x = b in place of b (n values), undefined when A is singular.
 */
export function generalSolver(a: Float64Array, n: number): ((b: Float64Array) => void) | undefined {
  const pivots = new Int32Array(n);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(a[i * n + column]!) > Math.abs(a[pivot * n + column]!)) pivot = i;
    }
    pivots[column] = pivot;
    const top = a[pivot * n + column]!;
    if (top === 0 || !Number.isFinite(top)) return undefined;
    if (pivot !== column) {
      for (let k = 0; k < n; k++) {
        const held = a[column * n + k]!;
        a[column * n + k] = a[pivot * n + k]!;
        a[pivot * n + k] = held;
      }
    }
    for (let i = column + 1; i < n; i++) {
      const factor = a[i * n + column]! / top;
      a[i * n + column] = factor;
      if (factor === 0) continue;
      for (let k = column + 1; k < n; k++) a[i * n + k] = a[i * n + k]! - factor * a[column * n + k]!;
    }
  }
  return (b) => {
    pivots.forEach((pivot, i) => {
      const held = b[i]!;
      b[i] = b[pivot]!;
      b[pivot] = held;
    });
    for (let i = 0; i < n; i++) {
      let sum = b[i]!;
      for (let k = 0; k < i; k++) sum -= a[i * n + k]! * b[k]!;
      b[i] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = b[i]!;
      for (let k = i + 1; k < n; k++) sum -= a[i * n + k]! * b[k]!;
      b[i] = sum / a[i * n + i]!;
    }
  };
}
