/**
 * Final regret of our samplers and of other packages' on problems of known optimum:
 *
 *     npx tsx bench/search/run.ts [--set test|tuning|all] [--seeds 20] [--first 1] [--trials 40] [--problems branin,mixed]
 *                                 [--methods gp,hebo] [--jobs 1] [--results results/bench-search.jsonl] [--speed]
 *
 * The other packages are installed into environments of their own. Every search is recorded as it ends: started again, a
 * run continues where it was killed. Results of other code are not reused; those of other packages that
 * `bench/data/peerSearches.jsonl` holds are. `--speed` measures proposals only.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from 'research-basics/errors';
import { samplerNames } from 'bayesian-optimizer';
import { benchmark, peerPython } from '../peerPython';
import { peerMethods } from './peer';
import { runTasks } from './pool';
import { problems } from './problems';
import { printSpeed } from './proposalTime';
import { comparison, quantile, regretTable, signTest, standings } from './report';
import { openResults, problemsDigest, samplersDigest, taskKey, type Result } from './results';
import { isPeer } from './searches';
import { testProblems } from './testProblems';

const { values: given } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    trials: { type: 'string', default: '40' },
    problems: { type: 'string' },
    set: { type: 'string', default: 'test' },
    speed: { type: 'boolean', default: false },
    methods: {
      type: 'string',
      default: 'gp,tpe,keras-tuner,sobol,random,halton,optuna-gp,optuna-tpe-multivariate,botorch,smac,hebo',
    },
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

/** The methods whose packages are there, or could be installed (before, not by, the processes that use them). */
function installed(methods: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const peer of new Set(methods.filter(isPeer).map((method) => peerMethods[method]!))) {
    try {
      peerPython(peer);
    } catch (error) {
      console.error(`left out: ${messageOf(error)}`);
      missing.add(peer);
    }
  }
  return methods.filter((method) => !missing.has(peerMethods[method] ?? ''));
}

async function main(): Promise<void> {
  if (given.speed) return printSpeed();
  const trials = whole('trials');
  const seeds = Array.from({ length: whole('seeds') }, (_, i) => whole('first') + i);
  const sets = { test: testProblems(), tuning: problems(), all: [...problems(), ...testProblems()] };
  if (!(given.set in sets)) throw new Error(`--set ${given.set}: known are ${Object.keys(sets).join(', ')}`);
  const known = sets[given.problems === undefined ? (given.set as keyof typeof sets) : 'all'];
  const names = chosen(
    'problems',
    known.map(({ name }) => name),
  );
  const methods = installed(chosen('methods', [...samplerNames, ...Object.keys(peerMethods)]));
  const [searched, samplers] = [problemsDigest(), samplersDigest()];
  const codeOf = (method: string): string => `${isPeer(method) ? 'peers' : samplers} on ${searched}`;

  const tasks = seeds.flatMap((seed) =>
    names.flatMap((problem) => methods.map((method) => ({ problem, method, seed, trials }))),
  );
  const results = openResults(given.results);
  const left = tasks.filter((task) => !results.known.has(taskKey(task, codeOf(task.method))));
  console.log(
    `seeds ${seeds[0]}-${seeds.at(-1)}, ${trials} trials, ${names.length} problems; ` +
      `${tasks.length - left.length} of ${tasks.length} searches known`,
  );
  await runTasks(left, whole('jobs'), (task, ending) => {
    results.add({ ...task, code: codeOf(task.method), ...ending });
  });

  const resultOf = (problem: string, method: string, seed: number): Result =>
    results.known.get(taskKey({ problem, method, seed, trials }, codeOf(method)))!;
  const regrets = Object.fromEntries(
    names.map((problem) => [
      problem,
      Object.fromEntries(
        methods.map((method) => [method, seeds.map((seed) => resultOf(problem, method, seed).regret)]),
      ),
    ]),
  );
  console.log(`\nmedian final regret (quartiles)\n${regretTable(regrets, methods)}`);
  console.log(
    '\nmean rank, share of the others beaten (95 % interval over seeds), median time of a proposal',
  );
  for (const { method, meanRank, borda, interval } of standings(regrets, methods)) {
    const times = names.flatMap((problem) =>
      seeds.map((seed) => resultOf(problem, method, seed).milliseconds),
    );
    const share = [borda, ...interval].map((value) => value.toFixed(2));
    console.log(
      `  ${method.padEnd(24)} ${meanRank.toFixed(2).padStart(5)}  ${share[0]} (${share[1]} - ${share[2]})  ` +
        `${quantile(times, 0.5).toPrecision(2)} ms`,
    );
  }
  const ours = methods[0]!;
  console.log(`\n${ours} against each other method, by medians per problem (two-sided sign test)`);
  for (const rival of methods.slice(1)) {
    const { won, tied, lost } = comparison(regrets, ours, rival);
    console.log(
      `  ${rival.padEnd(24)} won ${won.length}, tied ${tied.length}, lost ${lost.length} of ${names.length}; ` +
        `p ${signTest(won.length, lost.length).toPrecision(2)}` +
        `${tied.length > 0 ? `; tied on ${tied.join(', ')}` : ''}${lost.length > 0 ? `; lost on ${lost.join(', ')}` : ''}`,
    );
  }
}

void benchmark(main);
