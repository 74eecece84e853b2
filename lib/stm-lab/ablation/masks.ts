import { inputError } from 'research-basics/errors';
import { planeCells, planeRows, type PlaneAxes } from '../features';

/**
 * A region of the modulation plane.
 *
 * - `low`: |rate| <= cutoff and scale <= cutoff (the paper's low-pass)
 * - `high`: |rate| > cutoff and scale > cutoff (the paper's high-pass: a corner quadrant)
 * - `not-low`, `not-high`: the true complements, which the paper lacks
 *
 * A cutoff that is left out does not restrict: `{ pass: 'low', rateHz: 4 }` is |rate| <= 4 Hz at every scale. One of the
 * two spectral cutoffs is given at most, in the unit of the features' scales.
 */
export interface Region {
  readonly pass: 'low' | 'high' | 'not-low' | 'not-high';
  /** Temporal cutoff in Hz, at least 0. */
  readonly rateHz?: number | undefined;
  /** Spectral cutoff in cycles per octave, at least 0. */
  readonly scaleCycPerOct?: number | undefined;
  /** Spectral cutoff in cycles per kHz, at least 0. */
  readonly scaleCycPerKHz?: number | undefined;
}

/** Spectral cutoffs and their units; of the features too. */
const SCALES = { scaleCycPerOct: 'cyc/oct', scaleCycPerKHz: 'cyc/kHz' } as const;
const SCALE_NAMES = Object.keys(SCALES) as (keyof typeof SCALES)[];

/**
 * The feature columns that a region keeps, ascending. Cells are removed, never zeroed, as in the paper.
 *
 * @returns row-major indices (scale index * number of rates + rate index) into the flattened matrix, of every plane.
 * @throws UserError (`input`) when a cutoff is negative or not a number, all are left out, nothing would be kept, or a
 *   spectral cutoff meets features that have no axis in its unit.
 *
 * Source: arXiv 2505.23509, ablation section; orientation as in the authors' code.
 */
export function regionColumns(axes: PlaneAxes, region: Region): Int32Array {
  const { pass, rateHz } = region;
  const spectral = SCALE_NAMES.filter((name) => region[name] !== undefined);
  const given = [rateHz, ...spectral.map((name) => region[name])].filter((cutoff) => cutoff !== undefined);
  if (given.length === 0)
    throw inputError(`ablation region ${pass}: give a cutoff in Hz, in cyc/oct or cyc/kHz, or both`);
  if (!given.every((cutoff) => cutoff >= 0)) {
    throw inputError(`ablation region ${regionText(region)}: cutoffs must be 0 or more`);
  }
  for (const name of spectral)
    if (axes[name] === undefined)
      throw inputError(
        `ablation region ${regionText(region)}: these features have no axis in ${SCALES[name]}; leave that cutoff out`,
      );
  const scaleCutoff = spectral[0] === undefined ? undefined : region[spectral[0]];
  const above = (value: number, cutoff: number | undefined): boolean | undefined =>
    cutoff === undefined ? undefined : value > cutoff;
  const inLow = (rate: number, scale: number): boolean =>
    above(Math.abs(rate), rateHz) !== true && above(scale, scaleCutoff) !== true;
  const inHigh = (rate: number, scale: number): boolean =>
    above(Math.abs(rate), rateHz) !== false && above(scale, scaleCutoff) !== false;
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
export function regionText({ pass, rateHz, ...spectral }: Region): string {
  const sign = pass === 'low' || pass === 'not-high' ? '<=' : '>';
  return [
    ...(rateHz === undefined ? [] : [`|rate| ${sign} ${rateHz} Hz`]),
    ...SCALE_NAMES.flatMap((name) =>
      spectral[name] === undefined ? [] : [`scale ${sign} ${spectral[name]} ${SCALES[name]}`],
    ),
  ].join(pass === 'low' || pass === 'high' ? ' and ' : ' or ');
}

/** A region that is cut along one axis alone: a point of a modulation transfer function. */
export interface MarginalRegion {
  readonly axis: 'rate' | 'scale';
  readonly pass: 'low' | 'high';
  readonly cutoff: number;
  readonly unit: 'Hz' | 'cyc/oct' | 'cyc/kHz';
}

/** The axis along which a low-pass or high-pass region is cut; undefined for one cut along both, and for complements. */
export function marginalOf(region: Region): MarginalRegion | undefined {
  const { pass, rateHz } = region;
  const spectral = SCALE_NAMES.find((name) => region[name] !== undefined);
  if ((pass !== 'low' && pass !== 'high') || (rateHz === undefined) === (spectral === undefined))
    return undefined;
  return spectral === undefined
    ? { axis: 'rate', pass, cutoff: rateHz!, unit: 'Hz' }
    : { axis: 'scale', pass, cutoff: region[spectral]!, unit: SCALES[spectral] };
}

/** Which regions an ablation has. */
export interface RegionDesign {
  /** Regions at every pair of cutoffs. */
  readonly passes: readonly Region['pass'][];
  readonly rateHz: readonly number[];
  readonly scaleCycPerOct: readonly number[];
  /** For features whose scales are in cycles per kHz. Default 0.5, 1, 2 and 4. */
  readonly scaleCycPerKHz?: readonly number[] | undefined;
  /** `yes`: also low-pass and high-pass along one axis with all of the other. Default `no`. */
  readonly marginals?: 'yes' | 'no' | undefined;
}

/**
 * The regions of an ablation: every pair of cutoffs, pass by pass, rate by rate, scale by scale (the paper:
 * 2 x 7 x 7), then the marginals of the temporal and of the spectral axis. Features without an axis in cycles per octave
 * have marginals alone, where a complement is the other side. Cutoffs below an axis' least value are left out.
 *
 * @param axes of the features; default those of the STM
 */
export function ablationRegions(design: RegionDesign, axes?: PlaneAxes): Region[] {
  const { passes, marginals } = design;
  const within = (cutoffs: readonly number[], axis: readonly number[] | undefined): readonly number[] =>
    axis === undefined
      ? cutoffs
      : cutoffs.filter((cutoff) => axis.some((value) => Math.abs(value) <= cutoff));
  const rates = within(design.rateHz, axes?.rateHz);
  const scales = within(design.scaleCycPerOct, axes?.scaleCycPerOct);
  const alongOne = (
    sides: readonly Region['pass'][],
    name: keyof Region,
    cutoffs: readonly number[],
  ): Region[] => sides.flatMap((pass) => cutoffs.map((cutoff) => ({ pass, [name]: cutoff })));
  if (axes !== undefined && axes.scaleCycPerOct === undefined) {
    const sides = [...new Set(passes.map((pass) => SIDES[pass]))];
    const { scaleCycPerKHz: axis } = axes;
    const linear = axis === undefined ? [] : within(design.scaleCycPerKHz ?? [0.5, 1, 2, 4], axis);
    return [...alongOne(sides, 'rateHz', rates), ...alongOne(sides, 'scaleCycPerKHz', linear)];
  }
  const grid = passes.flatMap((pass) =>
    rates.flatMap((rateHz) => scales.map((scaleCycPerOct) => ({ pass, rateHz, scaleCycPerOct }))),
  );
  if (marginals !== 'yes') return grid;
  return [
    ...grid,
    ...alongOne(['low', 'high'], 'rateHz', rates),
    ...alongOne(['low', 'high'], 'scaleCycPerOct', scales),
  ];
}

/** The same region of one axis. */
const SIDES = { low: 'low', high: 'high', 'not-low': 'high', 'not-high': 'low' } as const;

/** A short name for files and runs, e.g. "low-rate4-scale6". */
export function regionName({ pass, rateHz, scaleCycPerOct, scaleCycPerKHz }: Region): string {
  const scale = scaleCycPerOct ?? scaleCycPerKHz;
  return [
    pass,
    ...(rateHz === undefined ? [] : [`rate${rateHz}`]),
    ...(scale === undefined ? [] : [`scale${scale}`]),
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
