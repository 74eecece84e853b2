import { randomState } from 'research-basics/random/mt19937';
import { createSampler, createStudy } from 'bayesian-optimizer';
import type { SamplerName, Space } from 'bayesian-optimizer';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';
import { quantile } from './report';

/** Median milliseconds of a proposal after 100 random trials in 15 dimensions. */
export function proposalTime(name: SamplerName): number {
  const space: Space = Object.fromEntries(
    Array.from({ length: 15 }, (_, i) => [`x${i}`, { type: 'float' as const, min: 0, max: 1 }]),
  );
  const random = randomState(1);
  const study = createStudy({ name: 'time', space, direction: 'minimize', sampler: 'random' });
  for (let i = 0; i < 100; i++) {
    const trial = study.ask()!;
    const loss = Object.values(trial.values).reduce<number>(
      (sum, v, k) => sum + (Number(v) - k / 15) ** 2,
      0,
    );
    study.tell(trial, loss + 0.1 * random.normal());
  }
  const trials = study.trials();
  const sampler = createSampler(name);
  const times = Array.from({ length: 15 }, (_, i) => {
    const began = performance.now();
    sampler.propose({
      coder: spaceCoder(space),
      direction: 'minimize',
      trials,
      trialNumber: 100 + i,
      studySeed: 1,
    });
    return performance.now() - began;
  });
  return quantile(times.slice(3), 0.5);
}
