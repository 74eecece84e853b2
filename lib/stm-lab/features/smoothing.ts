import { inputError } from 'research-basics/errors';

/**
 * Averages modulation features over neighbouring rates, with weights from a Gaussian that add up to 1 (near
 * the ends of the axis, over what there is). Every cell is a noisy estimate, and the noise of neighbours is
 * not the same: this gives up resolution in rate for certainty.
 *
 * @param features row-major float32; every row one or more runs of `rateHz.length` columns, one per scale.
 * @param rateHz the rate of each column of a run, Hz.
 * @param deviationHz standard deviation of the Gaussian in Hz, above 0.
 * @returns float32, as many as `features`; sums are in float64.
 * @throws UserError (`input`) for a deviation out of range, or features that are not whole runs of rates.
 */
export function smoothRates(
  features: Float32Array,
  rateHz: readonly number[],
  deviationHz: number,
): Float32Array {
  const rates = rateHz.length;
  if (!(deviationHz > 0 && deviationHz < Infinity))
    throw inputError(`rate smoothing of ${deviationHz} Hz: must be above 0`);
  if (features.length % rates !== 0)
    throw inputError(`rate smoothing: ${features.length} values are not whole runs of ${rates} rates`);
  const weights = gaussianWeights(rateHz, deviationHz);
  const smoothed = new Float32Array(features.length);
  for (let run = 0; run < features.length; run += rates)
    weights.forEach((own, j) => {
      let sum = 0;
      for (let i = 0; i < rates; i++) sum += own[i]! * features[run + i]!;
      smoothed[run + j] = sum;
    });
  return smoothed;
}

/**
 * Averages modulation features over neighbouring scales, as `smoothRates` does over rates.
 *
 * @param features row-major float32; every row one or more sets of `scales.length` runs of `rates` columns.
 * @param scales the scale of each run of a set, cycles per octave.
 * @param rates columns of a run.
 * @param deviation standard deviation of the Gaussian in cycles per octave, above 0.
 * @returns float32, as many as `features`; sums are in float64.
 * @throws UserError (`input`) for a deviation out of range, or features that are not whole sets of scales.
 */
export function smoothScales(
  features: Float32Array,
  scales: readonly number[],
  rates: number,
  deviation: number,
): Float32Array {
  const set = scales.length * rates;
  if (!(deviation > 0 && deviation < Infinity))
    throw inputError(`scale smoothing of ${deviation} cycles per octave: must be above 0`);
  if (features.length % set !== 0)
    throw inputError(
      `scale smoothing: ${features.length} values are not whole sets of ${scales.length} scales x ${rates} rates`,
    );
  const weights = gaussianWeights(scales, deviation);
  const smoothed = new Float32Array(features.length);
  for (let first = 0; first < features.length; first += set)
    weights.forEach((own, k) => {
      for (let j = 0; j < rates; j++) {
        let sum = 0;
        for (let i = 0; i < own.length; i++) sum += own[i]! * features[first + i * rates + j]!;
        smoothed[first + k * rates + j] = sum;
      }
    });
  return smoothed;
}

/** For each point of an axis, the Gaussian weights of all points around it; they add up to 1. */
const gaussianWeights = (axis: readonly number[], deviation: number): Float64Array[] =>
  axis.map((centre) => {
    const own = Float64Array.from(axis, (value) => Math.exp(-(((value - centre) / deviation) ** 2) / 2));
    const sum = own.reduce((total, weight) => total + weight, 0);
    return own.map((weight) => weight / sum);
  });
