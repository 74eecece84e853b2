import { inputError } from 'research-basics/errors';

/**
 * Where a kernel's taps lie: `centred` on the integers around 0, or as the `authors` released it, a
 * stretched axis from -ceil(k/2) + 1 to ceil(k/2) that misses 0 when k is odd.
 */
export type GridName = 'centred' | 'authors';

/** Taps of a kernel along mel channels and along frames. */
export interface KernelShape {
  readonly frequencyTaps: number;
  readonly timeTaps: number;
}

/** The published kernel: 9 mel channels by 111 frames. */
export const PUBLISHED_SHAPE: KernelShape = { frequencyTaps: 9, timeTaps: 111 };

/** Distance between taps, in channels or frames: 1, or k / (k - 1) on the authors' grid with odd k. */
export function gridStep(taps: number, grid: GridName = 'centred'): number {
  return grid === 'centred' || taps === 1 ? 1 : (2 * Math.ceil(taps / 2) - 1) / (taps - 1);
}

/**
 * Positions of a kernel's taps along one axis.
 *
 * @param taps whole number from 1; odd on the centred grid, so that one tap is 0.
 * @returns Float64Array of `taps` rising positions, in channels or frames.
 * @throws UserError (`input`) for a number of taps that cannot be centred.
 */
export function gridAxis(taps: number, grid: GridName = 'centred'): Float64Array {
  if (!Number.isInteger(taps) || taps < 1 || (grid === 'centred' && taps % 2 === 0))
    throw inputError(
      `kernel of ${taps} taps: give ${grid === 'centred' ? 'an odd number' : 'a whole number'} from 1`,
    );
  const first = grid === 'centred' ? -(taps - 1) / 2 : 1 - Math.ceil(taps / 2);
  const step = gridStep(taps, grid);
  return Float64Array.from({ length: taps }, (_, i) => first + i * step);
}
