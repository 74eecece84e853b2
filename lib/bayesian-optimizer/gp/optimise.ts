import type { RandomState } from 'research-basics/random/mt19937';
import type { SpaceCoder } from '../coding';
import { minimizeBounded } from 'research-basics/numerics/lbfgsb';
import { sobolSequence } from '../numerics/sobol';
import type { Acquisition } from './acquisition';

/** A full vector of units (existing or not), and its acquisition at the rounded, masked point. */
export interface Candidate {
  readonly units: Float64Array;
  readonly value: number;
}

/** Unit given to parameters that do not exist, the middle of their range. */
export const absentUnit = 0.5;

/** Columns of the model: dimensions with more than one value. */
export function modelColumns(coder: SpaceCoder): number[] {
  return coder.coders.flatMap((one, i) => (one.size > 1 ? [i] : []));
}

/** Rounds discrete dimensions of `units` to their cells, in place. */
function roundUnits(coder: SpaceCoder, units: Float64Array): Float64Array {
  coder.coders.forEach((one, i) => {
    if (Number.isFinite(one.size)) units[i] = one.unitOf(one.indexOf(units[i]!));
  });
  return units;
}

/**
 * The model's row for full units: rounded, absent parameters at the middle, single-valued ones left out; written to `row`,
 * which is returned.
 */
export function unitsToRow(
  coder: SpaceCoder,
  columns: readonly number[],
  units: Float64Array,
  row: Float64Array = new Float64Array(columns.length),
): Float64Array {
  const active = coder.active(units);
  for (let c = 0; c < row.length; c++) {
    const i = columns[c]!;
    row[c] = active[i] ? units[i]! : absentUnit;
  }
  return row;
}

export interface OptimiseOptions {
  readonly coder: SpaceCoder;
  readonly acquisition: Acquisition;
  readonly random: RandomState;
  /** Seed of the screening points. */
  readonly seed: number;
  /** Units of good earlier trials, best first: screened with their surroundings. */
  readonly incumbents: readonly Float64Array[];
  /** Length scales by model column: the size of a step around an incumbent. */
  readonly lengthScales: Float64Array;
  /** Default 1024. */
  readonly screened?: number;
  /** Local searches. Default 8. */
  readonly searches?: number;
}

/**
 * Local maxima of the acquisition over a mixed space, best first: a screen of Sobol' points and of points
 * around the incumbents, then from the best of them gradient steps in the continuous dimensions in turn
 * with moves of single discrete ones. Only points that can be run are ever scored.
 */
export function optimiseAcquisition(options: OptimiseOptions): Candidate[] {
  const {
    coder,
    acquisition,
    random,
    seed,
    incumbents,
    lengthScales,
    screened = 1024,
    searches = 8,
  } = options;
  const columns = modelColumns(coder);
  const row: Float64Array = new Float64Array(columns.length);
  const score = (units: Float64Array): Candidate => ({
    units,
    value: acquisition.value(unitsToRow(coder, columns, units, row)),
  });
  const sequence = sobolSequence(coder.coders.length, seed);
  const pool: Candidate[] = [];
  for (let i = 0; i < screened; i++) pool.push(score(roundUnits(coder, sequence.at(i))));
  for (const incumbent of incumbents) {
    pool.push(score(incumbent.slice()));
    for (let i = 0; i < 40; i++)
      pool.push(score(surroundings(coder, columns, incumbent, lengthScales, random)));
  }
  const starts = chooseStarts(pool, searches, random);
  const found = starts.map((start) => localSearch(coder, columns, acquisition, start, random));
  return [...found, ...pool].sort((a, b) => b.value - a.value);
}

/** A neighbour of a point: some dimensions moved by a fraction of their length scale, or to other cells. */
function surroundings(
  coder: SpaceCoder,
  columns: readonly number[],
  centre: Float64Array,
  lengthScales: Float64Array,
  random: RandomState,
): Float64Array {
  const units = centre.slice();
  const share = Math.max(1 / columns.length, random.double());
  const size = 10 ** (-2 * random.double());
  columns.forEach((i, column) => {
    if (random.double() > share) return;
    const one = coder.coders[i]!;
    if (one.kind === 'categorical') {
      units[i] = random.double();
      return;
    }
    const reach = Math.max(size * Math.min(0.5, lengthScales[column]!), 1 / one.size);
    units[i] = Math.min(1, Math.max(0, units[i]! + reach * random.normal()));
  });
  return roundUnits(coder, units);
}

/** Half of the starts are the pool's best; the others are drawn in proportion to expected improvement. */
function chooseStarts(pool: readonly Candidate[], count: number, random: RandomState): Candidate[] {
  const sorted = [...pool].sort((a, b) => b.value - a.value);
  const chosen = sorted.slice(0, Math.ceil(count / 2));
  const rest = sorted.slice(chosen.length);
  // Adding Gumbel noise to log weights and keeping the largest draws without replacement in proportion.
  const drawn = rest
    .map((candidate) => ({
      candidate,
      key: candidate.value - Math.log(-Math.log(random.double() || 1e-300)),
    }))
    .sort((a, b) => b.key - a.key)
    .slice(0, count - chosen.length);
  return [...chosen, ...drawn.map(({ candidate }) => candidate)];
}

function localSearch(
  coder: SpaceCoder,
  columns: readonly number[],
  acquisition: Acquisition,
  start: Candidate,
  random: RandomState,
): Candidate {
  const discrete = columns.filter((i) => Number.isFinite(coder.coders[i]!.size));
  let best = start;
  for (let round = 0; round < 10; round++) {
    const climbed = climb(coder, columns, acquisition, best);
    const moved =
      discrete.length > 0 ? moveCells(coder, columns, acquisition, climbed, discrete, random) : climbed;
    const gain = moved.value - best.value;
    best = moved;
    if (moved === climbed || gain < 1e-6) break;
  }
  return best;
}

/** L-BFGS-B over the continuous dimensions that exist, the others held. */
function climb(
  coder: SpaceCoder,
  columns: readonly number[],
  acquisition: Acquisition,
  from: Candidate,
): Candidate {
  const active = coder.active(from.units);
  const free = columns.flatMap((i, column) =>
    active[i] && coder.coders[i]!.kind === 'continuous' ? [{ i, column }] : [],
  );
  if (free.length === 0) return from;
  const row = unitsToRow(coder, columns, from.units);
  const rowGradient = new Float64Array(columns.length);
  const { x, value } = minimizeBounded({
    objective: (point, gradient) => {
      free.forEach(({ column }, k) => (row[column] = point[k]!));
      const height = acquisition.valueAndGradient(row, rowGradient);
      free.forEach(({ column }, k) => (gradient[k] = -rowGradient[column]!));
      return -height;
    },
    start: free.map(({ i }) => from.units[i]!),
    lower: new Float64Array(free.length),
    upper: new Float64Array(free.length).fill(1),
    gtol: 1e-4,
    ftol: 1e-7,
    maxIterations: 50,
  });
  if (!(-value > from.value)) return from;
  const units = from.units.slice();
  free.forEach(({ i }, k) => (units[i] = x[k]!));
  return { units, value: -value };
}

/** Tries other cells of one discrete dimension after another: all of few, of many those 1, 2, 4 ... away. */
function moveCells(
  coder: SpaceCoder,
  columns: readonly number[],
  acquisition: Acquisition,
  from: Candidate,
  discrete: readonly number[],
  random: RandomState,
): Candidate {
  let best = from;
  for (const at of random.permutation(discrete.length)) {
    const i = discrete[at]!;
    if (!coder.active(best.units)[i]) continue;
    const one = coder.coders[i]!;
    const here = one.indexOf(best.units[i]!);
    const cells: number[] = [];
    if (one.kind === 'categorical' || one.size <= 16) {
      for (let cell = 0; cell < one.size; cell++) if (cell !== here) cells.push(cell);
    } else {
      for (let step = 1; step < one.size; step *= 2) cells.push(here - step, here + step);
    }
    for (const cell of cells) {
      if (cell < 0 || cell >= one.size) continue;
      const units = best.units.slice();
      units[i] = one.unitOf(cell);
      const value = acquisition.value(unitsToRow(coder, columns, units));
      if (value > best.value) best = { units, value };
    }
  }
  return best;
}
