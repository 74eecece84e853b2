import { inputError } from 'research-basics/errors';
import { planeCells, planeRows, type PlaneAxes } from '../features';

/**
 * A region of the modulation plane.
 *
 * - `low`: |rate| <= cutoff and scale <= cutoff (the paper's low-pass)
 * - `high`: |rate| > cutoff and scale > cutoff (the paper's high-pass: a corner quadrant)
 * - `not-low`, `not-high`: the true complements, which the paper lacks
 *
 * A cutoff that is left out does not restrict: `{ pass: 'low', rateHz: 4 }` is |rate| <= 4 Hz at every scale.
 */
export interface Region {
  readonly pass: 'low' | 'high' | 'not-low' | 'not-high';
  /** Temporal cutoff in Hz, at least 0. */
  readonly rateHz?: number | undefined;
  /** Spectral cutoff in cycles per octave, at least 0. */
  readonly scaleCycPerOct?: number | undefined;
}

/**
 * The feature columns that a region keeps, ascending. Cells are removed, never zeroed, as in the paper.
 *
 * @returns row-major indices (scale index * number of rates + rate index) into the flattened matrix, of every plane.
 * @throws UserError (`input`) when a cutoff is negative or not a number, both are left out, nothing would be kept, or a
 *   cutoff in cycles per octave meets features that have no such axis.
 *
 * Source: arXiv 2505.23509, ablation section; orientation as in the authors' code.
 */
export function regionColumns(axes: PlaneAxes, region: Region): Int32Array {
  const { pass, rateHz, scaleCycPerOct } = region;
  const given = [rateHz, scaleCycPerOct].filter((cutoff) => cutoff !== undefined);
  if (given.length === 0)
    throw inputError(`ablation region ${pass}: give a cutoff in Hz, in cyc/oct, or both`);
  if (!given.every((cutoff) => cutoff >= 0)) {
    throw inputError(`ablation region ${regionText(region)}: cutoffs must be 0 or more`);
  }
  if (scaleCycPerOct !== undefined && axes.scaleCycPerOct === undefined)
    throw inputError(
      `ablation region ${regionText(region)}: these features have no axis in cyc/oct; leave that cutoff out`,
    );
  const above = (value: number, cutoff: number | undefined): boolean | undefined =>
    cutoff === undefined ? undefined : value > cutoff;
  const inLow = (rate: number, scale: number): boolean =>
    above(Math.abs(rate), rateHz) !== true && above(scale, scaleCycPerOct) !== true;
  const inHigh = (rate: number, scale: number): boolean =>
    above(Math.abs(rate), rateHz) !== false && above(scale, scaleCycPerOct) !== false;
  const keep = {
    low: inLow,
    high: inHigh,
    'not-low': (rate: number, scale: number) => !inLow(rate, scale),
    'not-high': (rate: number, scale: number) => !inHigh(rate, scale),
  }[pass];
  const kept: number[] = [];
  const cells = planeCells(axes);
  for (let plane = 0; plane < (axes.planes?.length ?? 1); plane++)
    planeRows(axes).values.forEach((scale, row) => {
      axes.rateHz.forEach((rate, column) => {
        if (keep(rate, scale)) kept.push(plane * cells + row * axes.rateHz.length + column);
      });
    });
  if (kept.length === 0) {
    throw inputError(`ablation region ${regionText(region)} keeps no feature; lower the cutoffs`);
  }
  return Int32Array.from(kept);
}

/** What a region keeps, in words and symbols: "|rate| <= 4 Hz and scale <= 2 cyc/oct". */
export function regionText({ pass, rateHz, scaleCycPerOct }: Region): string {
  const sign = pass === 'low' || pass === 'not-high' ? '<=' : '>';
  return [
    ...(rateHz === undefined ? [] : [`|rate| ${sign} ${rateHz} Hz`]),
    ...(scaleCycPerOct === undefined ? [] : [`scale ${sign} ${scaleCycPerOct} cyc/oct`]),
  ].join(pass === 'low' || pass === 'high' ? ' and ' : ' or ');
}

/** Which regions an ablation has. */
export interface RegionDesign {
  /** Regions at every pair of cutoffs. */
  readonly passes: readonly Region['pass'][];
  readonly rateHz: readonly number[];
  readonly scaleCycPerOct: readonly number[];
  /** `yes`: also low-pass and high-pass along one axis with all of the other. Default `no`. */
  readonly marginals?: 'yes' | 'no' | undefined;
}

/**
 * The regions of an ablation: every pair of cutoffs, pass by pass, rate by rate, scale by scale (the paper:
 * 2 x 7 x 7), then the marginals of the temporal and of the spectral axis. Features without an axis in cycles per octave
 * have one region for each pass and rate.
 */
export function ablationRegions(design: RegionDesign, axes?: PlaneAxes): Region[] {
  const { passes, rateHz: rates, scaleCycPerOct: scales } = design;
  if (axes !== undefined && axes.scaleCycPerOct === undefined)
    return passes.flatMap((pass) => rates.map((rateHz) => ({ pass, rateHz })));
  const grid = passes.flatMap((pass) =>
    rates.flatMap((rateHz) => scales.map((scaleCycPerOct) => ({ pass, rateHz, scaleCycPerOct }))),
  );
  if (design.marginals !== 'yes') return grid;
  const sides = ['low', 'high'] as const;
  return [
    ...grid,
    ...sides.flatMap((pass) => rates.map((rateHz) => ({ pass, rateHz }))),
    ...sides.flatMap((pass) => scales.map((scaleCycPerOct) => ({ pass, scaleCycPerOct }))),
  ];
}

/** A short name for files and runs, e.g. "low-rate4-scale6". */
export function regionName({ pass, rateHz, scaleCycPerOct }: Region): string {
  return [
    pass,
    ...(rateHz === undefined ? [] : [`rate${rateHz}`]),
    ...(scaleCycPerOct === undefined ? [] : [`scale${scaleCycPerOct}`]),
  ].join('-');
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
