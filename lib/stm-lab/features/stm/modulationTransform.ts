import type { StmKernels } from '../kernels/stmKernels';
import { FRAMES, RATES, SCALE_STEP_ROWS, SCALES } from './axes';
import { circle } from './modulation';

/** Rates whose transform is computed: the negative ones follow from the signal being real. */
export const HALF_RATES = (RATES + 1) / 2;
/** Rates that the kernel computes: 0, and whole groups. */
const COMPUTED_RATES = 65;
/** Rates in a group, every second one, and the values of a row folded around its middle and the middles of its halves. */
const GROUP = 8;
const FOLDED = FRAMES / 4 + 1;

/** A cochleagram's transform along time: rates 0 ... 15 Hz x channels. Views that the next call overwrites. */
export interface RateSpectrum {
  readonly real: Float32Array;
  readonly imaginary: Float32Array;
}

/** The 2-D Fourier transform of a cochleagram in the kernels' memory, as far as it is kept. */
export interface ModulationTransform {
  /** Along time only. */
  rateSpectrum(): RateSpectrum;
  /**
   * The kept part of the magnitude of the 2-D transform (no window, no mean removal): rates -15 ... 15 Hz, every second
   * row of the non-negative scales.
   *
   * @returns 20 scales x 121 rates, row-major, Float64Array of its own, not negative. A ripple that drifts upward in
   *   frequency has its energy at negative rates.
   */
  modulation(): Float64Array;
}

/** Cosines and negative sines of a row's folded values: rates 1, 3 ... 63, then 2, 4 ... 64, in groups of 8. */
function rateTables(): Float64Array {
  const { cos, sin } = circle(FRAMES);
  const firsts = [1, 2].flatMap((parity) => [0, 1, 2, 3].map((group) => parity + 2 * GROUP * group));
  return Float64Array.from(
    firsts.flatMap((first) =>
      Array.from({ length: FOLDED }, (_, n) => {
        const steps = Array.from({ length: GROUP }, (_r, i) => ((first + 2 * i) * n) % FRAMES);
        return [...steps.map((step) => cos[step]!), ...steps.map((step) => -sin[step]!)];
      }).flat(),
    ),
  );
}

/** For each channel of the lower half: cosines of all scales, then their sines. */
function scaleTables(channels: number): Float64Array {
  const { cos, sin } = circle(channels);
  return Float64Array.from(
    Array.from({ length: channels / 2 }, (_, c) => {
      const steps = Array.from({ length: SCALES }, (_s, s) => (s * SCALE_STEP_ROWS * c) % channels);
      return [...steps.map((step) => cos[step]!), ...steps.map((step) => sin[step]!)];
    }).flat(),
  );
}

/**
 * Prepares the transform of a cochleagram.
 *
 * @param rows address of the cochleagram, channels x 500 float32
 * @param channels number of channels, even
 * @param memory gives room for a number of float32 values, 16-byte aligned, and a view of all memory as it is now
 */
export function createModulationTransform(
  kernels: Pick<StmKernels, 'rowTransform' | 'scaleTransform'>,
  rows: number,
  channels: number,
  memory: { allocate(floats: number): number; bytes(): ArrayBuffer },
): ModulationTransform {
  const rateTable = memory.allocate(COMPUTED_RATES * 2 * FOLDED);
  const scaleTable = memory.allocate(2 * SCALES * channels);
  const work = memory.allocate(8 * FOLDED);
  const sums = memory.allocate(2 * channels);
  const real = memory.allocate(COMPUTED_RATES * channels);
  const imaginary = memory.allocate(COMPUTED_RATES * channels);
  const output = memory.allocate(2 * SCALES * RATES);
  new Float32Array(memory.bytes()).set(rateTables(), rateTable / 4);
  new Float64Array(memory.bytes()).set(scaleTables(channels), scaleTable / 8);
  const alongTime = (): void => kernels.rowTransform(rows, channels, rateTable, work, real, imaginary);
  return {
    rateSpectrum() {
      alongTime();
      const part = (address: number): Float32Array =>
        new Float32Array(memory.bytes(), address, HALF_RATES * channels);
      return { real: part(real), imaginary: part(imaginary) };
    },
    modulation() {
      alongTime();
      kernels.scaleTransform(real, imaginary, channels, HALF_RATES, scaleTable, SCALES, sums, output);
      return new Float64Array(memory.bytes(), output, SCALES * RATES).slice();
    },
  };
}
