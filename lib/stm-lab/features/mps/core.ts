import { resample } from '../../audio/resample';
import { loadPffft } from '../kernels/pffft';
import { loadStmKernels } from '../kernels/stmKernels';
import { planeCells, type PlaneAxes } from '../plane';
import { PLANE_PARAMETERS, type PlaneKernel, type PlaneParameters } from '../planeAnalysis';
import { ANALYSIS_RATE } from '../stm/axes';
import { EXCERPT_SAMPLES } from '../stm/channelPlan';
import { MPS_BINS, MPS_FFT, MPS_HOP, MPS_WINDOW, spectrogramWindow } from './filterBank';
import { createModulationPower, standardise } from './power';

/** Parameters of the modulation power spectrum. */
export interface MpsParameters extends PlaneParameters {
  /** Of the spectrogram: `log` (default; dB, floored 50 dB below its maximum) or `linear`. */
  readonly amplitude: 'log' | 'linear';
}

/** The defaults. */
export const MPS_PARAMETERS: MpsParameters = { amplitude: 'log', ...PLANE_PARAMETERS };

const FRAME_RATE = ANALYSIS_RATE / MPS_HOP;
const FRAMES = Math.floor((EXCERPT_SAMPLES - MPS_WINDOW) / MPS_HOP) + 1;
/** Frames of the window along time: 1 s, odd. */
const WINDOW_FRAMES = FRAME_RATE + 1;
/** Spectrograms in dB are floored so far below their maximum. */
const RANGE_DB = 50;
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
  const fft = await loadPffft();
  const { toDecibels } = await loadStmKernels(fft.memory);
  const plan = fft.plan(MPS_FFT, 'real');
  const [input, output, scratch] = [0, 0, 0].map(() => fft.allocate(4 * MPS_FFT)) as [number, number, number];
  const spectrogram = fft.allocate(4 * MPS_BINS * FRAMES);
  const window = spectrogramWindow(ANALYSIS_RATE);
  const axes = mpsAxes();
  const { rateHz, scaleCycPerKHz } = axes as Required<Pick<PlaneAxes, 'rateHz' | 'scaleCycPerKHz'>>;
  const cells = planeCells(axes);
  const modulationPower = await createModulationPower({
    bins: MPS_BINS,
    frames: FRAMES,
    frameRate: FRAME_RATE,
    windowFrames: WINDOW_FRAMES,
    rateHz,
    scales: scaleCycPerKHz.length,
  });
  // The memory does not grow any more.
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  const [buffer, bins] = [floats(input, MPS_FFT).fill(0), floats(output, MPS_FFT)];
  const values = floats(spectrogram, MPS_BINS * FRAMES);
  /** Fills `values`, frames x bins: amplitudes, or two times dB above the floor; false for a constant signal. */
  const analyse = (x: Float32Array, gain: number): boolean => {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    let largest = 0;
    for (let n = 0; n < FRAMES; n++) {
      for (let i = 0; i < MPS_WINDOW; i++) buffer[i] = (x[n * MPS_HOP + i]! - mean) * gain * window[i]!;
      fft.transform(plan, input, output, scratch, 'forward', 'ordered');
      // The first imaginary part is the last bin's.
      bins[1] = 0;
      for (let k = 0; k < MPS_BINS; k++) {
        const value = bins[2 * k]! ** 2 + bins[2 * k + 1]! ** 2;
        values[n * MPS_BINS + k] = value;
        if (value > largest) largest = value;
      }
    }
    if (!(largest > 1e-8 && largest < Infinity)) return false;
    if (amplitude === 'linear') for (let i = 0; i < values.length; i++) values[i] = Math.sqrt(values[i]!);
    else {
      // 20 log10 of a power is two times dB; the kernel's zero, 80 dB below 1, comes to lie at the floor.
      const scale = 10 ** ((2 * RANGE_DB - 80) / 20) / largest;
      for (let i = 0; i < values.length; i++) values[i]! *= scale;
      toDecibels(spectrogram, values.length);
    }
    return true;
  };
  return {
    analyse(samples, gain, resampler) {
      if (!analyse(resample(samples, resampler), gain) || !standardise(values)) return undefined;
      // Of power, of its dB, and of their squares.
      const sums = new Float64Array(3 * cells);
      let windows = 0;
      modulationPower(values, (power) => {
        windows++;
        for (let i = 0; i < cells; i++) {
          const decibels = 10 * Math.log10(Math.max(power[i]!, FLOOR));
          sums[i]! += power[i]!;
          sums[cells + i]! += decibels;
          sums[2 * cells + i]! += decibels ** 2;
        }
      });
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
