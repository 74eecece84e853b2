import { FRAME_RATE, SCALE_STEP_ROWS, SCALES } from './axes';
import { circle } from './modulation';

/** Fastest rate that is kept, Hz, as in the published features. */
const FASTEST = 15;

/** Modulation magnitudes of a window of any length. */
export interface ShortModulation {
  /** Scales x rates, row-major; not negative. */
  readonly values: Float64Array;
  /** Ascending, in steps of one over the window's length. */
  readonly rateHz: readonly number[];
}

/**
 * The modulation spectrum of a window of a cochleagram, as the published one of 500 frames: magnitude of the 2-D Fourier
 * transform without window or mean removal, rates up to 15 Hz, every second row of the non-negative scales. The shorter the
 * window, the coarser the rates: a window of 1 s has steps of 1 Hz and nothing slower but the mean.
 *
 * @param levels dB, channels x frames, row-major; two frames or more.
 * @param channels number of channels.
 */
export function shortModulation(levels: Float32Array, channels: number): ShortModulation {
  const frames = levels.length / channels;
  const step = FRAME_RATE / frames;
  // Half of the frames' rate at most.
  const most = Math.min(Math.floor(FASTEST / step + 1e-9), Math.ceil(frames / 2) - 1);
  const rates = 2 * most + 1;
  const values = new Float64Array(SCALES * rates);
  const [along, across] = [circle(frames), circle(channels)];
  const [real, imaginary] = [new Float64Array(channels), new Float64Array(channels)];
  for (let k = 0; k <= most; k++) {
    for (let c = 0; c < channels; c++) {
      let [re, im] = [0, 0];
      for (let n = 0, at = 0; n < frames; n++, at = (at + k) % frames) {
        re += levels[c * frames + n]! * along.cos[at]!;
        im -= levels[c * frames + n]! * along.sin[at]!;
      }
      real[c] = re;
      imaginary[c] = im;
    }
    for (let s = 0; s < SCALES; s++)
      for (const sign of k === 0 ? [1] : [1, -1]) {
        // Of real levels, the transform at rate -k is the conjugate of the one at k.
        let [re, im] = [0, 0];
        for (let c = 0; c < channels; c++) {
          const at = (s * SCALE_STEP_ROWS * c) % channels;
          const [cos, sin] = [across.cos[at]!, -across.sin[at]!];
          re += real[c]! * cos - sign * imaginary[c]! * sin;
          im += real[c]! * sin + sign * imaginary[c]! * cos;
        }
        values[s * rates + most + sign * k] = Math.hypot(re, im);
      }
  }
  return { values, rateHz: Array.from({ length: rates }, (_, i) => (i - most) * step) };
}
