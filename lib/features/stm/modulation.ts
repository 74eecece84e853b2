import { FRAMES, RATES, SCALES, SCALE_STEP_ROWS } from './axes';

/**
 * The kept part of the magnitude of a cochleagram's 2-D Fourier transform (no window, no mean removal). Only the
 * cells that become features are computed: rates -15 ... 15 Hz, every second row of the non-negative scales.
 *
 * A ripple drifting upward in frequency has its energy at negative rates.
 *
 * @param cochleagram channels x 500, row-major, dB
 * @returns 20 scales x 121 rates, row-major, Float64Array, not negative.
 */
export function modulationSpectrum(cochleagram: Float32Array, channels: number): Float64Array {
  const half = (RATES - 1) / 2;
  const output = new Float64Array(SCALES * RATES);
  // Time first: the transform of real rows at rate -f is the conjugate of the one at f.
  const real = new Float64Array(channels * (half + 1));
  const imaginary = new Float64Array(channels * (half + 1));
  const { cos: timeCos, sin: timeSin } = circle(FRAMES);
  for (let c = 0; c < channels; c++) {
    for (let f = 0; f <= half; f++) {
      let re = 0;
      let im = 0;
      for (let n = 0, at = 0; n < FRAMES; n++) {
        const value = cochleagram[c * FRAMES + n]!;
        re += value * timeCos[at]!;
        im -= value * timeSin[at]!;
        at += f;
        if (at >= FRAMES) at -= FRAMES;
      }
      real[f * channels + c] = re;
      imaginary[f * channels + c] = im;
    }
  }
  const { cos, sin } = circle(channels);
  for (let s = 0; s < SCALES; s++) {
    for (let f = -half; f <= half; f++) {
      const row = Math.abs(f) * channels;
      const sign = f < 0 ? -1 : 1;
      let re = 0;
      let im = 0;
      for (let c = 0; c < channels; c++) {
        const at = (s * SCALE_STEP_ROWS * c) % channels;
        const a = real[row + c]!;
        const b = sign * imaginary[row + c]!;
        re += a * cos[at]! + b * sin[at]!;
        im += b * cos[at]! - a * sin[at]!;
      }
      output[s * RATES + f + half] = Math.hypot(re, im);
    }
  }
  return output;
}

const circles = new Map<number, { cos: Float64Array; sin: Float64Array }>();

/** Cosine and sine of `n` equal steps around the circle. */
function circle(n: number): { cos: Float64Array; sin: Float64Array } {
  let entry = circles.get(n);
  if (entry === undefined) {
    const angle = (i: number): number => (2 * Math.PI * i) / n;
    entry = {
      cos: Float64Array.from({ length: n }, (_, i) => Math.cos(angle(i))),
      sin: Float64Array.from({ length: n }, (_, i) => Math.sin(angle(i))),
    };
    circles.set(n, entry);
  }
  return entry;
}

/**
 * Features of a recording from the mean of its excerpts' modulation spectra: 10 log10, then scaled so that the
 * smallest value is 0 and the largest 1.
 *
 * @param mean 20 x 121 magnitudes
 * @returns 2,420 values in [0, 1], Float32Array, row-major (row = scale).
 */
export function modulationToFeatures(mean: Float64Array): Float32Array {
  const decibels = mean.map((value) => 10 * Math.log10(value));
  let low = Infinity;
  let high = -Infinity;
  for (const value of decibels) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return Float32Array.from(decibels, (value) => (value - low) / (high - low));
}
