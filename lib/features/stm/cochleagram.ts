import { designLowPass } from '../../audio/resample';
import { EXCERPT_SECONDS } from '../excerpts';
import { loadPffft } from '../kernels/pffft';
import { ANALYSIS_RATE, FRAMES } from './axes';
import type { FilterBank } from './filterBank';

/** Samples of an excerpt at the analysis rate. */
export const EXCERPT_SAMPLES = EXCERPT_SECONDS * ANALYSIS_RATE;
const STEP = EXCERPT_SAMPLES / FRAMES;

/** Computes log spectrograms of excerpts with one filter bank. */
export interface CochleagramKernel {
  readonly bank: FilterBank;
  /**
   * @param excerpt 64,000 samples at 16 kHz
   * @returns dB above 1e-4, not negative: channels x 500 frames, row-major, Float32Array.
   */
  compute(excerpt: Float32Array): Float32Array;
}

/**
 * Prepares the cochleagram: Gaussian band-pass channels in the frequency domain, magnitude of the analytic signal,
 * low-pass to 125 frames per second, 20 log10 + 80 dB with negative values set to 0.
 *
 * Source: the code published with arXiv 2505.23509.
 */
export async function createCochleagramKernel(bank: FilterBank): Promise<CochleagramKernel> {
  const fft = await loadPffft();
  const forward = fft.plan(EXCERPT_SAMPLES, 'real');
  const backward = fft.plan(EXCERPT_SAMPLES, 'complex');
  const input = fft.allocate(EXCERPT_SAMPLES * 4);
  const spectrum = fft.allocate(EXCERPT_SAMPLES * 4);
  const band = fft.allocate(EXCERPT_SAMPLES * 8);
  const analytic = fft.allocate(EXCERPT_SAMPLES * 8);
  const scratch = fft.allocate(EXCERPT_SAMPLES * 8);
  const view = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const lowPass = Float32Array.from(designLowPass(STEP));
  const half = (lowPass.length - 1) / 2;
  const envelope = new Float32Array(EXCERPT_SAMPLES);
  return {
    bank,
    compute(excerpt) {
      view(input, EXCERPT_SAMPLES).set(excerpt);
      fft.transform(forward, input, spectrum, scratch, 'forward', 'ordered');
      const count = bank.centreHz.length;
      const output = new Float32Array(count * FRAMES);
      const bins = view(spectrum, EXCERPT_SAMPLES);
      const values = view(band, 2 * EXCERPT_SAMPLES);
      const signal = view(analytic, 2 * EXCERPT_SAMPLES);
      for (let c = 0; c < count; c++) {
        values.fill(0);
        const mean = bank.peakHz[c]! * EXCERPT_SECONDS;
        const sigma = bank.sigmaHz[c]! * EXCERPT_SECONDS;
        const last = EXCERPT_SAMPLES / 2;
        for (let k = 0; k <= last; k++) {
          const weight = ((k === 0 ? 1 : 2) * Math.exp(-0.5 * ((k - mean) / sigma) ** 2)) / EXCERPT_SAMPLES;
          if (weight < 1e-30) continue;
          // PFFFT keeps the real Nyquist bin in the imaginary part of bin 0.
          values[2 * k] = weight * (k === last ? bins[1]! : bins[2 * k]!);
          values[2 * k + 1] = k === 0 || k === last ? 0 : weight * bins[2 * k + 1]!;
        }
        fft.transform(backward, band, analytic, scratch, 'backward', 'ordered');
        for (let i = 0; i < EXCERPT_SAMPLES; i++)
          envelope[i] = Math.hypot(signal[2 * i]!, signal[2 * i + 1]!);
        for (let n = 0; n < FRAMES; n++) {
          const first = n * STEP - half;
          const to = Math.min(lowPass.length, EXCERPT_SAMPLES - first);
          let sum = 0;
          for (let j = Math.max(0, -first); j < to; j++) sum += lowPass[j]! * envelope[first + j]!;
          output[c * FRAMES + n] = sum > 1e-4 ? 20 * Math.log10(sum) + 80 : 0;
        }
      }
      return output;
    },
  };
}
