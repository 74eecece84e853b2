/** Slope and offset of P(positive | decision value f) = 1 / (1 + exp(a f + b)). */
export interface Sigmoid {
  readonly a: number;
  readonly b: number;
}

/**
 * Fits a sigmoid to decision values by Newton's method with backtracking, targets drawn in from 0 and 1
 * (Platt 1999; Lin, Lin & Weng 2007).
 */
export function fitSigmoid(decisions: ArrayLike<number>, positive: ArrayLike<boolean>): Sigmoid {
  const n = decisions.length;
  let positives = 0;
  for (let i = 0; i < n; i++) if (positive[i]!) positives++;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (n - positives + 2);
  const target = (i: number): number => (positive[i]! ? high : low);
  const cost = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const z = a * decisions[i]! + b;
      sum +=
        z >= 0 ? target(i) * z + Math.log1p(Math.exp(-z)) : (target(i) - 1) * z + Math.log1p(Math.exp(z));
    }
    return sum;
  };
  let a = 0;
  let b = Math.log((n - positives + 1) / (positives + 1));
  let value = cost(a, b);
  for (let iteration = 0; iteration < 100; iteration++) {
    let [h11, h22, h21, g1, g2] = [1e-12, 1e-12, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const f = decisions[i]!;
      const p = sigmoidOf({ a, b }, f);
      const curvature = p * (1 - p);
      h11 += f * f * curvature;
      h22 += curvature;
      h21 += f * curvature;
      g1 += f * (target(i) - p);
      g2 += target(i) - p;
    }
    if (Math.abs(g1) < 1e-5 && Math.abs(g2) < 1e-5) break;
    const determinant = h11 * h22 - h21 * h21;
    const da = -(h22 * g1 - h21 * g2) / determinant;
    const db = -(h11 * g2 - h21 * g1) / determinant;
    let step = 1;
    for (; step > 1e-10; step /= 2) {
      const next = cost(a + step * da, b + step * db);
      if (next < value + 1e-4 * step * (g1 * da + g2 * db)) {
        value = next;
        break;
      }
    }
    if (step <= 1e-10) break;
    a += step * da;
    b += step * db;
  }
  return { a, b };
}

/** The sigmoid's value, without overflow. */
export function sigmoidOf({ a, b }: Sigmoid, decision: number): number {
  const z = a * decision + b;
  return z >= 0 ? Math.exp(-z) / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z));
}

/**
 * Class probabilities from the probabilities of every pair, by minimising their disagreement (Wu, Lin &
 * Weng 2004, second method).
 *
 * @param pairwise classes x classes, row-major: P(row's class | row's or column's class).
 */
export function couplePairs(pairwise: Float64Array, classes: number): Float64Array {
  const q = new Float64Array(classes * classes);
  for (let t = 0; t < classes; t++)
    for (let j = 0; j < classes; j++) {
      if (j === t) continue;
      q[t * classes + t]! += pairwise[j * classes + t]! ** 2;
      q[t * classes + j] = -pairwise[j * classes + t]! * pairwise[t * classes + j]!;
    }
  const p = new Float64Array(classes).fill(1 / classes);
  const qp = new Float64Array(classes);
  for (let iteration = 0; iteration < 100 * classes; iteration++) {
    let total = 0;
    for (let t = 0; t < classes; t++) {
      qp[t] = 0;
      for (let j = 0; j < classes; j++) qp[t]! += q[t * classes + j]! * p[j]!;
      total += p[t]! * qp[t]!;
    }
    if (qp.every((v) => Math.abs(v - total) < 1e-9)) break;
    for (let t = 0; t < classes; t++) {
      const change = (total - qp[t]!) / q[t * classes + t]!;
      p[t]! += change;
      total = (total + change * (change * q[t * classes + t]! + 2 * qp[t]!)) / (1 + change) ** 2;
      for (let j = 0; j < classes; j++) {
        qp[j] = (qp[j]! + change * q[t * classes + j]!) / (1 + change);
        p[j]! /= 1 + change;
      }
    }
  }
  return p;
}
