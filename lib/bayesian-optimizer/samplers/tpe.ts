import type { RandomState } from 'research-basics/random/mt19937';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { canonicalJson } from 'research-basics/canonicalJson';
import type { Coder, SpaceCoder } from '../coding';
import { parzenDensity } from '../numerics/parzen';
import type { Sampler, TrialRecord } from '../sampler';
import type { Condition, Value, Values } from '../space';
import { conditionMet, configurationKey } from '../space';
import { lossesOf } from './losses';
import { drawUntried, triedKeys } from './random';

export interface TpeSamplerOptions {
  readonly name: 'tpe';
  /** Random trials before the densities. Default 10. */
  readonly startupTrials?: number;
  /** Candidates drawn for each group of parameters. Default 24. */
  readonly candidates?: number;
}

/**
 * Parameters that exist together: those under one and the same condition, and of those without one (all parameters, in a
 * study without a declared space) those that the same trials have.
 */
interface Group {
  readonly when: Condition | undefined;
  readonly coders: readonly Coder[];
}

/** Groups in the order in which their conditions can be decided. */
function groupsOf({ space, coders }: SpaceCoder, trials: readonly TrialRecord[]): Group[] {
  const groups = new Map<string, { when: Condition | undefined; coders: Coder[] }>();
  for (const coder of coders) {
    const { when } = space[coder.name]!;
    const key = when
      ? canonicalJson(when)
      : trials.map(({ values }) => (values[coder.name] === undefined ? '-' : '+')).join('');
    const group = groups.get(key) ?? { when, coders: [] };
    group.coders.push(coder);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Tree-structured Parzen estimator: of values drawn from the density of the best tenth of the trials,
 * those most typical of them and least of the rest. Parameters that exist together are drawn together,
 * and the trials that have them speak for them; pending trials count among the rest.
 *
 * Source: Bergstra et al. 2011; sizes (10 startup trials, best ceil(n / 10) up to 25, 24 candidates) as in
 * Optuna, and joint over groups as its `multivariate` and `group`.
 */
export function tpeSampler({
  startupTrials = 10,
  candidates = 24,
}: Omit<TpeSamplerOptions, 'name'> = {}): Sampler {
  return {
    name: 'tpe',
    propose: (context) => {
      const { coder, trials, trialNumber, studySeed, direction } = context;
      const random = randomState(deriveSeed(studySeed, 'tpe', trialNumber));
      const anywhere = (): Values | undefined =>
        drawUntried(context, () => random.uniform(0, 1, coder.coders.length), random.double);
      const { trials: observed, losses } = lossesOf(trials, direction);
      if (trials.filter((t) => t.state === 'complete').length < startupTrials) {
        const values = anywhere();
        return values && { values };
      }
      const order = [...losses.keys()].sort((a, b) => losses[a]! - losses[b]! || a - b);
      const split = Math.min(25, Math.ceil(0.1 * order.length));
      const best = new Set(order.slice(0, split).map((i) => observed[i]!.number));
      const told = new Set(observed.map((trial) => trial.number));
      const isPending = ({ state }: TrialRecord): boolean => state === 'running' || state === 'waiting';
      const good = trials.filter(({ number }) => best.has(number));
      const rest = trials.filter((t) => (told.has(t.number) && !best.has(t.number)) || isPending(t));
      const draws = groupsOf(coder, trials).map(({ when, coders }) => ({
        when,
        draw: groupSampler(coders, good, rest, candidates),
      }));
      const tried = triedKeys(context);
      for (let attempt = 0; attempt < 20; attempt++) {
        const all: Record<string, Value> = {};
        for (const { when, draw } of draws) {
          if (!when || conditionMet(when, all)) Object.assign(all, draw(random));
        }
        // In the order of the space, whatever the order of the groups.
        const values = Object.fromEntries(
          coder.coders.flatMap(({ name }) => (all[name] === undefined ? [] : [[name, all[name]]])),
        );
        if (!tried.has(configurationKey(coder.space, values))) return { values };
      }
      const values = anywhere();
      return values && { values };
    },
  };
}

/** Draws values of one group: the candidate with the highest ratio of the two densities. */
function groupSampler(
  coders: readonly Coder[],
  good: readonly TrialRecord[],
  rest: readonly TrialRecord[],
  candidates: number,
): (random: RandomState) => Values {
  const rowsOf = (trials: readonly TrialRecord[]): Float64Array[] =>
    trials
      .filter(({ values }) => coders.every(({ name }) => values[name] !== undefined))
      .map(({ values }) => Float64Array.from(coders, (coder) => coder.toUnit(values[coder.name]!)));
  const better = parzenDensity(coders, rowsOf(good));
  const worse = parzenDensity(coders, rowsOf(rest));
  return (random) => {
    const drawn = Array.from({ length: candidates }, () => better.draw(random));
    const scores = drawn.map((units) => better.logAt(units) - worse.logAt(units));
    const units = drawn[scores.indexOf(Math.max(...scores))]!;
    return Object.fromEntries(coders.map((coder, i) => [coder.name, coder.fromUnit(units[i]!)]));
  };
}
