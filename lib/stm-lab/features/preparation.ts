import { inputError } from 'research-basics/errors';
import { foldRates } from './foldRates';
import { smoothRates, smoothScales } from './smoothing';
import type { ModulationAxes } from './stm/axes';

/** How modulation features are made ready for a model. */
export interface Preparation {
  /** Standard deviation in Hz of the average over neighbouring rates. Default 0: none. */
  readonly rateSmoothing?: number;
  /** Standard deviation in cycles per octave of the average over neighbouring scales. Default 0: none. */
  readonly scaleSmoothing?: number;
  /** Scales below this, in cycles per octave, are left out, after smoothing. Default 0: none. */
  readonly leastScale?: number;
  /** Whether negative rates are averaged with positive ones. Default false. */
  readonly foldRates?: boolean;
}

/**
 * Modulation features as a model takes them: smoothed along rate, negative rates folded, smoothed along scale, the
 * lowest scales left out, in this order.
 *
 * @param features float32, whole sets of scales x rates, row-major.
 * @returns float32, as many sets; `features` itself when there is nothing to do.
 * @throws UserError (`input`) when no scale remains.
 */
export function prepareModulations(
  features: Float32Array,
  { rateHz, scaleCycPerOct: scales }: Pick<ModulationAxes, 'rateHz' | 'scaleCycPerOct'>,
  { rateSmoothing = 0, scaleSmoothing = 0, leastScale = 0, foldRates: folds = false }: Preparation,
): Float32Array {
  const smoothed = rateSmoothing > 0 ? smoothRates(features, rateHz, rateSmoothing) : features;
  const folded = folds ? foldRates(smoothed, rateHz) : smoothed;
  const rates = folds ? Math.ceil(rateHz.length / 2) : rateHz.length;
  const vectors = scaleSmoothing > 0 ? smoothScales(folded, scales, rates, scaleSmoothing) : folded;
  if (leastScale === 0) return vectors;
  const first = scales.findIndex((scale) => scale >= leastScale);
  if (first < 0)
    throw inputError(
      `leastScale ${leastScale} cycles per octave leaves no scale (the largest is ${scales.at(-1)}); lower it`,
    );
  return first > 0 ? withoutFirst(vectors, scales.length * rates, first * rates) : vectors;
}

/** Each set of `size` values without its first `dropped`. */
function withoutFirst(values: Float32Array, size: number, dropped: number): Float32Array {
  const sets = values.length / size;
  const rest = new Float32Array(sets * (size - dropped));
  for (let s = 0; s < sets; s++)
    rest.set(values.subarray(s * size + dropped, (s + 1) * size), s * (size - dropped));
  return rest;
}
