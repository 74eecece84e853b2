import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { sobolSequence } from '../numerics/sobol';
import type { ProposalContext, Sampler } from '../sampler';
import type { Values } from '../space';
import { drawUntried } from './random';

/** Point `trialNumber` of the study's scrambled Sobol' sequence; a random one where that was tried before. */
export function sobolProposal(context: ProposalContext): Values | undefined {
  const { coder, studySeed, trialNumber } = context;
  const dimensions = coder.coders.length;
  const sequence = sobolSequence(dimensions, deriveSeed(studySeed, 'sobol'));
  const random = randomState(deriveSeed(studySeed, 'sobol', trialNumber));
  let first = true;
  const draw = (): Float64Array => {
    if (!first) return random.uniform(0, 1, dimensions);
    first = false;
    return sequence.at(trialNumber);
  };
  return drawUntried(context, draw, random.double);
}

/** A space-filling design: each trial is the next point of one scrambled sequence of the study. */
export function sobolSampler(): Sampler {
  return {
    name: 'sobol',
    propose: (context) => {
      const values = sobolProposal(context);
      return values && { values };
    },
  };
}
