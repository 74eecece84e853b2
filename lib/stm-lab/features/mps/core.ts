import { resample } from '../../audio/resample';
import { loadPffft } from '../kernels/pffft';
import { planeCells, type PlaneAxes } from '../plane';
import {
  analysePlane,
  PLANE_PARAMETERS,
  type PlaneKernel,
  type PlaneOptions,
  type PlaneParameters,
  type PlaneResult,
} from '../planeAnalysis';
import { ANALYSIS_RATE } from '../stm/axes';
import { MPS_BINS, MPS_FFT, MPS_HOP, MPS_WINDOW, spectrogramWindow } from './filterBank';
import { createFastTransforms, fastTransform, modulationPower, RANGE_DB, standardise } from './power';

/** Parameters of the modulation power spectrum. */
export interface MpsParameters extends PlaneParameters {
  /** Of the spectrogram: `log` (default; dB, floored 50 dB below its maximum) or `linear`. */
  readonly amplitude: 'log' | 'linear';
}

/** The defaults. */
export const MPS_PARAMETERS: MpsParameters = { amplitude: 'log', ...PLANE_PARAMETERS };

const FRAME_RATE = ANALYSIS_RATE / MPS_HOP;
/** Frames of the window along time: 1 s, odd. */
const WINDOW_FRAMES = FRAME_RATE + 1;
/** Power below this counts as this. */
const FLOOR = 1e-9;

/**
 * The axes of MPS features: two planes (mean over time, standard deviation over time) of 49 scales 0 ... 6 cyc/kHz by 41
 * rates -20 ... 20 Hz.
 */
export function mpsAxes(): PlaneAxes {
  return {
    planes: ['mean', 'deviation over time'],
    scaleCycPerKHz: Array.from({ length: 49 }, (_, i) => (i * 1000) / (MPS_BINS * (ANALYSIS_RATE / MPS_FFT))),
    rateHz: Array.from({ length: 41 }, (_, i) => i - 20),
  };
}

/**
 * Prepares the modulation power spectrum of excerpts: a spectrogram (Gaussian windows of 50 Hz resolution, 320 frames a
 * second, 0 to 8 kHz), standardised, in Gaussian windows of 1 s (see `modulationPower`). Features are in dB: the mean
 * power over windows, and the standard deviation over windows of each window's dB.
 */
export async function createMpsKernel({
  amplitude = 'log',
}: Partial<Pick<MpsParameters, 'amplitude'>> = {}): Promise<PlaneKernel> {
  const frame = fastTransform(await loadPffft(), MPS_FFT, 'real');
  const fast = await createFastTransforms(MPS_BINS, WINDOW_FRAMES);
  const window = spectrogramWindow(ANALYSIS_RATE);
  const axes = mpsAxes();
  const { rateHz, scaleCycPerKHz } = axes as Required<Pick<PlaneAxes, 'rateHz' | 'scaleCycPerKHz'>>;
  const cells = planeCells(axes);
  /** Amplitudes, bins x frames; undefined for a constant signal. */
  const spectrogram = (x: Float32Array, gain: number): Float64Array | undefined => {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const frames = Math.floor((x.length - MPS_WINDOW) / MPS_HOP) + 1;
    const values = new Float64Array(MPS_BINS * frames);
    let largest = 0;
    for (let n = 0; n < frames; n++) {
      const buffer = frame.input();
      for (let i = 0; i < MPS_WINDOW; i++) buffer[i] = (x[n * MPS_HOP + i]! - mean) * gain * window[i]!;
      const bins = frame.transform();
      for (let k = 0; k < MPS_BINS; k++) {
        const value = bins[2 * k]! ** 2 + (k === 0 ? 0 : bins[2 * k + 1]! ** 2);
        values[k * frames + n] = value;
        if (value > largest) largest = value;
      }
    }
    if (!(largest > 1e-8 && largest < Infinity)) return undefined;
    const least = largest * 10 ** (-RANGE_DB / 10);
    for (let i = 0; i < values.length; i++)
      values[i] = amplitude === 'log' ? 10 * Math.log10(Math.max(values[i]!, least)) : Math.sqrt(values[i]!);
    return values;
  };
  return {
    analyse(samples, gain, resampler) {
      const values = spectrogram(resample(samples, resampler), gain);
      if (values === undefined || !standardise(values, amplitude)) return undefined;
      // Of power, of its dB, and of their squares.
      const sums = new Float64Array(3 * cells);
      let windows = 0;
      const wanted = { rateHz, scales: scaleCycPerKHz.length };
      const whole = { values, bins: MPS_BINS, frameRate: FRAME_RATE };
      modulationPower(
        whole,
        WINDOW_FRAMES,
        wanted,
        (power) => {
          windows++;
          for (let i = 0; i < cells; i++) {
            const decibels = 10 * Math.log10(Math.max(power[i]!, FLOOR));
            sums[i]! += power[i]!;
            sums[cells + i]! += decibels;
            sums[2 * cells + i]! += decibels ** 2;
          }
        },
        fast,
      );
      return sums.map((sum) => sum / windows);
    },
    toFeatures: (mean) =>
      Float32Array.from({ length: 2 * cells }, (_, i) =>
        i < cells
          ? 10 * Math.log10(Math.max(mean[i]!, FLOOR))
          : Math.sqrt(Math.max(0, mean[cells + i]! - mean[i]! ** 2)),
      ),
  };
}

/**
 * Modulation power spectrum of a recording held in memory.
 *
 * @param samples mono, any level, at least 4 s
 * @param sampleRate Hz, a positive integer
 * @returns 2 x 49 x 41 features in dB; see `createMpsKernel` and `mpsAxes`.
 * @throws UserError (`input`) when no excerpt is accepted.
 */
export async function extractMps(
  samples: Float32Array,
  sampleRate: number,
  options: PlaneOptions & Partial<MpsParameters> = {},
): Promise<PlaneResult & { readonly axes: PlaneAxes }> {
  const kernel = await createMpsKernel(options);
  return { ...analysePlane(kernel, samples, sampleRate, options), axes: mpsAxes() };
}
