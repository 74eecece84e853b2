import { inputError } from 'research-basics/errors';

/**
 * Averages each rate with its negative: what is left no longer says whether modulations move up or down in frequency.
 *
 * @param features row-major float32; every row one or more runs of `rateHz.length` columns, one per scale.
 * @param rateHz the rate of each column of a run, Hz, rising and symmetric about 0.
 * @returns float32, runs of ceil(rates / 2) columns: from the rate nearest 0 upwards.
 * @throws UserError (`input`) for rates that are not symmetric, or features that are not whole runs of rates.
 */
export function foldRates(features: Float32Array, rateHz: readonly number[]): Float32Array {
  const rates = rateHz.length;
  if (rateHz.some((rate, i) => Math.abs(rate + rateHz[rates - 1 - i]!) > 1e-9))
    throw inputError('rate folding: the rates are not symmetric about 0 Hz');
  if (features.length % rates !== 0)
    throw inputError(`rate folding: ${features.length} values are not whole runs of ${rates} rates`);
  const width = Math.ceil(rates / 2);
  const first = rates - width;
  const folded = new Float32Array((features.length / rates) * width);
  for (let run = 0; run * rates < features.length; run++)
    for (let j = 0; j < width; j++) {
      const up = features[run * rates + first + j]!;
      const down = features[run * rates + rates - 1 - first - j]!;
      folded[run * width + j] = (up + down) / 2;
    }
  return folded;
}
