import { inputError } from 'research-basics/errors';
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

/**
 * All pairs of rows with the cosine of their embeddings.
 *
 * @throws UserError (`input`) when there are not rows x size numbers.
 */
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
