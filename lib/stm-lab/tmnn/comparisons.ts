import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Interval } from '../evaluation';
import { quantile } from '../evaluation/bootstrap';
import { rankingAreas, rankScores } from '../evaluation/ranking';
import { mostProbable } from './scores';
import type { Task } from './trainer';

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

/** Standard normal distribution function, by the continued fraction of its tail or the series; 1e-12. */
function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
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

/** Outcome of a t test. */
export interface Welch {
  /** Mean of the first minus mean of the second. */
  readonly difference: number;
  readonly t: number;
  readonly degrees: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Welch's t test of two samples with unequal variances (Welch-Satterthwaite degrees of freedom).
 *
 * @throws UserError (`input`) with fewer than two values on a side.
 */
export function welchTest(first: readonly number[], second: readonly number[]): Welch {
  if (first.length < 2 || second.length < 2)
    throw inputError(`Welch test: ${first.length} and ${second.length} values; two on each side are needed`);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const [a, b] = [mean(first), mean(second)];
  const share = (list: readonly number[], centre: number): number =>
    list.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (list.length - 1) / list.length;
  const [va, vb] = [share(first, a), share(second, b)];
  if (va + vb === 0)
    return { difference: a - b, t: a === b ? 0 : Infinity, degrees: NaN, pValue: a === b ? 1 : 0 };
  const t = (a - b) / Math.sqrt(va + vb);
  const degrees = (va + vb) ** 2 / (va ** 2 / (first.length - 1) + vb ** 2 / (second.length - 1));
  return { difference: a - b, t, degrees, pValue: betaTail(degrees, t) };
}

/**
 * Student's t test of paired values, such as the scores of two systems with the same seeds: the mean difference against
 * its own scatter.
 *
 * @throws UserError (`input`) for lists of different length, or fewer than two pairs.
 */
export function pairedTest(first: readonly number[], second: readonly number[]): Welch {
  if (first.length !== second.length || first.length < 2)
    throw inputError(
      `paired test: ${first.length} and ${second.length} values; as many on both sides, and two at least, are needed`,
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

/** What several models said of the same clips; one block per fold or training seed. */
export interface ScoredBlock {
  /** 0 or 1, clips x outputs. */
  readonly labels: Float32Array;
  /** Group of each clip; a name that occurs in several blocks is one group. */
  readonly groups: readonly string[];
  /** Probabilities of each model, clips x outputs. */
  readonly models: readonly Float32Array[];
}

/** Scores of models with what resampling made of them. */
export interface ResampledScores {
  /** `rocAuc` and `prAuc` (means over tags) of taggers, `accuracy` of classifiers. */
  readonly metrics: readonly string[];
  /** Model x metric. */
  readonly values: readonly (readonly number[])[];
  /** Model x metric x resample; the same resamples for all models. */
  readonly draws: readonly (readonly Float64Array[])[];
}

type Weigh = (weights: Float64Array) => number[];

function scorer(block: ScoredBlock, model: Float32Array, outputs: number, task: Task): Weigh {
  const { labels } = block;
  if (task === 'classes') {
    const right = mostProbable(model, outputs).map((c, row) => labels[row * outputs + c]!);
    return (weights) => {
      let [hits, total] = [0, 0];
      right.forEach((hit, row) => {
        hits += hit * weights[row]!;
        total += weights[row]!;
      });
      return [hits / total];
    };
  }
  const rankings = Array.from({ length: outputs }, (_, tag) =>
    rankScores(
      Float32Array.from({ length: block.groups.length }, (_v, row) => model[row * outputs + tag]!),
      (row) => labels[row * outputs + tag] === 1,
    ),
  );
  return (weights) => {
    const areas = rankings
      .map((ranking) => rankingAreas(ranking, (row) => weights[row]!))
      .filter(({ roc }) => !Number.isNaN(roc));
    const mean = (of: (area: (typeof areas)[number]) => number): number =>
      areas.reduce((sum, area) => sum + of(area), 0) / areas.length;
    return [mean(({ roc }) => roc), mean(({ ap }) => ap)];
  };
}

/**
 * Mean over blocks of each model's scores, and the same over resamples, on which intervals and paired differences rest.
 * A resample draws twice, with replacement: blocks (what another training would change; all models of a block are drawn
 * together, since they share seed and clips), and groups of clips (what other recordings would change; each with all its
 * clips). With a single block the variance of training is unknown, and intervals leave it out. Tags without positives
 * or negatives, in a block or a resample of it, are left out there.
 */
export function resampledScores(
  blocks: readonly ScoredBlock[],
  outputs: number,
  task: Task,
  options: { readonly resamples?: number; readonly seed?: number } = {},
): ResampledScores {
  const { resamples = 1000, seed = 1 } = options;
  const metrics = task === 'tags' ? ['rocAuc', 'prAuc'] : ['accuracy'];
  const models = blocks[0]!.models.length;
  const scorers = Array.from({ length: models }, (_, m) =>
    blocks.map((block) => scorer(block, block.models[m]!, outputs, task)),
  );
  const meanOver = (m: number, weights: readonly Float64Array[], times: Float64Array): number[] => {
    const each = scorers[m]!.map((score, b) => (times[b] === 0 ? [] : score(weights[b]!)));
    return metrics.map((_, i) => {
      let [sum, count] = [0, 0];
      each.forEach((scores, b) => {
        const value = scores[i];
        if (value === undefined || Number.isNaN(value)) return;
        sum += times[b]! * value;
        count += times[b]!;
      });
      return sum / count;
    });
  };
  const ones = blocks.map(({ groups }) => new Float64Array(groups.length).fill(1));
  const once = new Float64Array(blocks.length).fill(1);
  const names = [...new Set(blocks.flatMap(({ groups }) => groups))];
  const place = new Map(names.map((name, i) => [name, i]));
  const draws = scorers.map(() => metrics.map(() => new Float64Array(resamples)));
  for (let n = 0; n < resamples; n++) {
    const counts = drawTimes(names.length, deriveSeed(seed, 'resample', n));
    const weights = blocks.map(({ groups }) =>
      Float64Array.from(groups, (name) => counts[place.get(name)!]!),
    );
    const times = drawTimes(blocks.length, deriveSeed(seed, 'training', n));
    draws.forEach((own, m) => meanOver(m, weights, times).forEach((value, i) => (own[i]![n] = value)));
  }
  return { metrics, values: scorers.map((_, m) => meanOver(m, ones, once)), draws };
}

/** How often each of some items is drawn in as many draws with replacement. */
function drawTimes(items: number, seed: number): Float64Array {
  const times = new Float64Array(items);
  const state = randomState(seed);
  for (let i = 0; i < items; i++) times[state.interval(items - 1)]!++;
  return times;
}

/** 95 % percentile interval of a model's score. */
export function scoreInterval({ values, draws }: ResampledScores, model: number, metric: number): Interval {
  const drawn = Array.from(draws[model]![metric]!);
  return { value: values[model]![metric]!, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}

/** A paired difference between two models. */
export interface ScoreDifference extends Interval {
  /** Twice the share of resamples on the other side of 0, at least 1 / (resamples + 1). */
  readonly pValue: number;
}

/** First minus second model, both on the same resamples. */
export function scoreDifference(
  { values, draws }: ResampledScores,
  first: number,
  second: number,
  metric: number,
): ScoreDifference {
  const other = draws[second]![metric]!;
  const drawn = Array.from(draws[first]![metric]!, (value, n) => value - other[n]!);
  const value = values[first]![metric]! - values[second]![metric]!;
  const beyond = drawn.filter((difference) => difference * value <= 0).length;
  return {
    value,
    low: quantile(drawn, 0.025),
    high: quantile(drawn, 0.975),
    pValue: Math.min(1, (2 * (beyond + 1)) / (drawn.length + 1)),
  };
}
