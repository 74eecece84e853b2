import { deriveSeed } from 'research-basics/random/seeds';
import {
  densityDistance,
  filterTuning,
  initialFilters,
  modulationGrid,
  nullDistances,
  wassersteinDistance,
  type BankDistance,
  type BankSize,
  type FilterTuning,
  type ModulationGrid,
  type PlaneScales,
} from '..';
import { recordsAt, type BankRow, type LearnedTask } from './analysis';

/** Distance of two tasks' filters, beside what chance gives. */
export interface TaskDistance {
  readonly first: string;
  readonly second: string;
  /** Jensen-Shannon distance of densities, 0 .. 1, mean over pairs of seeds. */
  readonly distance: number;
  /** (distance - mean of untrained banks) / their standard deviation. */
  readonly z: number;
  /** Wasserstein-1 distance in root mean squares of the starting filters, mean over pairs of seeds. */
  readonly wasserstein: number;
  readonly wassersteinZ: number;
}

/** One grid for the densities of several tasks. */
export function commonGrid(tasks: readonly LearnedTask[]): ModulationGrid {
  return modulationGrid({
    scaleCycPerOct: Math.max(...tasks.map(({ units }) => 0.3 * units.bandsPerOctave), 0.1),
  });
}

const SCALE_DRAWS = 2000;

/**
 * Root mean squares of rate and scale of starting filters, over all tasks' units together: what the two axes
 * are measured in.
 */
export function startScales(tasks: readonly LearnedTask[]): PlaneScales {
  const drawn = initialFilters(SCALE_DRAWS, { seed: deriveSeed(1, 'scales') });
  const tuned = tasks.flatMap(({ units }) => drawn.map((filter) => filterTuning(filter, units)));
  const rootMeanSquare = (of: (tuning: FilterTuning) => number): number =>
    Math.sqrt(tuned.reduce((sum, tuning) => sum + of(tuning) ** 2, 0) / tuned.length);
  return {
    rateHz: rootMeanSquare(({ rateHz }) => rateHz),
    scaleCycPerOct: rootMeanSquare(({ scaleCycPerOct }) => scaleCycPerOct),
  };
}

/** Tuning of each seed's bank at the start or at the end. */
const banksAt = (learned: LearnedTask, when: BankRow['when']): FilterTuning[][] =>
  recordsAt(learned, when).map(({ filters }) => filters.map((filter) => filterTuning(filter, learned.units)));

const sizeOf = ({ histories, units }: LearnedTask): BankSize => ({
  filters: histories[0]!.records[0]!.filters.length,
  units,
});

/**
 * Pairs of banks of two tasks that are independent: banks of one seed share their start, also across tasks,
 * so only different seeds count; of one task with itself each pair once.
 */
function independentPairs<T>(a: readonly T[], b: readonly T[], same: boolean): (readonly [T, T])[] {
  return a.flatMap((p, i) => b.flatMap((q, j) => ((same ? i < j : i !== j) ? [[p, q] as const] : [])));
}

/**
 * Distances between tasks' learned filters, seed by seed, and of each task to itself (other seeds) and to its
 * own start, by two measures; both against distances of untrained banks of the same size and units.
 */
export function taskDistances(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid = commonGrid(tasks),
): TaskDistance[] {
  const density = againstChance(densityDistance(grid));
  const scales = startScales(tasks);
  const transport = againstChance((a, b) => wassersteinDistance(a, b, scales));
  const compare = (
    [first, a]: readonly [string, readonly FilterTuning[][]],
    [second, b]: readonly [string, readonly FilterTuning[][]],
    of: readonly [LearnedTask, LearnedTask],
  ): TaskDistance[] => {
    const pairs = independentPairs(a, b, first === second);
    if (pairs.length === 0) return [];
    const sizes = [sizeOf(of[0]), sizeOf(of[1])] as const;
    const { value: distance, z } = density(pairs, sizes);
    const { value: wasserstein, z: wassersteinZ } = transport(pairs, sizes);
    return [{ first, second, distance, z, wasserstein, wassersteinZ }];
  };
  const learned = tasks.map((task) => [task.task, banksAt(task, 'learned')] as const);
  const between = learned.flatMap((a, i) =>
    learned.slice(i).flatMap((b, j) => compare(a, b, [tasks[i]!, tasks[i + j]!])),
  );
  const moved = tasks.flatMap((task, i) =>
    compare([`${task.task} start`, banksAt(task, 'start')], learned[i]!, [task, task]),
  );
  return [...between, ...moved];
}

/** Mean distance over pairs, and how far it is from what untrained banks of the same sizes give. */
function againstChance(
  distance: BankDistance,
): (
  pairs: readonly (readonly [FilterTuning[], FilterTuning[]])[],
  sizes: readonly [BankSize, BankSize],
) => { value: number; z: number } {
  const known = new Map<string, ReturnType<typeof nullDistances>>();
  return (pairs, sizes) => {
    const value = pairs.reduce((sum, [p, q]) => sum + distance(p, q), 0) / pairs.length;
    const key = JSON.stringify(sizes);
    const chance = known.get(key) ?? nullDistances(sizes, distance);
    known.set(key, chance);
    return { value, z: (value - chance.mean) / chance.deviation };
  };
}

/** Banks of all tasks and seeds, and their distances from each other. */
export interface BankDistances {
  readonly banks: readonly { readonly task: string; readonly seed: number }[];
  /** Jensen-Shannon distances of densities, banks x banks. */
  readonly distances: readonly (readonly number[])[];
}

/**
 * Distances between all learned banks, for maps and dendrograms. Banks of one seed share their start across
 * tasks, which would draw them together: for such a pair the mean over the two tasks' other pairs stands.
 *
 * @returns undefined for fewer than three banks, or tasks that share a seed and have no other.
 */
export function bankDistances(
  tasks: readonly LearnedTask[],
  grid: ModulationGrid = commonGrid(tasks),
): BankDistances | undefined {
  const distance = densityDistance(grid);
  const banks = tasks.flatMap((learned) =>
    banksAt(learned, 'learned').map((bank, i) => ({
      task: learned.task,
      seed: learned.histories[i]!.seed,
      bank,
    })),
  );
  const direct = banks.map((a) =>
    banks.map((b) => (a === b ? 0 : a.seed === b.seed ? NaN : distance(a.bank, b.bank))),
  );
  const others = (first: string, second: string): number => {
    const found = direct.flatMap((row, i) =>
      row.filter((value, j) => banks[i]!.task === first && banks[j]!.task === second && !Number.isNaN(value)),
    );
    return found.reduce((a, b) => a + b, 0) / found.length;
  };
  const distances = direct.map((row, i) =>
    row.map((value, j) => (Number.isNaN(value) ? others(banks[i]!.task, banks[j]!.task) : value)),
  );
  if (banks.length < 3 || distances.flat().some((value) => Number.isNaN(value))) return undefined;
  return { banks: banks.map(({ task, seed }) => ({ task, seed })), distances };
}
