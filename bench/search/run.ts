/**
 * Final regret of the samplers against Optuna's on problems of known optimum, and the time of a proposal:
 *
 *     npx tsx bench/search/run.ts [--seeds 20] [--trials 40] [--problems branin,mixed] [--methods gp,published]
 *                                 [--first 1] [--out results.json]
 *
 * Regret is the noise-free value of the best trial as the search saw it, less the optimum.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bestOf, createSampler, createStudy } from 'stm-lab/dist/search';
import type { SamplerName, Space, TrialRecord } from 'stm-lab/dist/search';
import { spaceCoder } from 'stm-lab/dist/search/coding';
import { randomState } from 'stm-lab/dist/base/random/mt19937';
import { observe, problems } from './problems';
import type { Problem } from './problems';
import { optunaPython, startPeer } from './peer';
import type { Peer } from './peer';

const { values: given } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    trials: { type: 'string', default: '40' },
    problems: { type: 'string' },
    methods: { type: 'string', default: 'gp,tpe,published,optuna-gp,optuna-tpe' },
    out: { type: 'string' },
  },
});
const trialCount = Number(given.trials);
const seeds = Array.from({ length: Number(given.seeds) }, (_, i) => Number(given.first) + i);
const chosen = problems().filter(({ name }) => !given.problems || given.problems.split(',').includes(name));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function regretOfOurs(problem: Problem, sampler: SamplerName, seed: number): number {
  const study = createStudy({
    name: problem.name,
    space: problem.space,
    direction: 'minimize',
    sampler,
    seed,
  });
  for (let i = 0; i < trialCount; i++) {
    const trial = study.ask();
    if (!trial) break;
    study.tell(trial, observe(problem, trial.values, seed, trial.number));
  }
  return problem.truth(study.best()!.values) - problem.optimum;
}

async function regretOfPeer(
  peer: Peer,
  problem: Problem,
  sampler: 'gp' | 'tpe',
  seed: number,
): Promise<number> {
  await peer.start(problem.space, sampler, seed);
  let best = { seen: Infinity, truth: Infinity };
  for (let i = 0; i < trialCount; i++) {
    const { values } = await peer.ask();
    const seen = observe(problem, values, seed, i);
    if (seen < best.seen) best = { seen, truth: problem.truth(values) };
    await peer.tell(seen);
  }
  return best.truth - problem.optimum;
}

/** Median milliseconds of a proposal after 100 random trials in 15 dimensions. */
function proposalTime(name: SamplerName): number {
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
  const trials: TrialRecord[] = study.trials();
  void bestOf(trials, 'minimize');
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
  return median(times.slice(3));
}

async function main(): Promise<void> {
  const python = optunaPython();
  const asked = given.methods.split(',');
  const methods = asked.filter((method) => python !== undefined || !method.startsWith('optuna'));
  if (methods.length < asked.length) {
    console.log('Optuna skipped: no Python with optuna and torch (set STM_OPTUNA_PYTHON)');
  }
  const peer =
    python !== undefined && methods.some((m) => m.startsWith('optuna')) ? startPeer(python) : undefined;
  if (peer) {
    const { version } = await peer.start({ x: { type: 'float', min: 0, max: 1 } }, 'tpe', 1);
    console.log(`Optuna ${version}; ${seeds.length} seeds x ${trialCount} trials; median final regret`);
  }
  const table: Record<string, Record<string, number[]>> = {};
  console.log(['problem'.padEnd(18), ...methods.map((m) => m.padStart(12))].join(''));
  for (const problem of chosen) {
    const row: Record<string, number[]> = (table[problem.name] = {});
    for (const method of methods) {
      row[method] = [];
      for (const seed of seeds) {
        row[method].push(
          method.startsWith('optuna-')
            ? await regretOfPeer(peer!, problem, method.slice(7) as 'gp' | 'tpe', seed)
            : regretOfOurs(problem, method as SamplerName, seed),
        );
      }
    }
    const cells = methods.map((m) => median(row[m]!).toPrecision(4).padStart(12));
    console.log([problem.name.padEnd(18), ...cells].join(''));
  }
  peer?.close();
  if (given.out) writeFileSync(given.out, JSON.stringify({ seeds, trials: trialCount, regret: table }));
  const count = (rival: string, share: number): string => {
    if (!methods.includes('gp') || !methods.includes(rival)) return 'not run';
    const won = chosen.filter(
      ({ name }) => median(table[name]!['gp']!) <= share * median(table[name]![rival]!) + 1e-12,
    );
    return `${won.length} of ${chosen.length}`;
  };
  console.log(`gp no worse than Optuna's GP: ${count('optuna-gp', 1)}`);
  console.log(`gp no worse than Optuna's TPE: ${count('optuna-tpe', 1)}`);
  console.log(`gp at most half of published: ${count('published', 0.5)}`);
  console.log(`median proposal time, 100 trials in 15 dimensions: gp ${proposalTime('gp').toFixed(0)} ms`);
}

void main();
