import { inputError } from '../base/errors';
import type { ModulationAxes } from '../features';

/**
 * A region of the modulation plane.
 *
 * - `low`: |rate| <= cutoff and scale <= cutoff (the paper's low-pass)
 * - `high`: |rate| > cutoff and scale > cutoff (the paper's high-pass: a corner quadrant)
 * - `not-low`, `not-high`: the true complements, which the paper lacks
 */
export interface Region {
  readonly pass: 'low' | 'high' | 'not-low' | 'not-high';
  /** Temporal cutoff in Hz, at least 0. */
  readonly rateHz: number;
  /** Spectral cutoff in cycles per octave, at least 0. */
  readonly scaleCycPerOct: number;
}

/**
 * The feature columns that a region keeps, ascending. Cells are removed, never zeroed, as in the paper.
 *
 * @returns row-major indices (scale index * number of rates + rate index) into the flattened matrix.
 * @throws StmLabError (`input`) when a cutoff is negative or not a number, or nothing would be kept.
 *
 * Source: arXiv 2505.23509, ablation section; orientation as in the authors' code (training.md §6.2).
 */
export function regionColumns(axes: ModulationAxes, region: Region): Int32Array {
  const { pass, rateHz, scaleCycPerOct } = region;
  if (!(rateHz >= 0) || !(scaleCycPerOct >= 0)) {
    throw inputError(
      `ablation region ${pass} at ${rateHz} Hz, ${scaleCycPerOct} cyc/oct: cutoffs must be 0 or more`,
    );
  }
  const inLow = (rate: number, scale: number): boolean => Math.abs(rate) <= rateHz && scale <= scaleCycPerOct;
  const inHigh = (rate: number, scale: number): boolean => Math.abs(rate) > rateHz && scale > scaleCycPerOct;
  const keep = {
    low: inLow,
    high: inHigh,
    'not-low': (rate: number, scale: number) => !inLow(rate, scale),
    'not-high': (rate: number, scale: number) => !inHigh(rate, scale),
  }[pass];
  const kept: number[] = [];
  axes.scaleCycPerOct.forEach((scale, row) => {
    axes.rateHz.forEach((rate, column) => {
      if (keep(rate, scale)) kept.push(row * axes.rateHz.length + column);
    });
  });
  if (kept.length === 0) {
    throw inputError(
      `ablation region ${pass} at ${rateHz} Hz, ${scaleCycPerOct} cyc/oct keeps no feature; lower the cutoffs`,
    );
  }
  return Int32Array.from(kept);
}

/** Every combination of the given cutoffs, pass by pass, rate by rate, scale by scale (the paper: 2 x 7 x 7). */
export function regionGrid(options: {
  readonly passes: readonly Region['pass'][];
  readonly rateHz: readonly number[];
  readonly scaleCycPerOct: readonly number[];
}): Region[] {
  return options.passes.flatMap((pass) =>
    options.rateHz.flatMap((rateHz) =>
      options.scaleCycPerOct.map((scaleCycPerOct) => ({ pass, rateHz, scaleCycPerOct })),
    ),
  );
}

/** A short name for files and runs, e.g. "low-rate4-scale6". */
export function regionName(region: Region): string {
  return `${region.pass}-rate${region.rateHz}-scale${region.scaleCycPerOct}`;
}

/**
 * Copies the kept columns of a row-major matrix.
 *
 * @param data rows x columns, float32.
 * @returns rows x kept.length, float32, row-major.
 */
export function selectColumns(data: Float32Array, columns: number, kept: Int32Array): Float32Array {
  const rows = data.length / columns;
  const selected = new Float32Array(rows * kept.length);
  for (let row = 0, out = 0; row < rows; row++) {
    const base = row * columns;
    for (let k = 0; k < kept.length; k++) selected[out++] = data[base + kept[k]!]!;
  }
  return selected;
}
