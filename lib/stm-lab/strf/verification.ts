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
