import { createStudy } from 'bayesian-optimizer';
import type { SamplerName } from 'bayesian-optimizer';
import type { Peer } from './peer';
import { observe } from './problems';
import type { Problem } from './problems';

/** A method by name: a sampler of ours, or `optuna-gp`, `optuna-tpe`. */
export function isOptuna(method: string): boolean {
  return method.startsWith('optuna-');
}

/**
 * One search, and its final regret: the noise-free value of the best trial as the search saw it, less the
 * optimum.
 *
 * @param peer needed for Optuna's methods.
 */
export async function finalRegret(
  problem: Problem,
  method: string,
  seed: number,
  trials: number,
  peer: Peer | undefined,
): Promise<number> {
  if (!isOptuna(method)) return regretOfOurs(problem, method as SamplerName, seed, trials);
  return regretOfPeer(peer!, problem, method.slice('optuna-'.length) as 'gp' | 'tpe', seed, trials);
}

function regretOfOurs(problem: Problem, sampler: SamplerName, seed: number, trials: number): number {
  const { name, space, optimum, truth } = problem;
  const study = createStudy({ name, space, direction: 'minimize', sampler, seed });
  for (let i = 0; i < trials; i++) {
    const trial = study.ask();
    if (!trial) break;
    study.tell(trial, observe(problem, trial.values, seed, trial.number));
  }
  return truth(study.best()!.values) - optimum;
}

async function regretOfPeer(
  peer: Peer,
  problem: Problem,
  sampler: 'gp' | 'tpe',
  seed: number,
  trials: number,
): Promise<number> {
  await peer.start(problem.space, sampler, seed);
  let best = { seen: Infinity, truth: Infinity };
  for (let i = 0; i < trials; i++) {
    const { values } = await peer.ask();
    const seen = observe(problem, values, seed, i);
    if (seen < best.seen) best = { seen, truth: problem.truth(values) };
    await peer.tell(seen);
  }
  return best.truth - problem.optimum;
}
