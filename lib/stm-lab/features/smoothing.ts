import { inputError } from 'research-basics/errors';

/**
 * Averages modulation features over neighbouring rates, with weights from a Gaussian that add up to 1 (near
 * the ends of the axis, over what there is). Every cell is a noisy estimate, and the noise of neighbours is
 * not the same: this gives up resolution in rate for certainty. Scales, few and far apart, are left alone.
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
  const weights = rateHz.map((centre) => {
    const own = Float64Array.from(rateHz, (rate) => Math.exp(-(((rate - centre) / deviationHz) ** 2) / 2));
    const sum = own.reduce((total, weight) => total + weight, 0);
    return own.map((weight) => weight / sum);
  });
  const smoothed = new Float32Array(features.length);
  for (let run = 0; run < features.length; run += rates)
    weights.forEach((own, j) => {
      let sum = 0;
      for (let i = 0; i < rates; i++) sum += own[i]! * features[run + i]!;
      smoothed[run + j] = sum;
    });
  return smoothed;
}
