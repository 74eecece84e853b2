import { createStudy } from 'bayesian-optimizer';
import type { SamplerName, Values } from 'bayesian-optimizer';
import { peerMethods, type Peer } from './peer';
import { observe } from './problems';
import type { Problem } from './problems';
import { quantile } from './report';

/** Whether a method is another package's. */
export function isPeer(method: string): boolean {
  return method in peerMethods;
}

/** How a search ended. */
export interface Ending {
  /** The noise-free value of the best trial as the search saw it, less the optimum. */
  readonly regret: number;
  /** Median milliseconds of a proposal. */
  readonly milliseconds: number;
}

/** One search. @param peer needed for other packages' methods. */
export async function search(
  problem: Problem,
  method: string,
  seed: number,
  trials: number,
  peer: Peer | undefined,
): Promise<Ending> {
  const { name, space } = problem;
  let best = { seen: Infinity, truth: Infinity };
  const times: number[] = [];
  const see = (values: Values, trial: number): number => {
    const seen = observe(problem, values, seed, trial);
    if (seen < best.seen) best = { seen, truth: problem.truth(values) };
    return seen;
  };
  const study = isPeer(method)
    ? undefined
    : createStudy({ name, space, direction: 'minimize', sampler: method as SamplerName, seed });
  if (!study) await peer!.start(space, method, seed, trials);
  for (let i = 0; i < trials; i++) {
    const began = performance.now();
    const trial = study ? study.ask() : await peer!.ask();
    if (!trial) break;
    times.push(performance.now() - began);
    const seen = see(trial.values, i);
    if (study) study.tell(i, seen);
    else await peer!.tell(seen);
  }
  return { regret: best.truth - problem.optimum, milliseconds: quantile(times, 0.5) };
}
