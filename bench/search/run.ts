/**
 * Final regret of the samplers against Optuna's on problems of known optimum, and the time of a proposal:
 *
 *     npx tsx bench/search/run.ts [--seeds 20] [--first 1] [--trials 40] [--problems branin,mixed]
 *                                 [--methods gp,keras-tuner] [--jobs 1] [--results results/bench-search.jsonl]
 *
 * Every search is kept in the results file as it ends: started again, a run goes on where it was killed.
 * Results of other code or of another Optuna are not taken up.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { samplerNames } from 'bayesian-optimizer';
import { benchmark, peerPython } from '../peerPython';
import { optunaVersion } from './peer';
import { runTasks } from './pool';
import { problems } from './problems';
import { proposalTime } from './proposalTime';
import { comparison, regretTable } from './report';
import { openResults, problemsDigest, samplersDigest, taskKey } from './results';
import { isOptuna } from './searches';

const { values: given } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    trials: { type: 'string', default: '40' },
    problems: { type: 'string' },
    methods: { type: 'string', default: 'gp,tpe,keras-tuner,optuna-gp,optuna-tpe' },
    jobs: { type: 'string', default: '1' },
    results: { type: 'string', default: join(__dirname, '..', '..', 'results', 'bench-search.jsonl') },
  },
});

function whole(option: 'seeds' | 'first' | 'trials' | 'jobs'): number {
  const number = Number(given[option]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} must be a whole number from 1`);
  return number;
}

function chosen(option: 'problems' | 'methods', known: readonly string[]): string[] {
  const names = given[option]?.split(',') ?? [...known];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--${option} ${unknown.join(', ')}: known are ${known.join(', ')}`);
  return names;
}

async function main(): Promise<void> {
  const trials = whole('trials');
  const seeds = Array.from({ length: whole('seeds') }, (_, i) => whole('first') + i);
  const names = chosen(
    'problems',
    problems().map(({ name }) => name),
  );
  const methods = chosen('methods', [...samplerNames, 'optuna-gp', 'optuna-tpe']);
  const python = methods.some(isOptuna) ? peerPython('torch') : undefined;
  const version = python === undefined ? '' : optunaVersion(python);
  const [searched, samplers] = [problemsDigest(), samplersDigest()];
  const codeOf = (method: string): string =>
    `${isOptuna(method) ? `optuna ${version}` : samplers} on ${searched}`;

  const tasks = names.flatMap((problem) =>
    seeds.flatMap((seed) => methods.map((method) => ({ problem, method, seed, trials }))),
  );
  const results = openResults(given.results);
  const left = tasks.filter((task) => !results.known.has(taskKey(task, codeOf(task.method))));
  console.log(
    `${version && `Optuna ${version}; `}seeds ${seeds[0]}-${seeds.at(-1)}, ${trials} trials; ` +
      `${tasks.length - left.length} of ${tasks.length} searches known`,
  );
  await runTasks(left, whole('jobs'), python, (task, regret) => {
    results.add({ ...task, code: codeOf(task.method), regret });
  });

  const regrets = Object.fromEntries(
    names.map((problem) => [
      problem,
      Object.fromEntries(
        methods.map((method) => [
          method,
          seeds.map(
            (seed) => results.known.get(taskKey({ problem, method, seed, trials }, codeOf(method)))!.regret,
          ),
        ]),
      ),
    ]),
  );
  console.log(`\nmedian final regret (quartiles)\n${regretTable(regrets, methods)}\n`);
  const compare = (method: string, rival: string, share: number, claim: string): void => {
    if (!methods.includes(method) || !methods.includes(rival)) return;
    const { met, missed, seedsWon } = comparison(regrets, method, rival, share);
    const wins = Object.entries(seedsWon).map(([problem, won]) => `${problem} ${won}`);
    console.log(
      `${claim}: ${met.length} of ${names.length}${missed.length ? `, not on ${missed.join(', ')}` : ''}`,
    );
    console.log(`  seeds won of ${seeds.length}: ${wins.join(', ')}`);
  };
  compare('gp', 'optuna-gp', 1, "gp no worse than Optuna's GP");
  compare('gp', 'keras-tuner', 0.5, 'gp at most half of keras-tuner');
  compare('gp', 'optuna-tpe', 1, "gp no worse than Optuna's TPE");
  compare('tpe', 'optuna-tpe', 1, "tpe no worse than Optuna's TPE");
  for (const name of ['gp', 'tpe'] as const) {
    if (!methods.includes(name)) continue;
    console.log(
      `median proposal time, 100 trials in 15 dimensions: ${name} ${proposalTime(name).toFixed(0)} ms`,
    );
  }
}

void benchmark(main);
