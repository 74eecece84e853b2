import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Direction } from './journal/records';
import type { TrialRecord } from './sampler';

/** Whether a trial meets all of its constraints; one without constraints does. */
export function isFeasible({ constraints }: Pick<TrialRecord, 'constraints'>): boolean {
  return Object.values(constraints).every((value) => value <= 0);
}

/** Objectives as losses: those to be maximised with the other sign. */
function lossesOf(objectives: readonly number[], directions: readonly Direction[]): number[] {
  return objectives.map((value, i) => (directions[i] === 'maximize' ? -value : value));
}

/** Whether no loss of `a` is above that of `b`, and one is below. */
const dominates = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, i) => value <= b[i]!) && a.some((value, i) => value < b[i]!);

/**
 * The complete, feasible trials to which no other is better in one objective without being worse in another, oldest
 * first.
 */
export function paretoFront(trials: readonly TrialRecord[], directions: readonly Direction[]): TrialRecord[] {
  const candidates = trials
    .filter((trial) => trial.state === 'complete' && isFeasible(trial))
    .map((trial) => ({ trial, losses: lossesOf(trial.objectives, directions) }));
  return candidates
    .filter(({ losses }) => !candidates.some((other) => dominates(other.losses, losses)))
    .map(({ trial }) => trial);
}

/** Volume that points dominate below a reference, by slices along the last objective. */
function dominatedVolume(points: readonly (readonly number[])[], reference: readonly number[]): number {
  const inside = points.filter((point) => point.every((value, i) => value < reference[i]!));
  const last = reference.length - 1;
  if (inside.length === 0) return 0;
  if (last === 0) return reference[0]! - Math.min(...inside.map((point) => point[0]!));
  const sorted = inside.filter((point) => !inside.some((other) => dominates(other, point)));
  sorted.sort((a, b) => a[last]! - b[last]!);
  let volume = 0;
  sorted.forEach((point, i) => {
    const height = (sorted[i + 1]?.[last] ?? reference[last]!) - point[last]!;
    if (height === 0) return;
    const slice = sorted.slice(0, i + 1).map((one) => one.slice(0, last));
    volume += height * dominatedVolume(slice, reference.slice(0, last));
  });
  return volume;
}

/**
 * The hypervolume of a Pareto front: the volume of objectives that are worse than some point and better than the
 * reference, which each measure of a search's progress with several objectives needs. Exact, for any number of
 * objectives (its time grows with the power of their number less one).
 *
 * @param points objectives of trials, dominated ones included or not.
 * @param reference one value per objective; points that are not better in all of them count nothing.
 * @throws UserError (`input`) for points of another length.
 */
export function hypervolume(
  points: readonly (readonly number[])[],
  reference: readonly number[],
  directions: readonly Direction[],
): number {
  if (reference.length !== directions.length || points.some(({ length }) => length !== reference.length))
    throw inputError(
      `hypervolume: every point and the reference need ${directions.length} values, one per objective`,
    );
  return dominatedVolume(
    points.map((point) => lossesOf(point, directions)),
    lossesOf(reference, directions),
  );
}

/** Trials with one of several objectives as their value, for the analyses and figures of single-objective studies. */
export function trialsByObjective(trials: readonly TrialRecord[], objective: number): TrialRecord[] {
  return trials.map((trial) => ({ ...trial, value: trial.objectives[objective] ?? trial.value }));
}

/** How far a trial is from meeting its constraints, each in units of the largest violation seen; 0 when feasible. */
function violations(trials: readonly TrialRecord[]): number[] {
  const largest = new Map<string, number>();
  for (const { constraints } of trials)
    for (const [name, value] of Object.entries(constraints))
      if (value > (largest.get(name) ?? 0) && value < Infinity) largest.set(name, value);
  return trials.map(({ constraints }) =>
    Object.entries(constraints).reduce((sum, [name, value]) => {
      if (!(value > 0)) return sum;
      return sum + (value === Infinity ? 2 : value / largest.get(name)!);
    }, 0),
  );
}

/** One loss for each trial's losses: the largest, weighted and scaled by the range of the Pareto front, and a little of all. */
function chebyshev(losses: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const front = losses.filter((one) => !losses.some((other) => dominates(other, one)));
  const scales = weights.map((_, i) => {
    const range = (points: readonly (readonly number[])[]): readonly [number, number] => {
      const column = points.map((point) => point[i]!);
      const low = Math.min(...column);
      return [low, Math.max(...column) - low];
    };
    const [low, width] = range(front);
    return [low, width > 0 ? width : range(losses)[1] || 1] as const;
  });
  return losses.map((one) => {
    const weighted = one.map((value, i) => (weights[i]! * (value - scales[i]![0])) / scales[i]![1]);
    return Math.max(...weighted) + 0.05 * weighted.reduce((sum, value) => sum + value, 0);
  });
}

/**
 * Trials with one value each, to be minimised, so that every sampler can search for several objectives and under
 * constraints: objectives are weighed by weights drawn for each proposal, so that proposals spread along the Pareto
 * front, and a trial that breaks constraints is worse than any feasible one, the more the further it is from meeting them.
 *
 * Sources: Knowles 2006 (ParEGO: augmented Chebyshev function of random weights); Deb 2000 (feasibility first).
 */
export function scalarise(
  trials: readonly TrialRecord[],
  directions: readonly Direction[],
  { studySeed, trialNumber }: { readonly studySeed: number; readonly trialNumber: number },
): { readonly trials: readonly TrialRecord[]; readonly direction: Direction } {
  const complete = trials.filter(({ state }) => state === 'complete');
  if (directions.length === 1 && complete.every(isFeasible)) return { trials, direction: directions[0]! };
  const random = randomState(deriveSeed(studySeed, 'weights', trialNumber));
  const drawn = directions.map(() => -Math.log(1 - random.double()));
  const sum = drawn.reduce((a, b) => a + b, 0);
  const weights = drawn.map((weight) => (directions.length === 1 ? 1 : weight / sum));
  const losses = complete.map(({ objectives }) => lossesOf(objectives, directions));
  const scalars = directions.length === 1 ? losses.map(([loss]) => loss!) : chebyshev(losses, weights);
  const broken = violations(complete);
  const feasible = scalars.filter((_, i) => broken[i] === 0);
  const worst = feasible.length > 0 ? Math.max(...feasible) : 0;
  const spread = feasible.length > 0 ? worst - Math.min(...feasible) || 1 : 1;
  const values = new Map(
    complete.map(({ number }, i) => [number, broken[i] === 0 ? scalars[i]! : worst + spread * broken[i]!]),
  );
  const sign = directions[0] === 'maximize' ? -1 : 1;
  return {
    direction: 'minimize',
    trials: trials.map((trial) => ({
      ...trial,
      value: values.get(trial.number) ?? (trial.value === undefined ? undefined : sign * trial.value),
    })),
  };
}
