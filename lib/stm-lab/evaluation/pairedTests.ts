import { inputError } from 'research-basics/errors';

/** Outcome of a paired signed-rank test. */
export interface SignedRank {
  /** Pairs that differ. */
  readonly pairs: number;
  /** Sum of the ranks of the positive differences. */
  readonly positive: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Wilcoxon's signed-rank test of paired values: zero differences are left out, tied ones share their mean rank. Exact up
 * to 25 pairs without ties, else the normal approximation with tie and continuity correction (as SciPy's `wilcoxon` with
 * `correction=True`).
 */
export function signedRankTest(first: readonly number[], second: readonly number[]): SignedRank {
  const differences = first.map((value, i) => value - second[i]!).filter((value) => value !== 0);
  const n = differences.length;
  if (n === 0) return { pairs: 0, positive: 0, pValue: 1 };
  const order = differences
    .map((_, i) => i)
    .sort((a, b) => Math.abs(differences[a]!) - Math.abs(differences[b]!));
  let [positive, tieTerm, tied] = [0, 0, false];
  for (let start = 0; start < n;) {
    let end = start;
    while (end < n && Math.abs(differences[order[end]!]!) === Math.abs(differences[order[start]!]!)) end++;
    const rank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) if (differences[order[i]!]! > 0) positive += rank;
    const size = end - start;
    tieTerm += size ** 3 - size;
    tied ||= size > 1;
    start = end;
  }
  const smaller = Math.min(positive, (n * (n + 1)) / 2 - positive);
  if (!tied && n <= 25) return { pairs: n, positive, pValue: Math.min(1, 2 * exactTail(n, smaller)) };
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - tieTerm / 48;
  const z = Math.max(0, (n * (n + 1)) / 4 - smaller - 0.5) / Math.sqrt(variance);
  return { pairs: n, positive, pValue: Math.min(1, 2 * (1 - normalCdf(z))) };
}

/** Probability that the rank sum of a random half of 1 .. n is at most `sum`. */
function exactTail(n: number, sum: number): number {
  const largest = (n * (n + 1)) / 2;
  let ways = new Float64Array(largest + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    const next = ways.slice();
    for (let s = rank; s <= largest; s++) next[s]! += ways[s - rank]!;
    ways = next;
  }
  let tail = 0;
  for (let s = 0; s <= sum; s++) tail += ways[s]!;
  return tail / 2 ** n;
}

/**
 * P-values corrected for their number by Holm (1979): the chance of any false alarm among all tests stays below the level.
 *
 * @returns in the order given, at most 1.
 */
export function holmCorrected(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[at]!));
    corrected[at] = largest;
  });
  return corrected;
}

/** Standard normal distribution function, by the continued fraction of its tail or the series; 1e-12. */
export function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z > 38) return 1;
  if (z > 4) {
    let fraction = 0;
    for (let k = 60; k >= 1; k--) fraction = k / (z + fraction);
    return 1 - density / (z + fraction);
  }
  let [term, sum] = [z, z];
  for (let k = 1; Math.abs(term) > 1e-17; k++) {
    term *= (z * z) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + density * sum;
}

/** Outcome of a paired t test. */
export interface PairedTest {
  /** Mean of the first minus mean of the second. */
  readonly difference: number;
  readonly t: number;
  readonly degrees: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Student's t test of paired values, such as the scores of two systems with the same seeds: the mean difference against
 * its own scatter.
 *
 * @throws UserError (`input`) for lists of different length, or fewer than two pairs.
 */
export function pairedTest(first: readonly number[], second: readonly number[]): PairedTest {
  if (first.length !== second.length || first.length < 2)
    throw inputError(
      `paired test: ${first.length} and ${second.length} values; both sides need the same number of values, at least two`,
    );
  const differences = first.map((value, i) => value - second[i]!);
  const n = differences.length;
  const difference = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((sum, value) => sum + (value - difference) ** 2, 0) / (n - 1);
  const degrees = n - 1;
  if (variance === 0)
    return { difference, t: difference === 0 ? 0 : Infinity, degrees, pValue: difference === 0 ? 1 : 0 };
  const t = difference / Math.sqrt(variance / n);
  return { difference, t, degrees, pValue: betaTail(degrees, t) };
}

/** Two-sided tail of Student's t: I_x(degrees / 2, 1 / 2) with x = degrees / (degrees + t^2). */
function betaTail(degrees: number, t: number): number {
  const x = degrees / (degrees + t * t);
  // The density substituted by cos: a smooth integral over an angle, by Simpson's rule.
  const top = Math.asin(Math.sqrt(x));
  const integrate = (to: number): number => {
    const steps = 4000;
    let sum = 0;
    for (let i = 0; i <= steps; i++) {
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      sum += weight * Math.sin((to * i) / steps) ** (degrees - 1);
    }
    return (sum * to) / steps / 3;
  };
  return integrate(top) / integrate(Math.PI / 2);
}
