import { randomState } from 'research-basics/random/mt19937';
import { createSampler, createStudy } from 'bayesian-optimizer';
import type { SamplerName, Space } from 'bayesian-optimizer';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';
import { quantile } from './report';

/** Median milliseconds of a proposal after `known` random trials, and the memory that the process then holds, in MB. */
function proposal(
  name: SamplerName,
  known: number,
  dimensions: number,
  repeats: number,
): { milliseconds: number; megabytes: number } {
  const space: Space = Object.fromEntries(
    Array.from({ length: dimensions }, (_, i) => [`x${i}`, { type: 'float' as const, min: 0, max: 1 }]),
  );
  const random = randomState(1);
  const study = createStudy({ name: 'time', space, direction: 'minimize', sampler: 'random' });
  for (let i = 0; i < known; i++) {
    const trial = study.ask()!;
    const loss = Object.values(trial.values).reduce<number>(
      (sum, v, k) => sum + (Number(v) - k / dimensions) ** 2,
      0,
    );
    study.tell(trial, loss + 0.1 * random.normal());
  }
  const trials = study.trials();
  const sampler = createSampler(name);
  const times = Array.from({ length: repeats }, (_, i) => {
    const began = performance.now();
    sampler.propose({
      coder: spaceCoder(space),
      direction: 'minimize',
      trials,
      trialNumber: known + i,
      studySeed: 1,
    });
    return performance.now() - began;
  });
  // The first compile the code.
  return {
    milliseconds: quantile(times.slice(Math.min(2, repeats - 1)), 0.5),
    megabytes: process.memoryUsage().rss / 2 ** 20,
  };
}

/** Prints the time of a proposal and the memory it takes, by the trials known and the dimensions. */
export function printSpeed(): void {
  const sizes = [
    [100, 15, 11],
    [500, 30, 5],
    [5000, 30, 2],
  ] as const;
  console.log('median time of a proposal, and the memory of the process after it');
  for (const name of ['gp', 'tpe'] as const)
    for (const [known, dimensions, repeats] of sizes) {
      const { milliseconds, megabytes } = proposal(name, known, dimensions, repeats);
      console.log(
        `  ${name.padEnd(4)} ${known} trials, ${dimensions} dimensions: ${milliseconds.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
      );
    }
}
