import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { checkSeed, deriveSeed } from 'research-basics/random/seeds';

/** How intervals are drawn. */
export interface BootstrapOptions {
  /** Number of resamples, 1 or more. Default 2000. */
  readonly resamples?: number;
  /** Coverage of the interval, between 0 and 1. Default 0.95. */
  readonly level?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** A value with its percentile interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Where groups and classes lie in the rows: what a group bootstrap draws from. */
export interface GroupDesign {
  /** Group of each row, any integers. */
  readonly groups: Int32Array;
  /** Class of each row. */
  readonly labels: Int32Array;
}

/**
 * Counts of each row in each resample of a group bootstrap: within every class, its groups are drawn with
 * replacement, as many as it has, and a drawn group brings all its rows of that class. Rows of one speaker
 * or place are alike, so resampling single rows would make intervals too narrow; drawing within classes
 * keeps every class present.
 *
 * @returns a function filling `weights` (one per row) for resample 0, 1, ...; the same number always gives
 *   the same weights.
 * @throws UserError (`input`) when groups and labels differ in number, or for a seed that is not a whole number.
 */
export function groupResampler(
  { groups, labels }: GroupDesign,
  seed: number,
): (resample: number, weights: Float64Array) => void {
  if (groups.length !== labels.length)
    throw inputError(`bootstrap: ${groups.length} groups for ${labels.length} rows`);
  checkSeed(seed);
  const units = new Map<number, Map<number, number[]>>();
  labels.forEach((label, row) => {
    const ofClass = units.get(label) ?? new Map<number, number[]>();
    units.set(label, ofClass);
    const rows = ofClass.get(groups[row]!) ?? [];
    ofClass.set(groups[row]!, rows);
    rows.push(row);
  });
  const classes = [...units.keys()].sort((a, b) => a - b).map((label) => [...units.get(label)!.values()]);
  return (resample, weights) => {
    weights.fill(0);
    const state = randomState(deriveSeed(seed, 'bootstrap', resample));
    for (const ofClass of classes)
      for (let draw = 0; draw < ofClass.length; draw++)
        for (const row of ofClass[state.interval(ofClass.length - 1)]!) weights[row]!++;
  };
}

/** Row numbers 0 .. `items` - 1 drawn with replacement, as many as there are; the same seed always draws the same. */
export function drawWithReplacement(items: number, seed: number): Int32Array {
  const state = randomState(seed);
  return Int32Array.from({ length: items }, () => state.interval(items - 1));
}

/** How often each item occurs in `drawWithReplacement`. */
export function drawCounts(items: number, seed: number): Float64Array {
  const counts = new Float64Array(items);
  for (const item of drawWithReplacement(items, seed)) counts[item]!++;
  return counts;
}

/** Quantile by linear interpolation between the sorted values, as NumPy's default; NaN values are left out. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

/**
 * Percentile intervals of several statistics over the same group resamples.
 *
 * @param statistic values by name for given row weights (all 1: the value itself) and the number of the resample, for
 *   statistics that draw more than rows, such as trainings; undefined for the value itself.
 * @returns per name the value on all rows and its interval.
 * @throws UserError (`input`) for fewer than one resample, or a level outside 0 .. 1.
 */
export function groupBootstrap<Name extends string>(
  design: GroupDesign,
  statistic: (weights: Float64Array, resample?: number) => Readonly<Record<Name, number>>,
  options: BootstrapOptions = {},
): Record<Name, Interval> {
  const { resamples = 2000, level = 0.95, seed = 1 } = options;
  if (!Number.isInteger(resamples) || resamples < 1)
    throw inputError(`bootstrap: ${resamples} resamples; it must be a whole number from 1`);
  if (!(level > 0 && level < 1)) throw inputError(`bootstrap: level ${level} must lie between 0 and 1`);
  const draw = groupResampler(design, seed);
  const weights = new Float64Array(design.labels.length);
  const values = statistic(weights.slice().fill(1));
  const names = Object.keys(values) as Name[];
  const draws = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let resample = 0; resample < resamples; resample++) {
    draw(resample, weights);
    const drawn = statistic(weights, resample);
    for (const name of names) draws[name].push(drawn[name]);
  }
  const tail = (1 - level) / 2;
  return Object.fromEntries(
    names.map((name) => [
      name,
      { value: values[name], low: quantile(draws[name], tail), high: quantile(draws[name], 1 - tail) },
    ]),
  ) as Record<Name, Interval>;
}
