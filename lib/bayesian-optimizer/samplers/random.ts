import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { SpaceCoder } from '../coding';
import type { ProposalContext, Sampler } from '../sampler';
import type { Values } from '../space';
import { configurationKey } from '../space';

/** Keys of every configuration a study has taken up, whatever became of it. */
export function triedKeys({ coder, trials }: ProposalContext): Set<string> {
  return new Set(trials.map((trial) => configurationKey(coder.space, trial.values)));
}

/** Every configuration of a small finite space, in the order of the cells. */
function enumerate(coder: SpaceCoder): Values[] {
  const { coders } = coder;
  const found = new Map<string, Values>();
  const units = new Float64Array(coders.length).fill(0.5);
  const walk = (depth: number): void => {
    if (depth === coders.length) {
      const values = coder.decode(units);
      found.set(configurationKey(coder.space, values), values);
      return;
    }
    const one = coders[depth]!;
    // Cells of a parameter that does not exist all give the same configuration: one will do.
    const size = coder.active(units)[depth] ? one.size : 1;
    for (let i = 0; i < size; i++) {
      units[depth] = Number.isFinite(one.size) ? one.unitOf(i) : 0.5;
      walk(depth + 1);
    }
  };
  walk(0);
  return [...found.values()];
}

/**
 * A configuration drawn from `draw` (one value in [0, 1) per parameter) that was not tried before. When draws keep meeting
 * tried ones the rest of a finite space is listed; undefined when nothing is left.
 *
 * @param uniform picks from the list.
 */
export function drawUntried(
  context: ProposalContext,
  draw: () => Float64Array,
  uniform: () => number,
): Values | undefined {
  const { coder } = context;
  const tried = triedKeys(context);
  for (let attempt = 0; attempt < 100; attempt++) {
    const values = coder.decode(draw());
    if (!tried.has(configurationKey(coder.space, values))) return values;
  }
  if (!Number.isFinite(coder.size)) return coder.decode(draw());
  const left = enumerate(coder).filter((values) => !tried.has(configurationKey(coder.space, values)));
  return left[Math.floor(uniform() * left.length)];
}

/** Independent uniform draws on the unit cube (so log scales are uniform in the logarithm). */
export function randomSampler(): Sampler {
  return {
    name: 'random',
    propose: (context) => {
      const random = randomState(deriveSeed(context.studySeed, 'random', context.trialNumber));
      const dimensions = context.coder.coders.length;
      const values = drawUntried(context, () => random.uniform(0, 1, dimensions), random.double);
      return values && { values };
    },
  };
}
