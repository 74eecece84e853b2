import { deriveSeed } from 'research-basics/random/seeds';
import { drawCounts, quantile, type Interval } from './bootstrap';
import { normalCdf } from './pairedTests';
import { deviation, mostProbable } from './predictions';
import { rankingAreas, rankScores } from './ranking';

/** Outputs of several models for the same clips; one block per fold or training seed. */
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
  /** Model x metric; then model x output: average precision of a tag, share found of a class. */
  readonly values: readonly (readonly number[])[];
  /** The same x resample; the same resamples for all models. */
  readonly draws: readonly (readonly Float64Array[])[];
}

type Weigh = (weights: Float64Array) => number[];

function scorer(block: ScoredBlock, model: Float32Array, outputs: number, task: 'tags' | 'classes'): Weigh {
  const { labels } = block;
  if (task === 'classes') {
    const right = mostProbable(model, outputs).map((c, row) => labels[row * outputs + c]!);
    const truth = mostProbable(labels, outputs);
    return (weights) => {
      const [hits, total] = [new Float64Array(outputs), new Float64Array(outputs)];
      right.forEach((hit, row) => {
        hits[truth[row]!]! += hit * weights[row]!;
        total[truth[row]!]! += weights[row]!;
      });
      const sum = (counts: Float64Array): number => counts.reduce((a, b) => a + b, 0);
      return [sum(hits) / sum(total), ...hits.map((own, c) => own / total[c]!)];
    };
  }
  const rankings = Array.from({ length: outputs }, (_, tag) =>
    rankScores(
      Float32Array.from({ length: block.groups.length }, (_v, row) => model[row * outputs + tag]!),
      (row) => labels[row * outputs + tag] === 1,
    ),
  );
  return (weights) => {
    const each = rankings.map((ranking) => rankingAreas(ranking, (row) => weights[row]!));
    const areas = each.filter(({ roc }) => !Number.isNaN(roc));
    const mean = (of: (area: (typeof areas)[number]) => number): number =>
      areas.reduce((sum, area) => sum + of(area), 0) / areas.length;
    return [
      mean(({ roc }) => roc),
      mean(({ ap }) => ap),
      ...each.map(({ roc, ap }) => (Number.isNaN(roc) ? NaN : ap)),
    ];
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
  task: 'tags' | 'classes',
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
    return Array.from({ length: metrics.length + outputs }, (_, i) => {
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
  const draws = scorers.map(() =>
    Array.from({ length: metrics.length + outputs }, () => new Float64Array(resamples)),
  );
  for (let n = 0; n < resamples; n++) {
    const counts = drawCounts(names.length, deriveSeed(seed, 'resample', n));
    const weights = blocks.map(({ groups }) =>
      Float64Array.from(groups, (name) => counts[place.get(name)!]!),
    );
    const times = drawCounts(blocks.length, deriveSeed(seed, 'training', n));
    draws.forEach((own, m) => meanOver(m, weights, times).forEach((value, i) => (own[i]![n] = value)));
  }
  return { metrics, values: scorers.map((_, m) => meanOver(m, ones, once)), draws };
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

/**
 * First minus second model on one output. The p-value is that of a normal distribution with the resamples' standard
 * deviation: among many outputs a share of resamples would be too coarse to be corrected.
 *
 * @returns undefined for an output without a score, or in too few resamples: fewer than half.
 */
export function outputDifference(
  { metrics, values, draws }: ResampledScores,
  first: number,
  second: number,
  output: number,
): ScoreDifference | undefined {
  const at = metrics.length + output;
  const other = draws[second]![at]!;
  const drawn = Array.from(draws[first]![at]!, (value, n) => value - other[n]!).filter(Number.isFinite);
  const value = values[first]![at]! - values[second]![at]!;
  if (!Number.isFinite(value) || drawn.length < other.length / 2) return undefined;
  const spread = deviation(drawn);
  const z = spread > 0 ? Math.abs(value) / spread : value === 0 ? 0 : Infinity;
  return {
    value,
    low: quantile(drawn, 0.025),
    high: quantile(drawn, 0.975),
    pValue: 2 * (1 - normalCdf(z)),
  };
}
