/** A soft-margin support-vector machine of two classes in its dual form. */
export interface DualSolution {
  /** alpha_i y_i of each training row: 0 for rows that are not support vectors. */
  readonly coefficients: Float64Array;
  /** Added to the decision value. */
  readonly bias: number;
  readonly iterations: number;
}

/**
 * Solves min 1/2 a'Qa - sum a subject to y'a = 0 and 0 <= a_i <= C_i by sequential minimal optimisation
 * with second-order choice of the working pair (Fan, Chen & Lin 2005, the rule of LIBSVM).
 *
 * @param kernel n x n, row-major, symmetric.
 * @param y +1 or -1 of each row.
 * @param bounds C_i of each row, more than 0.
 * @param tolerance largest violation of the optimality conditions at the end. Default 1e-3.
 */
export function solveDual(
  kernel: Float64Array,
  y: Int8Array,
  bounds: Float64Array,
  tolerance = 1e-3,
): DualSolution {
  const n = y.length;
  const alpha = new Float64Array(n);
  const gradient = new Float64Array(n).fill(-1);
  const isUp = (i: number): boolean => (y[i] === 1 ? alpha[i]! < bounds[i]! : alpha[i]! > 0);
  const isLow = (i: number): boolean => (y[i] === 1 ? alpha[i]! > 0 : alpha[i]! < bounds[i]!);
  const most = Math.max(10_000_000, 100 * n);
  let iterations = 0;
  for (; iterations < most; iterations++) {
    let i = -1;
    let up = -Infinity;
    for (let t = 0; t < n; t++)
      if (isUp(t) && -y[t]! * gradient[t]! > up) {
        up = -y[t]! * gradient[t]!;
        i = t;
      }
    let j = -1;
    let low = Infinity;
    let best = Infinity;
    for (let t = 0; t < n; t++) {
      if (!isLow(t)) continue;
      const score = -y[t]! * gradient[t]!;
      if (score < low) low = score;
      const gap = up - score;
      if (i < 0 || gap <= 0) continue;
      const curvature = Math.max(kernel[i * n + i]! + kernel[t * n + t]! - 2 * kernel[i * n + t]!, 1e-12);
      if (-(gap * gap) / curvature < best) {
        best = -(gap * gap) / curvature;
        j = t;
      }
    }
    if (i < 0 || j < 0 || up - low < tolerance) break;
    // Moves alpha_i by y_i d and alpha_j by -y_j d, cut at the box.
    const curvature = Math.max(kernel[i * n + i]! + kernel[j * n + j]! - 2 * kernel[i * n + j]!, 1e-12);
    const room = (t: number, sign: number): number => (sign > 0 ? bounds[t]! - alpha[t]! : alpha[t]!);
    const gap = -y[i]! * gradient[i]! + y[j]! * gradient[j]!;
    const d = Math.min(gap / curvature, room(i, y[i]!), room(j, -y[j]!));
    const [roomI, roomJ] = [room(i, y[i]!), room(j, -y[j]!)];
    // Exactly at the bound, lest rounding keep a row from counting as bound.
    alpha[i] = d === roomI ? (y[i] === 1 ? bounds[i]! : 0) : alpha[i]! + y[i]! * d;
    alpha[j] = d === roomJ ? (y[j] === 1 ? 0 : bounds[j]!) : alpha[j]! - y[j]! * d;
    for (let t = 0; t < n; t++) gradient[t]! += y[t]! * d * (kernel[i * n + t]! - kernel[j * n + t]!);
  }
  return {
    coefficients: alpha.map((a, t) => a * y[t]!),
    bias: biasOf(alpha, gradient, y, bounds),
    iterations,
  };
}

/** Mean of -y_i gradient_i over the free rows, or the middle of what the bound rows allow. */
function biasOf(alpha: Float64Array, gradient: Float64Array, y: Int8Array, bounds: Float64Array): number {
  let sum = 0;
  let free = 0;
  let above = Infinity;
  let below = -Infinity;
  for (let t = 0; t < y.length; t++) {
    const score = -y[t]! * gradient[t]!;
    const atZero = alpha[t]! <= 0;
    if (!atZero && alpha[t]! < bounds[t]!) {
      sum += score;
      free++;
    } else if (atZero === (y[t] === 1)) below = Math.max(below, score);
    else above = Math.min(above, score);
  }
  return free > 0 ? sum / free : (above + below) / 2;
}
