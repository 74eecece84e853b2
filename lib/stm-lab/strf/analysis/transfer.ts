import { inputError } from 'research-basics/errors';
import { symmetricEigen } from '../../reduction/symmetricEigen';
import { gaborKernel, type GaborFilter, type KernelNorm } from '../../features/strf/gabor';
import { filterTuning, modulationResponse, type UnitContext } from '../units';
import type { ModulationGrid } from './density';

/** Transfer function of a bank over the modulation plane. */
export interface BankTransfer extends ModulationGrid {
  /** Sums to 1; row-major, one row per scale. */
  readonly values: Float64Array;
}

/**
 * Modulation transfer function of a bank: the sum of the kernels' power responses, each with the square
 * of its weight.
 *
 * @param options `weights` of the filters; default 1 each.
 * @throws UserError (`input`) for no filters.
 */
export function bankTransfer(
  filters: readonly GaborFilter[],
  units: UnitContext,
  options: { readonly weights?: readonly number[]; readonly norm?: KernelNorm } = {},
): BankTransfer {
  if (filters.length === 0) throw inputError('bank transfer function: there are no filters');
  const { weights, norm = 'l2' } = options;
  const { frameRate, bandsPerOctave, shape, grid = 'centred' } = units;
  let total = new Float64Array();
  let axes: ModulationGrid = { rateHz: [], scaleCycPerOct: [] };
  filters.forEach((filter, k) => {
    const response = modulationResponse(gaborKernel(filter, shape, { grid, norm }), shape);
    if (k === 0) {
      total = new Float64Array(response.power.length);
      axes = {
        rateHz: Array.from(response.frameCycles, (cycles) => cycles * frameRate),
        scaleCycPerOct: Array.from(response.bandCycles, (cycles) => cycles * bandsPerOctave),
      };
    }
    const gain = (weights?.[k] ?? 1) ** 2;
    response.power.forEach((power, i) => (total[i]! += gain * power));
  });
  const sum = total.reduce((a, b) => a + b, 0);
  return { ...axes, values: total.map((value) => value / sum) };
}

/** Numbers that describe a bank, after Singh & Theunissen 2003 (definitions ours). */
export interface BankDescription {
  /** Share of the transfer function with |rate| below 10 Hz and scale below 1 cyc/oct. */
  readonly lowPass: number;
  /** (upward - downward) / (upward + downward). */
  readonly asymmetry: number;
  /** First singular value's share of the energy, mean of the two directions: 1 for a product of two curves. */
  readonly separability: number;
  /** Share with |rate| below 2 Hz or scale below 0.25 cyc/oct. */
  readonly nearAxes: number;
  /** Mean |rate|, Hz, and mean scale, cyc/oct, under the transfer function. */
  readonly meanRateHz: number;
  readonly meanScaleCycPerOct: number;
  /** Filters whose carrier runs within 10 degrees of the time axis, and of the frequency axis. */
  readonly temporalOnly: number;
  readonly spectralOnly: number;
  /** Medians over filters. */
  readonly medianRateHz: number;
  readonly medianScaleCycPerOct: number;
}

/** Describes a bank of filters. */
export function describeBank(
  filters: readonly GaborFilter[],
  units: UnitContext,
  options: { readonly weights?: readonly number[]; readonly norm?: KernelNorm } = {},
): BankDescription {
  const transfer = bankTransfer(filters, units, options);
  const { rateHz, scaleCycPerOct, values } = transfer;
  const columns = rateHz.length;
  const share = (inside: (rate: number, scale: number) => boolean): number =>
    values.reduce(
      (sum, value, i) =>
        inside(rateHz[i % columns]!, scaleCycPerOct[Math.floor(i / columns)]!) ? sum + value : sum,
      0,
    );
  const mean = (of: (rate: number, scale: number) => number): number =>
    values.reduce(
      (sum, value, i) => sum + value * of(rateHz[i % columns]!, scaleCycPerOct[Math.floor(i / columns)]!),
      0,
    );
  const [up, down] = [share((rate) => rate < 0), share((rate) => rate > 0)];
  const tuned = filters.map((filter) => filterTuning(filter, units));
  const within = (angle: number, axis: number): boolean =>
    Math.abs(Math.sin(angle - axis)) < Math.sin((10 * Math.PI) / 180);
  const median = (numbers: number[]): number => {
    const sorted = numbers.sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  };
  return {
    lowPass: share((rate, scale) => Math.abs(rate) < 10 && scale < 1),
    asymmetry: (up - down) / (up + down),
    separability: (separabilityOf(transfer, -1) + separabilityOf(transfer, 1)) / 2,
    nearAxes: share((rate, scale) => Math.abs(rate) < 2 || scale < 0.25),
    meanRateHz: mean((rate) => Math.abs(rate)),
    meanScaleCycPerOct: mean((_, scale) => scale),
    temporalOnly: filters.filter(({ angle }) => within(angle, 0)).length,
    spectralOnly: filters.filter(({ angle }) => within(angle, Math.PI / 2)).length,
    medianRateHz: median(tuned.map((tuning) => Math.abs(tuning.rateHz))),
    medianScaleCycPerOct: median(tuned.map(({ scaleCycPerOct: scale }) => scale)),
  };
}

/** Largest squared singular value over their sum, for the rates of one sign. */
function separabilityOf({ rateHz, scaleCycPerOct, values }: BankTransfer, sign: 1 | -1): number {
  const rows = scaleCycPerOct.length;
  const columns = rateHz.flatMap((rate, column) => (Math.sign(rate) === sign ? [column] : []));
  const gram = new Float64Array(rows * rows);
  let trace = 0;
  for (let a = 0; a < rows; a++)
    for (let b = 0; b <= a; b++) {
      let dot = 0;
      for (const column of columns)
        dot += values[a * rateHz.length + column]! * values[b * rateHz.length + column]!;
      gram[a * rows + b] = gram[b * rows + a] = dot;
      if (a === b) trace += dot;
    }
  return trace > 0 ? Math.max(...symmetricEigen(gram, rows).values) / trace : NaN;
}
