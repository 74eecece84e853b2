import { medianOfSorted } from '../numerics/median';

/** All values divided by the largest magnitude, so that squares stay within the range of a double. */
export function scaleToUnit(values: Float64Array): Float64Array {
  const largest = values.reduce((high, v) => Math.max(high, Math.abs(v)), 0);
  return largest > 0 ? values.map((v) => v / largest) : values.slice();
}

/** Losses as the model sees them: standardised, with the log of the density ratio that the change of scale brings. */
export interface Outcome {
  readonly y: Float64Array;
  /** Of what was standardised: y = (value - mean) / deviation. */
  readonly mean: number;
  readonly deviation: number;
  /** Sum over the points of log |dy / dloss|: makes likelihoods on different scales comparable. */
  readonly logJacobian: number;
}

/** Zero mean, unit (population) deviation; all zeros for constant values. */
function standardised(values: Float64Array, logSlopes: number): Outcome {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  return {
    y: values.map((v) => (deviation > 0 ? (v - mean) / deviation : 0)),
    mean,
    deviation,
    logJacobian: logSlopes - (deviation > 0 ? n * Math.log(deviation) : 0),
  };
}

/** The losses themselves, one per trial, standardised. */
export function plainOutcome(losses: Float64Array): Outcome {
  return standardised(losses, 0);
}

/**
 * log(1 + (loss - best) / s) of each loss, s the distance from the best to the median: smooth, straight near the best
 * and flat far above, so that a few terrible configurations do not hide the differences among the good
 * ones. Undefined when half of the losses are the best.
 */
export function logOutcome(losses: Float64Array): Outcome | undefined {
  const sorted = [...losses].sort((a, b) => a - b);
  const best = sorted[0]!;
  const scale = medianOfSorted(sorted) - best;
  if (!(scale > 0)) return undefined;
  const slopes = losses.reduce((sum, v) => sum - Math.log(scale + v - best), 0);
  return standardised(
    losses.map((v) => Math.log1p((v - best) / scale)),
    slopes,
  );
}
