import { RATES, SCALES, SCALE_STEP_ROWS } from './axes';
import { HALF_RATES, type RateSpectrum } from './cochleagram';

/**
 * The kept part of the magnitude of a cochleagram's 2-D Fourier transform (no window, no mean removal): rates
 * -15 ... 15 Hz, every second row of the non-negative scales.
 *
 * @param spectrum transform along time, rates 0 ... 15 Hz x channels
 * @param channels number of channels, even
 * @returns 20 scales x 121 rates, row-major, Float64Array, not negative. A ripple that drifts upward in frequency
 *   has its energy at negative rates.
 */
export function rateSpectrumToModulation({ real, imaginary }: RateSpectrum, channels: number): Float64Array {
  const output = new Float64Array(SCALES * RATES);
  const middle = HALF_RATES - 1;
  const { cos, sin } = circle(channels);
  // Only even rows of the transform are kept, and those have the period of half the channels.
  const half = channels / 2;
  const re = new Float64Array(half);
  const im = new Float64Array(half);
  for (let f = 0; f < HALF_RATES; f++) {
    const row = f * channels;
    for (let c = 0; c < half; c++) {
      re[c] = real[row + c]! + real[row + c + half]!;
      im[c] = imaginary[row + c]! + imaginary[row + c + half]!;
    }
    for (let s = 0; s < SCALES; s++) {
      const step = s * SCALE_STEP_ROWS;
      let [reCos, reSin, imCos, imSin] = [0, 0, 0, 0];
      for (let c = 0, at = 0; c < half; c++) {
        reCos += re[c]! * cos[at]!;
        reSin += re[c]! * sin[at]!;
        imCos += im[c]! * cos[at]!;
        imSin += im[c]! * sin[at]!;
        at += step;
        if (at >= channels) at -= channels;
      }
      // The row at rate -f is the conjugate of the one at f.
      output[s * RATES + middle + f] = Math.hypot(reCos + imSin, imCos - reSin);
      output[s * RATES + middle - f] = Math.hypot(reCos - imSin, imCos + reSin);
    }
  }
  return output;
}

const circles = new Map<number, { cos: Float64Array; sin: Float64Array }>();

/** Cosine and sine of `n` equal steps around the circle; computed once for each `n`. */
export function circle(n: number): { cos: Float64Array; sin: Float64Array } {
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
 * @param mean 20 x 121 magnitudes, above 0, not all equal
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
