/** Centres of the rate filters, Hz; each exists for ripples upward (negative) and downward. */
export const CORTICAL_RATES = [2, 4, 8, 16, 32] as const;
/** Centres of the scale filters, cycles per octave. */
export const CORTICAL_SCALES = [0.25, 0.5, 1, 2, 4, 8] as const;

/** Form of the filters: the seed functions of Chi, Ru & Shamma 2005, or Gabor functions. */
export type CorticalFilters = 'seed' | 'gabor';

/** A complex impulse response on even steps; `centre` is the place of time or octave 0. */
export interface Impulse {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
  readonly centre: number;
}

/**
 * The analytic impulse response of a scale filter along the channels, as wide as the channels themselves.
 *
 * - `seed`: second derivative of a Gaussian, whose transform is (s / scale)^2 exp(1 - (s / scale)^2), for s > 0.
 * - `gabor`: Gaussian of standard deviation 1 / (2 scale) octaves, times exp(2 pi i scale f).
 *
 * @param step octaves from channel to channel
 */
export function scaleImpulse(
  filters: CorticalFilters,
  scale: number,
  channels: number,
  step: number,
): Impulse {
  const centre = Math.floor(channels / 2);
  if (filters === 'gabor') return gabor(scale, channels, centre, step);
  // Summed over s > 0: an analytic filter has no closed form.
  const terms = 64;
  const top = 3.5 * scale;
  const real = new Float64Array(channels);
  const imaginary = new Float64Array(channels);
  for (let i = 0; i < channels; i++)
    for (let k = 1; k <= terms; k++) {
      const s = (top * k) / terms;
      const gain = ((s / scale) ** 2 * Math.exp(1 - (s / scale) ** 2) * top * step) / terms;
      const angle = 2 * Math.PI * s * (i - centre) * step;
      real[i]! += gain * Math.cos(angle);
      imaginary[i]! += gain * Math.sin(angle);
    }
  return { real, imaginary, centre };
}

/**
 * The impulse response of a rate filter along the frames.
 *
 * - `seed`: r (r t)^2 exp(-3.5 r t) with the carrier exp(2 pi i r t), causal; its real and imaginary part are the two
 *   phases of the seed function.
 * - `gabor`: Gaussian of standard deviation 1 / (2 r) s, times exp(2 pi i r t).
 *
 * @param rate Hz, above 0
 * @param step seconds from frame to frame
 */
export function rateImpulse(filters: CorticalFilters, rate: number, frames: number, step: number): Impulse {
  if (filters === 'gabor') return gabor(rate, frames, Math.floor(frames / 2), step);
  const real = new Float64Array(frames);
  const imaginary = new Float64Array(frames);
  for (let n = 0; n < frames; n++) {
    const x = rate * n * step;
    const envelope = rate * step * x ** 2 * Math.exp(-3.5 * x);
    real[n] = envelope * Math.cos(2 * Math.PI * x);
    imaginary[n] = envelope * Math.sin(2 * Math.PI * x);
  }
  return { real, imaginary, centre: 0 };
}

function gabor(centreFrequency: number, length: number, centre: number, step: number): Impulse {
  const sigma = 0.5 / centreFrequency;
  const envelope = (i: number): number =>
    Math.exp(-((((i - centre) * step) / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));
  const angle = (i: number): number => 2 * Math.PI * centreFrequency * (i - centre) * step;
  return {
    real: Float64Array.from({ length }, (_, i) => envelope(i) * Math.cos(angle(i))),
    imaginary: Float64Array.from({ length }, (_, i) => envelope(i) * Math.sin(angle(i))),
    centre,
  };
}
