import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { checkSeed, deriveSeed } from 'research-basics/random/seeds';
import { equalErrorRate, quantile, rankScores, type Interval } from '../evaluation';
import { rowCosine, unitRows } from './scoreNorm';

/** Trials of a verification task: pairs with a score, and whether both are of one speaker. */
export interface Trials {
  /** Higher is more alike. */
  readonly scores: Float32Array;
  readonly targets: Uint8Array;
}

/** Embeddings of the recordings that trials pair. */
export interface Embeddings {
  /** rows x size, row-major. */
  readonly values: Float32Array;
  readonly size: number;
  /** Speaker of each row, any integers. */
  readonly speakers: Int32Array;
}

/** All pairs of rows with the cosine of their embeddings. */
export function pairTrials({ values, size, speakers }: Embeddings): Trials & { readonly pairs: Int32Array } {
  const rows = speakers.length;
  if (values.length !== rows * size)
    throw inputError(`trials: ${values.length} numbers are not ${rows} embeddings of ${size}`);
  const unit = unitRows(values, size);
  const count = (rows * (rows - 1)) / 2;
  const scores = new Float32Array(count);
  const targets = new Uint8Array(count);
  const pairs = new Int32Array(2 * count);
  let trial = 0;
  for (let a = 0; a < rows; a++)
    for (let b = a + 1; b < rows; b++) {
      scores[trial] = rowCosine(unit, a, unit, b, size);
      targets[trial] = speakers[a] === speakers[b] ? 1 : 0;
      pairs[2 * trial] = a;
      pairs[2 * trial + 1] = b;
      trial++;
    }
  return { scores, targets, pairs };
}

/**
 * Equal error rate over all pairs of recordings, with a percentile interval from resampling recordings
 * (within speakers): pairs share recordings, so resampling single trials would make it too narrow. A drawn
 * recording is not paired with itself.
 */
export function pairedEqualErrorRate(
  embeddings: Embeddings,
  options: { readonly resamples?: number; readonly seed?: number; readonly level?: number } = {},
): Interval & { readonly targetTrials: number; readonly otherTrials: number } {
  const { resamples = 200, seed = 1, level = 0.95 } = options;
  checkSeed(seed);
  const { scores, targets, pairs } = pairTrials(embeddings);
  const ranking = rankScores(scores, (trial) => targets[trial] === 1);
  const rows = embeddings.speakers.length;
  const members = [...new Set(embeddings.speakers)].map((speaker) =>
    Array.from({ length: rows }, (_, r) => r).filter((r) => embeddings.speakers[r] === speaker),
  );
  const counts = new Float64Array(rows);
  const draws: number[] = [];
  for (let n = 0; n < resamples; n++) {
    const state = randomState(deriveSeed(seed, 'trials', n));
    counts.fill(0);
    for (const own of members)
      for (let i = 0; i < own.length; i++) counts[own[state.interval(own.length - 1)]!]!++;
    draws.push(
      equalErrorRate(ranking, (trial) => counts[pairs[2 * trial]!]! * counts[pairs[2 * trial + 1]!]!),
    );
  }
  const targetTrials = targets.reduce((sum, target) => sum + target, 0);
  return {
    value: equalErrorRate(ranking),
    low: quantile(draws, (1 - level) / 2),
    high: quantile(draws, (1 + level) / 2),
    targetTrials,
    otherTrials: targets.length - targetTrials,
  };
}

/** Additive angular margin: scale s and margin m. */
export interface AngularMargin {
  /** Added to the angle to the true class, radians. Default 0.05. */
  readonly margin?: number;
  /** Factor of all cosines. Default 10. */
  readonly scale?: number;
}

/** The cosine of the true class stays this far from 1 and -1, where the arc cosine has no slope. */
export const COSINE_GUARD = 1e-4;

/**
 * Logits of the additive angular margin loss: s cos(angle) for every class, s cos(angle + m) for the true one.
 *
 * @param embedding, classWeights one vector, and one per class; neither needs unit length.
 */
export function angularMarginLogits(
  embedding: ArrayLike<number>,
  classWeights: readonly ArrayLike<number>[],
  target: number,
  { margin = 0.05, scale = 10 }: AngularMargin = {},
): Float64Array {
  const length = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));
  const size = length(embedding);
  return Float64Array.from(classWeights, (weights, c) => {
    let dot = 0;
    for (let d = 0; d < weights.length; d++) dot += weights[d]! * embedding[d]!;
    const cosine = dot / (size * length(weights));
    if (c !== target) return scale * cosine;
    const guarded = Math.min(1 - COSINE_GUARD, Math.max(-1 + COSINE_GUARD, cosine));
    return scale * Math.cos(Math.acos(guarded) + margin);
  });
}
