import { loadPffft } from '../kernels/pffft';
import { loadPlaneKernels } from '../kernels/planeKernels';
import { modulationWindow, phases } from './filterBank';

/** Brings values to mean 0 and variance 1, in place; false when all are equal. */
export function standardise(values: Float32Array): boolean {
  // Loops over places: those over values are several times as slow.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let square = 0;
  for (let i = 0; i < values.length; i++) square += (values[i]! - mean) * (values[i]! - mean);
  const scale = 1 / Math.sqrt(square / values.length);
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) * scale;
  return scale < Infinity;
}

/** What a modulation power spectrum is computed of, and where. */
export interface ModulationSize {
  /** Of the spectrogram, whose axes are even. */
  readonly bins: number;
  readonly frames: number;
  readonly frameRate: number;
  /** Odd. */
  readonly windowFrames: number;
  /** Symmetric about 0. */
  readonly rateHz: readonly number[];
  /** How many, from 0 cycles per kHz: the first bins of the transform along frequency. */
  readonly scales: number;
}

/**
 * @param spectrogram frames x bins, row-major
 * @param onWindow is given scales x rates, row-major, of each window; overwritten by the next
 */
export type ModulationPower = (spectrogram: Float32Array, onWindow: (power: Float64Array) => void) => void;

/**
 * Prepares modulation power in overlapping Gaussian windows along time: squared magnitude of the 2-D Fourier transform of
 * the windowed spectrogram. Windows follow one another at a sixth of their length, rounded down; beyond its ends the
 * spectrogram counts as its least value. The window is along time alone, so that one transform along frequency serves all
 * windows; few rates and scales are wanted, so that both transforms are products of matrices, in single precision.
 *
 * Source: Elliott & Theunissen 2009; windows, padding and standardised spectrogram as soundsig 3.1.1 has them.
 */
export async function createModulationPower(size: ModulationSize): Promise<ModulationPower> {
  const { bins, frames, frameRate, windowFrames, rateHz, scales } = size;
  const { memory, allocate } = await loadPffft();
  const { multiplyMatrices } = await loadPlaneKernels(memory);
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(memory.buffer, address, length);
  const upload = (values: Float32Array): number => {
    const address = allocate(4 * values.length);
    floats(address, values.length).set(values);
    return address;
  };
  const half = (windowFrames - 1) / 2;
  const first = (rateHz.length - 1) / 2;
  const count = first + 1;
  // Real and imaginary parts side by side, each in groups of four.
  const imaginary = 4 * Math.ceil(scales / 4);
  const columns = 2 * imaginary;
  const alongFrequency = new Float32Array(bins * columns);
  const turns = phases(
    Array.from({ length: scales }, (_, j) => j / bins),
    bins,
  );
  for (let j = 0; j < scales; j++)
    for (let b = 0; b < bins; b++) {
      alongFrequency[b * columns + j] = turns.cos[j * bins + b]!;
      alongFrequency[b * columns + imaginary + j] = -turns.sin[j * bins + b]!;
    }
  // Cosines of all rates from 0, then sines; the window is in both.
  const timeRows = 4 * Math.ceil((2 * count) / 4);
  const alongTime = new Float32Array(timeRows * windowFrames);
  const weights = modulationWindow(windowFrames);
  const waves = phases(
    rateHz.slice(first).map((rate) => rate / frameRate),
    windowFrames,
  );
  waves.cos.forEach((value, i) => (alongTime[i] = value * weights[i % windowFrames]!));
  waves.sin.forEach((value, i) => (alongTime[count * windowFrames + i] = value * weights[i % windowFrames]!));
  const [scaleWaves, rateWaves] = [upload(alongFrequency), upload(alongTime)];
  const rows = 4 * Math.ceil(frames / 4);
  const input = upload(new Float32Array(rows * bins));
  const spectrum = upload(new Float32Array((rows + 2 * half) * columns));
  const product = upload(new Float32Array(timeRows * columns));
  const power = new Float64Array(scales * rateHz.length);
  const shift = Math.max(1, Math.floor(half / 3));
  return (spectrogram, onWindow) => {
    floats(input, frames * bins).set(spectrogram);
    multiplyMatrices(input, scaleWaves, spectrum + 4 * half * columns, rows, bins, columns);
    // The transform of a constant.
    let least = Infinity;
    for (let i = 0; i < spectrogram.length; i++) least = Math.min(least, spectrogram[i]!);
    for (const from of [0, half + frames]) {
      const padding = floats(spectrum + 4 * from * columns, half * columns).fill(0);
      for (let n = 0; n < half; n++) padding[n * columns] = least * bins;
    }
    const sums = floats(product, timeRows * columns);
    for (let middle = shift - 1; middle < frames - 1; middle += shift) {
      multiplyMatrices(rateWaves, spectrum + 4 * middle * columns, product, timeRows, windowFrames, columns);
      for (let k = 0; k < count; k++)
        for (let j = 0; j < scales; j++) {
          const cosine = k * columns + j;
          const sine = cosine + count * columns;
          const cell = j * rateHz.length + first;
          const cosRe = sums[cosine]!;
          const cosIm = sums[cosine + imaginary]!;
          const sinRe = sums[sine]!;
          const sinIm = sums[sine + imaginary]!;
          power[cell + k] = (cosRe + sinIm) ** 2 + (cosIm - sinRe) ** 2;
          power[cell - k] = (cosRe - sinIm) ** 2 + (cosIm + sinRe) ** 2;
        }
      onWindow(power);
    }
  };
}
