/** Eigenvalues in falling order, with eigenvector k in row k (unit length, sign as it came). */
export interface Eigenpairs {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * All eigenpairs of a symmetric matrix in float64: Householder reduction to tridiagonal form, then
 * implicit QL with eigenvectors (Golub & Van Loan, Matrix Computations, 8.3; the algorithms of EISPACK).
 * Used where native TensorFlow is absent; about 6 n^3 operations.
 *
 * @param matrix row-major n x n, its lower half is read; it is overwritten.
 * @returns eigenvalues in falling order, eigenvector k in row k.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigenpairs {
  const { diagonal, offDiagonal, vectors } = tridiagonalise(matrix, n);
  implicitQl(diagonal, offDiagonal, vectors, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (k) => diagonal[k]!), vectors: sorted };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  /** Q^T of A = Q T Q^T: basis vector k in row k. */
  readonly vectors: Float64Array;
}

function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  // Reflector k has its vector in row k of `reflectors`, columns k + 1 .. n - 1.
  const reflectors = new Float64Array(n * n);
  const factors = new Float64Array(n);
  const w = new Float64Array(n);

  for (let k = 0; k < n; k++) {
    diagonal[k] = a[k * n + k]!;
    if (k === n - 1) break;
    const v = reflectors.subarray(k * n, (k + 1) * n);
    let square = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k]!;
      if (i > k + 1) square += v[i]! * v[i]!;
    }
    const head = v[k + 1]!;
    if (square === 0) {
      offDiagonal[k] = head;
      continue;
    }
    const norm = Math.sqrt(head * head + square);
    const alpha = head > 0 ? -norm : norm;
    offDiagonal[k] = alpha;
    v[k + 1] = head - alpha;
    // H = I - factor v v^T, factor = 2 / v^T v.
    const factor = 2 / (v[k + 1]! * v[k + 1]! + square);
    factors[k] = factor;
    symmetricProduct(a, v, w, k + 1, n);
    let dot = 0;
    for (let i = k + 1; i < n; i++) {
      w[i]! *= factor;
      dot += w[i]! * v[i]!;
    }
    const half = (factor / 2) * dot;
    for (let i = k + 1; i < n; i++) w[i]! -= half * v[i]!;
    for (let i = k + 1; i < n; i++) {
      const vi = v[i]!;
      const wi = w[i]!;
      for (let j = k + 1, at = i * n + k + 1; j <= i; j++, at++) a[at]! -= vi * w[j]! + wi * v[j]!;
    }
  }
  return { diagonal, offDiagonal, vectors: accumulate(reflectors, factors, n) };
}

/** w = A v on rows and columns `from` .. n - 1, from the lower half of A. */
function symmetricProduct(a: Float64Array, v: Float64Array, w: Float64Array, from: number, n: number): void {
  w.fill(0, from);
  for (let i = from; i < n; i++) {
    const vi = v[i]!;
    let dot = 0;
    for (let j = from, at = i * n + from; j < i; j++, at++) {
      dot += a[at]! * v[j]!;
      w[j]! += a[at]! * vi;
    }
    w[i]! += dot + a[i * n + i]! * vi;
  }
}

function accumulate(reflectors: Float64Array, factors: Float64Array, n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = n - 2; k >= 0; k--) {
    const factor = factors[k]!;
    if (factor === 0) continue;
    const v = reflectors.subarray(k * n, (k + 1) * n);
    for (let row = k + 1; row < n; row++) {
      const at = row * n;
      let dot = 0;
      for (let i = k + 1; i < n; i++) dot += q[at + i]! * v[i]!;
      dot *= factor;
      if (dot !== 0) for (let i = k + 1; i < n; i++) q[at + i]! -= dot * v[i]!;
    }
  }
  return q;
}

const MOST_SWEEPS = 60;

function implicitQl(d: Float64Array, e: Float64Array, z: Float64Array, n: number): void {
  // What is below the rounding of the largest entries counts as zero: in a matrix of deficient rank the
  // small entries are all rounding, and would never look small beside each other.
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!) + Math.abs(e[i]!));
  const negligible = Number.EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      for (; m < n - 1; m++) {
        if (Math.abs(e[m]!) <= negligible) break;
      }
      if (m === l) break;
      if (sweep === MOST_SWEEPS) throw new RangeError(`eigenvalue ${l} of ${n} did not converge`);
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(z, i * n, n, c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** Rotates the rows that begin at `at` and `at + n`. */
function rotate(z: Float64Array, at: number, n: number, c: number, s: number): void {
  for (let k = at, end = at + n; k < end; k++) {
    const upper = z[k]!;
    const lower = z[k + n]!;
    z[k + n] = s * upper + c * lower;
    z[k] = c * upper - s * lower;
  }
}
