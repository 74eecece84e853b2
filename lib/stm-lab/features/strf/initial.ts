import { randomState } from 'research-basics/random/mt19937';
import { checkSeed } from 'research-basics/random/seeds';
import { gridAxis, type GridName, type KernelShape } from './grid';
import type { ComplexKernel, GaborFilter } from './gabor';

/** How the starting carriers are drawn. */
export interface InitialOptions {
  /** Default 1. */
  readonly seed?: number;
  /**
   * `geometric` (default): (pi / 2) 1.41^-u, u uniform on 0 .. 5; `rayleigh`: Rayleigh of scale 1.1, the
   * released code's other choice, which has no upper end.
   */
  readonly carriers?: 'geometric' | 'rayleigh';
}

/** Base of the released code's geometric laws: 1.41, not the root of 2. */
const RATIO = 1.41;

/**
 * Draws the starting filters of a layer: angle uniform on -pi .. pi, carrier as `carriers` says, both
 * sigmas independently 2 * 1.41^u with u uniform on 0 .. 6 (2 to 15.7 taps).
 *
 * @param count number of filters.
 */
export function initialFilters(count: number, options: InitialOptions = {}): GaborFilter[] {
  const { seed = 1, carriers = 'geometric' } = options;
  const state = randomState(checkSeed(seed));
  return Array.from({ length: count }, () => {
    const angle = Math.PI * (1 - 2 * state.double());
    const carrier =
      carriers === 'geometric'
        ? (Math.PI / 2) * RATIO ** (-5 * state.double())
        : 1.1 * Math.sqrt(-2 * Math.log(1 - state.double()));
    const sigmaFrequency = 2 * RATIO ** (6 * state.double());
    const sigmaTime = 2 * RATIO ** (6 * state.double());
    return { carrier, angle, sigmaFrequency, sigmaTime };
  });
}

/** A filter of the classical bank, which training leaves as it is. */
export interface ClassicalFilter {
  readonly carrier: number;
  readonly angle: number;
  /** Phase of the carrier, radians. */
  readonly phase: number;
}

/**
 * Draws filters of the classical Gabor bank: carrier (pi / 2) 1.41^-i with i of 0 .. 4, angle i pi / 8
 * with i of 0 .. 7, phase uniform on 0 .. pi.
 */
export function classicalFilters(count: number, seed = 1): ClassicalFilter[] {
  const state = randomState(checkSeed(seed));
  return Array.from({ length: count }, () => ({
    carrier: (Math.PI / 2) * RATIO ** -state.interval(4),
    angle: (state.interval(7) * Math.PI) / 8,
    phase: Math.PI * state.double(),
  }));
}

/**
 * Kernel of a classical filter. Its envelope is round (both sigmas pi / carrier), so that turning the
 * coordinates leaves it as it is; the factor 1 / (2 pi sigma^2) is that of the learnable kernels.
 */
export function classicalKernel(
  { carrier, angle, phase }: ClassicalFilter,
  shape: KernelShape,
  grid: GridName = 'centred',
): ComplexKernel {
  const fs = gridAxis(shape.frequencyTaps, grid);
  const ts = gridAxis(shape.timeTaps, grid);
  const sigma = Math.PI / carrier;
  const values = (of: (x: number) => number): Float64Array =>
    Float64Array.from({ length: fs.length * ts.length }, (_, at) => {
      const f = fs[Math.floor(at / ts.length)]!;
      const t = ts[at % ts.length]!;
      const envelope = Math.exp(-(f * f + t * t) / (2 * sigma * sigma)) / (2 * Math.PI * sigma * sigma);
      return envelope * of(carrier * (t * Math.cos(angle) + f * Math.sin(angle)) + phase);
    });
  return { real: values(Math.cos), imaginary: values(Math.sin) };
}
