import { inputError } from 'research-basics/errors';
import { checkSeed, deriveSeed } from 'research-basics/random/seeds';
import { initialFilters } from '../../features/strf/initial';
import { filterTuning, type UnitContext } from '../units';

/** A filter on the modulation plane. */
export interface ModulationPoint {
  /** Hz, signed. */
  readonly rateHz: number;
  /** cyc/oct, 0 or more. */
  readonly scaleCycPerOct: number;
  /** Default 1. */
  readonly weight?: number;
}

/** Cells of the modulation plane: axes rise in even steps. */
export interface ModulationGrid {
  readonly rateHz: readonly number[];
  readonly scaleCycPerOct: readonly number[];
}

/** An even grid; default -25 .. 25 Hz in 101 steps and 0 .. 2 cyc/oct in 51. */
export function modulationGrid(
  limits: { readonly rateHz?: number; readonly scaleCycPerOct?: number } = {},
): ModulationGrid {
  const { rateHz = 25, scaleCycPerOct = 2 } = limits;
  return {
    rateHz: Array.from({ length: 101 }, (_, i) => -rateHz + (2 * rateHz * i) / 100),
    scaleCycPerOct: Array.from({ length: 51 }, (_, i) => (scaleCycPerOct * i) / 50),
  };
}

/**
 * Gaussian kernel density of filters over the modulation plane, summing to 1 over the grid's cells
 * (row-major, one row per scale). Bandwidths by Scott's rule on the weighted points; a point's image at
 * (-rate, -scale), which is the same filter, keeps the density up at scale 0.
 *
 * @throws UserError (`input`) for fewer than two points.
 */
export function modulationDensity(points: readonly ModulationPoint[], grid: ModulationGrid): Float64Array {
  if (points.length < 2)
    throw inputError(`modulation density: ${points.length} filters; two or more are needed`);
  const weights = points.map(({ weight = 1 }) => weight);
  const total = weights.reduce((a, b) => a + b, 0);
  // Kish's effective number of points.
  const effective = total ** 2 / weights.reduce((sum, w) => sum + w * w, 0);
  const width = (values: readonly number[], step: number): number => {
    const mean = values.reduce((sum, v, i) => sum + weights[i]! * v, 0) / total;
    const variance = values.reduce((sum, v, i) => sum + weights[i]! * (v - mean) ** 2, 0) / total;
    return Math.max(Math.sqrt(variance) * effective ** (-1 / 6), step / 2);
  };
  const { rateHz, scaleCycPerOct } = grid;
  const rateWidth = width(
    points.map((point) => point.rateHz),
    rateHz[1]! - rateHz[0]!,
  );
  const scaleWidth = width(
    points.map((point) => point.scaleCycPerOct),
    scaleCycPerOct[1]! - scaleCycPerOct[0]!,
  );
  const density = new Float64Array(rateHz.length * scaleCycPerOct.length);
  const bell = (distance: number): number => Math.exp(-(distance * distance) / 2);
  points.forEach((point, i) => {
    for (const sign of [1, -1]) {
      const along = rateHz.map((rate) => bell((rate - sign * point.rateHz) / rateWidth));
      scaleCycPerOct.forEach((scale, row) => {
        const across = weights[i]! * bell((scale - sign * point.scaleCycPerOct) / scaleWidth);
        for (let column = 0; column < along.length; column++)
          density[row * along.length + column]! += across * along[column]!;
      });
    }
  });
  const sum = density.reduce((a, b) => a + b, 0);
  return density.map((value) => value / sum);
}

/**
 * Jensen-Shannon distance of two densities on one grid: the root of the divergence to base 2, 0 .. 1.
 *
 * @throws UserError (`input`) for densities of different length.
 */
export function jensenShannonDistance(p: ArrayLike<number>, q: ArrayLike<number>): number {
  if (p.length !== q.length)
    throw inputError(`densities of ${p.length} and ${q.length} cells are not on one grid`);
  let divergence = 0;
  for (let i = 0; i < p.length; i++) {
    const middle = (p[i]! + q[i]!) / 2;
    if (p[i]! > 0) divergence += (p[i]! / 2) * Math.log2(p[i]! / middle);
    if (q[i]! > 0) divergence += (q[i]! / 2) * Math.log2(q[i]! / middle);
  }
  return Math.sqrt(Math.max(0, divergence));
}

/** Distances between banks of drawn filters: what two tasks' distance must exceed to mean anything. */
export interface NullDistances {
  readonly mean: number;
  readonly deviation: number;
  /** 95th percentile. */
  readonly high: number;
}

/** How far apart two banks of filters lie, as points on the modulation plane. */
export type BankDistance = (first: readonly ModulationPoint[], second: readonly ModulationPoint[]) => number;

/** Jensen-Shannon distance of the banks' densities on a grid; a bank's density is computed once. */
export function densityDistance(grid: ModulationGrid): BankDistance {
  const known = new WeakMap<readonly ModulationPoint[], Float64Array>();
  const densityOf = (points: readonly ModulationPoint[]): Float64Array => {
    const density = known.get(points) ?? modulationDensity(points, grid);
    known.set(points, density);
    return density;
  };
  return (first, second) => jensenShannonDistance(densityOf(first), densityOf(second));
}

/** A bank's size and units. */
export interface BankSize {
  readonly filters: number;
  readonly units: UnitContext;
}

/**
 * Distances between independent starting banks of the given sizes and units: with few filters two banks lie
 * apart although nothing was learned.
 */
export function nullDistances(
  [first, second]: readonly [BankSize, BankSize],
  distance: BankDistance,
  { draws = 100, seed = 1 }: { readonly draws?: number; readonly seed?: number } = {},
): NullDistances {
  checkSeed(seed);
  const bank = (side: string, draw: number, of: BankSize): ModulationPoint[] =>
    initialFilters(of.filters, { seed: deriveSeed(seed, 'null', side, draw) }).map((filter) =>
      filterTuning(filter, of.units),
    );
  const distances = Array.from({ length: draws }, (_, draw) =>
    distance(bank('first', draw, first), bank('second', draw, second)),
  ).sort((a, b) => a - b);
  const mean = distances.reduce((a, b) => a + b, 0) / draws;
  const squares = distances.reduce((sum, d) => sum + (d - mean) ** 2, 0);
  return {
    mean,
    deviation: Math.sqrt(squares / Math.max(1, draws - 1)),
    high: distances[Math.min(draws - 1, Math.floor(0.95 * draws))]!,
  };
}

/**
 * Mean displacement between two lists of filters as a permutation test would need it: distances are taken
 * in units of each filter's own bandwidth.
 *
 * @returns per filter, |change of rate| / rate bandwidth and |change of scale| / scale bandwidth.
 */
export function displacements(
  before: readonly Parameters<typeof filterTuning>[0][],
  after: readonly Parameters<typeof filterTuning>[0][],
  units: UnitContext,
): { readonly rate: number; readonly scale: number }[] {
  return before.map((filter, k) => {
    const [from, to] = [filterTuning(filter, units), filterTuning(after[k]!, units)];
    // Of the two names (rate, scale) and (-rate, -scale) of the end point, the nearer one.
    const options = [1, -1].map((sign) => ({
      rate: Math.abs(sign * to.rateHz - from.rateHz) / from.rateBandwidthHz,
      scale: Math.abs(sign * to.scaleCycPerOct - from.scaleCycPerOct) / from.scaleBandwidthCycPerOct,
    }));
    const length = (d: { rate: number; scale: number }): number => Math.hypot(d.rate, d.scale);
    return length(options[0]!) <= length(options[1]!) ? options[0]! : options[1]!;
  });
}
