import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { spaceCoder, type SpaceCoder } from './coding';
import type { Direction } from './journal/records';
import type { ReplayedStudy } from './journal/replay';
import { scalarise } from './objectives';
import type { Proposal, Sampler } from './sampler';
import { seenSpace, toSeenRecord } from './seenSpace';
import type { Space, Value, Values } from './space';
import { activeValues, isConfiguration } from './space';
import { toTrialRecord, type AttributeKeys } from './studyRecords';

export interface ProposerOptions {
  /** Empty when trials get their parameters as the objective asks for them. */
  readonly space: Space;
  readonly coder: SpaceCoder;
  readonly sampler: Sampler;
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly keys: AttributeKeys;
}

/**
 * What a study's sampler proposes for a trial from the other trials, completed around `given` values. Undefined when a
 * finite space is used up, or when the given values do not lie in the space.
 */
export function proposer({ space, coder, sampler, directions, seed, keys }: ProposerOptions) {
  const isOpen = Object.keys(space).length === 0;

  return (study: ReplayedStudy, number: number, given?: Values): Proposal | undefined => {
    const others = study.trials.filter((trial) => trial.number !== number);
    const seen = isOpen ? seenSpace(others) : space;
    if (Object.keys(seen).length === 0) return { values: { ...given } };
    const records = isOpen
      ? others.map((trial) => toSeenRecord(trial, seen, keys))
      : others
          .map((trial) => toTrialRecord(trial, keys))
          .filter((trial) => isConfiguration(space, trial.values));
    const proposal = sampler.propose({
      coder: isOpen ? spaceCoder(seen) : coder,
      ...scalarise(records, directions, { studySeed: seed, trialNumber: number }),
      trialNumber: number,
      studySeed: seed,
    });
    // Parameters that the objective has not asked for yet are drawn when it does.
    if (isOpen) return { ...proposal, values: { ...proposal?.values, ...given } };
    if (given === undefined) return proposal;
    const random = randomState(deriveSeed(seed, 'given', number));
    const drawn: Record<string, Value> = Object.fromEntries(
      coder.coders.map((one) => [one.name, one.fromUnit(random.double())]),
    );
    const values = activeValues(space, { ...drawn, ...proposal?.values, ...given });
    const fits = isConfiguration(space, values) && Object.keys(given).every((name) => name in values);
    return fits ? { values } : undefined;
  };
}
