import { randomState } from 'research-basics/random/mt19937';
import { createSampler } from 'bayesian-optimizer';
import type { SamplerName, Space, TrialRecord } from 'bayesian-optimizer';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';
import { quantile } from './report';

/**
 * Medians of a proposal after `known` random trials: by the clock, and processor time of all threads, which other load disturbs
 * less, in ms; and the memory that the process then holds, in MB.
 */
function proposal(
  name: SamplerName,
  known: number,
  dimensions: number,
  repeats: number,
): { milliseconds: number; processor: number; megabytes: number } {
  const space: Space = Object.fromEntries(
    Array.from({ length: dimensions }, (_, i) => [`x${i}`, { type: 'float' as const, min: 0, max: 1 }]),
  );
  const random = randomState(1);
  const coder = spaceCoder(space);
  const trials = Array.from({ length: known }, (_, number) => {
    const values = coder.decode(random.uniform(0, 1, dimensions));
    const distance = Object.values(values).reduce<number>(
      (sum, v, k) => sum + (Number(v) - k / dimensions) ** 2,
      0,
    );
    const value = distance + 0.1 * random.normal();
    return { ...({ state: 'complete', constraints: {} } as TrialRecord), number, values, value };
  });
  const sampler = createSampler(name);
  const times = Array.from({ length: repeats }, (_, i) => {
    const began = process.cpuUsage();
    const start = performance.now();
    sampler.propose({
      coder,
      direction: 'minimize',
      trials,
      trialNumber: known + i,
      studySeed: 1,
    });
    const { user, system } = process.cpuUsage(began);
    return { clock: performance.now() - start, processor: (user + system) / 1000 };
  });
  // The first compile the code.
  const later = times.slice(Math.min(4, repeats - 1));
  const median = (key: 'clock' | 'processor'): number =>
    quantile(
      Array.from(later, (time) => time[key]),
      0.5,
    );
  return {
    milliseconds: median('clock'),
    processor: median('processor'),
    megabytes: process.memoryUsage().rss / 2 ** 20,
  };
}

/** Prints the time of a proposal and the memory it takes, by the trials known and the dimensions. */
export function printSpeed(): void {
  const sizes = [
    [100, 15, 25],
    [500, 30, 9],
    [5000, 30, 2],
  ] as const;
  console.log('median time of a proposal, its processor time, and the memory of the process after it');
  for (const name of ['gp', 'tpe'] as const)
    for (const [known, dimensions, repeats] of sizes) {
      const { milliseconds, processor, megabytes } = proposal(name, known, dimensions, repeats);
      console.log(
        `  ${name.padEnd(4)} ${known} trials, ${dimensions} dimensions: ${milliseconds.toFixed(0)} ms, ${processor.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
      );
    }
}
