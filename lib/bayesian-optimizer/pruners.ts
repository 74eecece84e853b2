import { inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Direction } from './journal/records';
import { medianOfSorted } from './numerics/median';
import type { TrialRecord } from './sampler';

export interface PruneContext {
  readonly direction: Direction;
  readonly trials: readonly TrialRecord[];
  /** The trial in question; its last report is the one compared. */
  readonly trial: TrialRecord;
}

export interface Pruner {
  shouldPrune(context: PruneContext): boolean;
}

/** Stops a trial whose best report so far is worse than the median of the others at the same step. */
export interface MedianPrunerOptions {
  readonly name: 'median';
  /** Complete trials before anything is pruned. Default 5. */
  readonly startupTrials?: number;
  /** Trials are never pruned below this step. Default 0. */
  readonly warmupSteps?: number;
}

/** Asynchronous successive halving (Li et al. 2020): at each rung only the best share continues. */
export interface AshaPrunerOptions {
  readonly name: 'asha';
  /** Step count of the first rung, at least 1 (step 0 is the first of them). Default 1. */
  readonly minResource?: number;
  /** Rungs lie at minResource x factor^k steps; one trial in `factor` continues. Default 3. */
  readonly reductionFactor?: number;
}

/**
 * Hyperband (Li et al. 2018) without synchronisation: successive halving in several brackets, of which each begins
 * to compare `reductionFactor` times later than the one before and gets fewer trials. A trial is compared within its
 * bracket, which follows from its number.
 */
export interface HyperbandPrunerOptions {
  readonly name: 'hyperband';
  /** Step count of the first rung of the first bracket, at least 1. Default 1. */
  readonly minResource?: number;
  /** Step count of a whole trial. Default: that of the longest complete one; before there is one, nothing is pruned. */
  readonly maxResource?: number;
  /** As for `asha`. Default 3. */
  readonly reductionFactor?: number;
}

export type PrunerChoice =
  'none' | 'median' | 'asha' | 'hyperband' | MedianPrunerOptions | AshaPrunerOptions | HyperbandPrunerOptions;

/**
 * The pruner of a name or of options.
 *
 * @throws UserError (`input`) for an unknown name.
 */
export function createPruner(choice: PrunerChoice): Pruner {
  const options = (typeof choice === 'string' ? { name: choice } : choice) as
    { name: 'none' } | MedianPrunerOptions | AshaPrunerOptions | HyperbandPrunerOptions;
  switch (options.name) {
    case 'none':
      return { shouldPrune: () => false };
    case 'median':
      return medianPruner(options);
    case 'asha':
      return ashaPruner(options);
    case 'hyperband':
      return hyperbandPruner(options);
    default:
      throw inputError(
        `pruner ${JSON.stringify((options as { name?: unknown }).name)}: must be "none", "median", "asha" or "hyperband"`,
      );
  }
}

/** Best report (as a loss) up to and including a step; undefined when there is none. */
function bestUpTo(trial: TrialRecord, step: number, sign: number): number | undefined {
  let best: number | undefined;
  for (const [at, value] of trial.reports) {
    if (at <= step && (best === undefined || sign * value < best)) best = sign * value;
  }
  return best;
}

function medianPruner({ startupTrials = 5, warmupSteps = 0 }: MedianPrunerOptions): Pruner {
  return {
    shouldPrune: ({ direction, trials, trial }) => {
      const sign = direction === 'maximize' ? -1 : 1;
      const step = [...trial.reports.keys()].at(-1);
      if (step === undefined || step < warmupSteps) return false;
      const finished = trials.filter((other) => other.state === 'complete');
      if (finished.length < startupTrials) return false;
      const others = finished.flatMap((other) => {
        const value = other.reports.get(step);
        return value === undefined ? [] : [sign * value];
      });
      if (others.length === 0) return false;
      others.sort((a, b) => a - b);
      return bestUpTo(trial, step, sign)! > medianOfSorted(others);
    },
  };
}

function checkResources(name: string, minResource: number, reductionFactor: number): void {
  if (minResource >= 1 && reductionFactor > 1) return;
  throw inputError(
    `pruner ${name}: minResource ${minResource} must be at least 1 and reductionFactor ${reductionFactor} above 1`,
  );
}

function ashaPruner({ minResource = 1, reductionFactor = 3 }: Omit<AshaPrunerOptions, 'name'>): Pruner {
  checkResources('asha', minResource, reductionFactor);
  return {
    shouldPrune: ({ direction, trials, trial }) => {
      const sign = direction === 'maximize' ? -1 : 1;
      const steps = [...trial.reports.keys()];
      const last = steps.at(-1);
      if (last === undefined) return false;
      const previous = steps.at(-2) ?? -1;
      // The rung crossed by the last report, if any: step s has used s + 1 units of resource.
      let rung = minResource;
      while (rung * reductionFactor <= last + 1) rung *= reductionFactor;
      if (last + 1 < rung || previous + 1 >= rung) return false;
      const own = sign * trial.reports.get(last)!;
      const rivals = trials.flatMap((other) => {
        // What a failed trial reported before it failed is not a standard for others.
        if (other.number === trial.number || other.state === 'failed') return [];
        const reached = [...other.reports].find(([step]) => step + 1 >= rung);
        return reached ? [sign * reached[1]] : [];
      });
      const promoted = Math.max(1, Math.floor((rivals.length + 1) / reductionFactor));
      return rivals.filter((value) => value < own).length >= promoted;
    },
  };
}

function hyperbandPruner({
  minResource = 1,
  maxResource,
  reductionFactor = 3,
}: HyperbandPrunerOptions): Pruner {
  checkResources('hyperband', minResource, reductionFactor);
  if (maxResource !== undefined && !(maxResource >= minResource))
    throw inputError(
      `pruner hyperband: maxResource ${maxResource} must not be below minResource ${minResource}`,
    );
  return {
    shouldPrune: (context) => {
      const complete = context.trials.filter(({ state }) => state === 'complete');
      const longest =
        maxResource ?? Math.max(0, ...complete.flatMap(({ reports }) => [...reports.keys()])) + 1;
      if (maxResource === undefined && complete.every(({ reports }) => reports.size === 0)) return false;
      // A small excess, since log 243 / log 3 is just below 5 in floating point.
      const halvings = Math.max(
        0,
        Math.floor(Math.log(longest / minResource) / Math.log(reductionFactor) + 1e-9),
      );
      // Shares of the trials as in Hyperband's table: a bracket that begins late cannot afford many.
      const shares = Array.from({ length: halvings + 1 }, (_, bracket) =>
        Math.ceil(((halvings + 1) * reductionFactor ** (halvings - bracket)) / (halvings - bracket + 1)),
      );
      const total = shares.reduce((sum, share) => sum + share, 0);
      const bracketOf = ({ number }: TrialRecord): number => {
        let left = deriveSeed(1, 'hyperband', number) % total;
        return shares.findIndex((share) => (left -= share) < 0);
      };
      const own = bracketOf(context.trial);
      const halving = ashaPruner({ minResource: minResource * reductionFactor ** own, reductionFactor });
      return halving.shouldPrune({
        ...context,
        trials: context.trials.filter((trial) => bracketOf(trial) === own),
      });
    },
  };
}
