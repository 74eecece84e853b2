import type { RandomState } from '../../base/random/mt19937';
import { randomState } from '../../base/random/mt19937';
import { deriveSeed } from '../../base/random/seeds';
import type { Coder } from '../coding';
import { normalCumulative, normalQuantile } from '../numerics/normal';
import type { ProposalContext, Sampler } from '../sampler';
import type { Value, Values } from '../space';
import { conditionMet, configurationKey } from '../space';
import { lossesOf } from './gp';
import { drawUntried, triedKeys } from './random';

export interface TpeSamplerOptions {
  readonly name: 'tpe';
  /** Random trials before the densities. Default 10. */
  readonly startupTrials?: number;
  /** Candidates drawn for each parameter. Default 24. */
  readonly candidates?: number;
}

/** A density of one parameter on the unit interval, from observed units. */
interface Density {
  draw(random: RandomState): number;
  logAt(unit: number): number;
}

/** Counts of cells with one prior observation spread over all. */
function categoricalDensity(coder: Coder, units: readonly number[]): Density {
  const weights = new Float64Array(coder.size).fill(1 / coder.size);
  for (const unit of units) {
    const cell = coder.indexOf(unit);
    weights[cell] = weights[cell]! + 1;
  }
  const total = units.length + 1;
  return {
    draw: (random) => {
      let left = random.double() * total;
      let cell = 0;
      while (cell < coder.size - 1 && (left -= weights[cell]!) >= 0) cell++;
      return coder.unitOf(cell);
    },
    logAt: (unit) => Math.log(weights[coder.indexOf(unit)]! / total),
  };
}

/**
 * A mixture of normal kernels truncated to the unit interval, one an observation and a broad one for the
 * prior. A kernel is as wide as the larger gap to its neighbours, within limits that shrink with their number.
 */
function kernelDensity(coder: Coder, units: readonly number[]): Density {
  const centres = [...units, 0.5].sort((a, b) => a - b);
  const n = centres.length;
  const narrowest = 1 / Math.min(100, 1 + n);
  const prior = centres.indexOf(0.5);
  const kernels = centres.map((centre, i) => {
    const gap = Math.max(centre - (centres[i - 1] ?? 0), (centres[i + 1] ?? 1) - centre);
    const width = i === prior ? 1 : Math.min(1, Math.max(narrowest, gap));
    const low = normalCumulative((0 - centre) / width);
    const mass = normalCumulative((1 - centre) / width) - low;
    return { centre, width, low, mass };
  });
  // The half-width of a discrete cell; a continuous value is weighed over an interval just as well.
  const reach = Number.isFinite(coder.size) ? 0.5 / coder.size : 1e-6;
  return {
    draw: (random) => {
      const { centre, width, low, mass } = kernels[Math.floor(random.double() * n)]!;
      return Math.min(1, Math.max(0, centre + width * normalQuantile(low + mass * random.double())));
    },
    logAt: (unit) => {
      const from = Math.max(0, unit - reach);
      const to = Math.min(1, unit + reach);
      let sum = 0;
      for (const { centre, width, mass } of kernels) {
        sum += (normalCumulative((to - centre) / width) - normalCumulative((from - centre) / width)) / mass;
      }
      return Math.log(Math.max(sum / n / (to - from), 1e-300));
    },
  };
}

function densityOf(coder: Coder, units: readonly number[]): Density {
  return coder.kind === 'categorical' ? categoricalDensity(coder, units) : kernelDensity(coder, units);
}

/**
 * Tree-structured Parzen estimator: for each existing parameter in turn, of values drawn from the density
 * of the best tenth of the trials the one most typical of them and least of the rest. Only trials that
 * have the parameter speak for it; pending trials count among the rest.
 *
 * Source: Bergstra et al. 2011; sizes (10 startup trials, best ceil(n / 10) up to 25, 24 candidates) as in Optuna.
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
      const good = order.slice(0, split).map((i) => observed[i]!.values);
      const pending = trials.filter((t) => t.state === 'running' || t.state === 'waiting');
      const rest = [...order.slice(split).map((i) => observed[i]!), ...pending].map((t) => t.values);
      const tried = triedKeys(context);
      for (let attempt = 0; attempt < 20; attempt++) {
        const values = assemble(context, good, rest, candidates, random);
        if (!tried.has(configurationKey(coder.space, values))) return { values };
      }
      const values = anywhere();
      return values && { values };
    },
  };
}

function assemble(
  { coder }: ProposalContext,
  good: readonly Values[],
  rest: readonly Values[],
  candidates: number,
  random: RandomState,
): Values {
  const values: Record<string, Value> = {};
  for (const one of coder.coders) {
    const { when } = coder.space[one.name]!;
    if (when && !conditionMet(when, values)) continue;
    const unitsIn = (group: readonly Values[]): number[] =>
      group.flatMap((v) => (v[one.name] === undefined ? [] : [one.toUnit(v[one.name]!)]));
    const better = densityOf(one, unitsIn(good));
    const worse = densityOf(one, unitsIn(rest));
    let best = { unit: 0.5, score: -Infinity };
    for (let i = 0; i < candidates; i++) {
      const drawn = better.draw(random);
      const unit = Number.isFinite(one.size) ? one.unitOf(one.indexOf(drawn)) : drawn;
      const score = better.logAt(unit) - worse.logAt(unit);
      if (score > best.score) best = { unit, score };
    }
    values[one.name] = one.fromUnit(best.unit);
  }
  return values;
}
