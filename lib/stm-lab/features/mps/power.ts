import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { loadPffft, type FftPlan, type Pffft } from '../kernels/pffft';
import { modulationWindow, phases } from './filterBank';

/** Spectrograms in dB are floored so far below their maximum. */
export const RANGE_DB = 50;

/** A spectrogram on even axes. */
export interface Spectrogram {
  /** Row-major bins x frames. */
  readonly values: Float64Array;
  readonly bins: number;
  readonly frameRate: number;
}

/** Brings values to mean 0 and variance 1, in dB after raising them to 50 dB below the largest; false when all are equal. */
export function standardise(values: Float64Array, amplitude: 'log' | 'linear'): boolean {
  let largest = -Infinity;
  for (const value of values) if (value > largest) largest = value;
  const floor = amplitude === 'log' ? largest - RANGE_DB : -Infinity;
  let mean = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < floor) values[i] = floor;
    mean += values[i]! / values.length;
  }
  let square = 0;
  for (const value of values) square += (value - mean) ** 2 / values.length;
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) * scale;
  return scale < Infinity;
}

/** A transform of one length: fill its input, take its output, which the next one overwrites. */
interface FastTransform {
  input(): Float32Array;
  transform(): Float32Array;
}

/** Transforms in WebAssembly, single precision: of the bins of a frame, and of a window less one of its frames. */
export interface FastTransforms {
  readonly frequency: FastTransform;
  readonly time: FastTransform;
}

/** A transform of one length with room of its own, its input filled with zeros. */
export function fastTransform(fft: Pffft, length: number, kind: FftPlan['kind']): FastTransform {
  const plan = fft.plan(length, kind);
  const floats = kind === 'real' ? length : 2 * length;
  const [input, output, scratch] = [0, 0, 0].map(() => fft.allocate(4 * floats)) as [number, number, number];
  const view = (address: number): Float32Array => new Float32Array(fft.memory.buffer, address, floats);
  view(input).fill(0);
  return {
    input: () => view(input),
    transform() {
      fft.transform(plan, input, output, scratch, 'forward', 'ordered');
      return view(output);
    },
  };
}

/** Prepares them; `bins` and `windowFrames - 1` are multiples of 32 and 16 without prime factors above 5. */
export async function createFastTransforms(bins: number, windowFrames: number): Promise<FastTransforms> {
  const fft = await loadPffft();
  return {
    frequency: fastTransform(fft, bins, 'real'),
    time: fastTransform(fft, windowFrames - 1, 'complex'),
  };
}

/**
 * Modulation power in overlapping Gaussian windows along time: squared magnitude of the 2-D Fourier transform of the
 * windowed spectrogram. Windows follow one another at a sixth of their length, rounded down; beyond its ends the
 * spectrogram counts as its least value.
 *
 * @param windowFrames odd
 * @param rateHz symmetric about 0
 * @param scales how many, from 0 cycles per kHz: the first bins of the transform along frequency
 * @param onWindow is given scales x rates, row-major, of each window; overwritten by the next
 * @param fast for rates that are whole turns of a window less one frame; default: double precision, rate by rate
 *
 * Source: Elliott & Theunissen 2009; windows, padding and standardised spectrogram as soundsig 3.1.1 has them.
 */
export function modulationPower(
  { values, bins, frameRate }: Spectrogram,
  windowFrames: number,
  { rateHz, scales }: { readonly rateHz: readonly number[]; readonly scales: number },
  onWindow: (power: Float64Array) => void,
  fast?: FastTransforms,
): void {
  const frames = values.length / bins;
  const half = (windowFrames - 1) / 2;
  const first = (rateHz.length - 1) / 2;
  const count = first + 1;
  const weights = modulationWindow(windowFrames);
  const { cos, sin } = phases(rateHz.slice(first), half + 1, 1 / frameRate);
  // The window is along time alone, so that one transform along frequency serves all windows.
  const { real, imaginary } = alongFrequency(values, bins, scales, half, fast);
  const length = frames + 2 * half;
  const [evenRe, evenIm, oddRe, oddIm] = Array.from({ length: 4 }, () => new Float64Array(half + 1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const power = new Float64Array(scales * rateHz.length);
  const shift = Math.max(1, Math.floor(half / 3));
  for (let middle = shift - 1; middle < frames - 1; middle += shift) {
    for (let j = 0; j < scales; j++) {
      const at = j * length + half + middle;
      const cell = j * rateHz.length + first;
      if (fast !== undefined) {
        const turn = windowFrames - 1;
        const input = fast.time.input();
        for (let n = 0; n < turn; n++) {
          input[2 * n] = weights[n]! * real[at - half + n]!;
          input[2 * n + 1] = weights[n]! * imaginary[at - half + n]!;
        }
        // The last frame is one turn of every rate after the first.
        input[0]! += weights[turn]! * real[at + half]!;
        input[1]! += weights[turn]! * imaginary[at + half]!;
        const spectrum = fast.time.transform();
        for (let k = -first; k <= first; k++) {
          const bin = 2 * ((k + turn) % turn);
          power[cell + k] = spectrum[bin]! ** 2 + spectrum[bin + 1]! ** 2;
        }
        continue;
      }
      for (let n = 0; n <= half; n++) {
        const weight = weights[half + n]! * (n === 0 ? 0.5 : 1);
        evenRe[n] = weight * (real[at + n]! + real[at - n]!);
        evenIm[n] = weight * (imaginary[at + n]! + imaginary[at - n]!);
        oddRe[n] = weight * (real[at + n]! - real[at - n]!);
        oddIm[n] = weight * (imaginary[at + n]! - imaginary[at - n]!);
      }
      for (let k = 0, i = 0; k < count; k++) {
        let [cosRe, cosIm, sinRe, sinIm] = [0, 0, 0, 0];
        for (let n = 0; n <= half; n++, i++) {
          cosRe += evenRe[n]! * cos[i]!;
          cosIm += evenIm[n]! * cos[i]!;
          sinRe += oddRe[n]! * sin[i]!;
          sinIm += oddIm[n]! * sin[i]!;
        }
        power[cell + k] = (cosRe + sinIm) ** 2 + (cosIm - sinRe) ** 2;
        power[cell - k] = (cosRe - sinIm) ** 2 + (cosIm + sinRe) ** 2;
      }
    }
    onWindow(power);
  }
}

/** Scales x frames of the transform along frequency, with `padding` frames of the least value at both ends. */
function alongFrequency(
  values: Float64Array,
  bins: number,
  scales: number,
  padding: number,
  fast: FastTransforms | undefined,
): { readonly real: Float64Array; readonly imaginary: Float64Array } {
  const frames = values.length / bins;
  const length = frames + 2 * padding;
  const real = new Float64Array(scales * length);
  const imaginary = new Float64Array(scales * length);
  let least = Infinity;
  for (const value of values) if (value < least) least = value;
  // The transform of a constant.
  for (let n = 0; n < padding; n++) real[n] = real[length - 1 - n] = least * bins;
  if (fast !== undefined) {
    for (let n = 0; n < frames; n++) {
      const input = fast.frequency.input();
      for (let b = 0; b < bins; b++) input[b] = values[b * frames + n]!;
      const spectrum = fast.frequency.transform();
      for (let j = 0; j < scales; j++) {
        real[j * length + padding + n] = spectrum[2 * j]!;
        // The first imaginary part is the last bin's.
        imaginary[j * length + padding + n] = j === 0 ? 0 : spectrum[2 * j + 1]!;
      }
    }
    return { real, imaginary };
  }
  const fourier = fourierTransform(bins);
  const re = new Float64Array(bins);
  const im = new Float64Array(bins);
  for (let n = 0; n < frames; n += 2) {
    // Two real frames ride in one complex transform.
    const second = n + 1 < frames ? 1 : 0;
    for (let b = 0; b < bins; b++) {
      re[b] = values[b * frames + n]!;
      im[b] = second * values[b * frames + n + second]!;
    }
    fourier.transform(re, im);
    for (let j = 0; j < scales; j++) {
      const mirror = (bins - j) % bins;
      const at = j * length + padding + n;
      real[at] = (re[j]! + re[mirror]!) / 2;
      imaginary[at] = (im[j]! - im[mirror]!) / 2;
      if (second === 0) continue;
      real[at + 1] = (im[j]! + im[mirror]!) / 2;
      imaginary[at + 1] = (re[mirror]! - re[j]!) / 2;
    }
  }
  return { real, imaginary };
}
