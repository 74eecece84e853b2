import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  resultHashes,
  stmLab,
  stmLabKilledAfter,
  tinyCorpus,
  tinyExperiment,
  withoutSearchFolder,
} from '../pipeline/support';
import { withSmallDisk } from './disk';
import { requireOption } from './preload';
import { complain, judgeCommand, type Scenario } from './tally';

/** A corpus, an experiment, the whole pipeline as one command, and what it gives undisturbed. */
export interface Bench {
  readonly folder: string;
  readonly manifest: string;
  readonly experiment: string;
  /** Milliseconds of the undisturbed run. */
  readonly duration: number;
  readonly expected: Readonly<Record<string, string>>;
}

const command = (bench: Pick<Bench, 'manifest' | 'experiment'>, results: string): string[] => [
  ...['reproduce', '--manifest', bench.manifest, '--preset', bench.experiment, '--results', results],
  ...['--notebooks', 'skip', '--tracking', 'offline'],
];

/** Keys of the tracked runs, with how often each was begun. */
function trackedRuns(results: string): Map<string, number> {
  const folder = path.join(results, 'corpus', 'tracking');
  const runs = new Map<string, number>();
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.jsonl'))) {
    for (const line of fs.readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      if (!line.startsWith('{"op":"start"')) continue;
      const start = JSON.parse(line) as { key?: string };
      const key = withoutSearchFolder(start.key ?? name);
      runs.set(key, (runs.get(key) ?? 0) + 1);
    }
  }
  return runs;
}

/** Runs everything once, undisturbed. */
export function openBench(folder: string): Bench {
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const experiment = tinyExperiment(folder);
  const results = path.join(folder, 'expected');
  const began = performance.now();
  const { code, err } = stmLab(...command({ manifest, experiment }, results));
  if (code !== 0) throw new Error(`the undisturbed run failed: ${err}`);
  return {
    folder,
    manifest,
    experiment,
    duration: performance.now() - began,
    expected: resultHashes(results),
  };
}

/** Finishes what faults left, and counts what differs from the undisturbed run. */
function settle({ tally }: Scenario, bench: Bench, results: string, what: string): void {
  const { code, err } = stmLab(...command(bench, results));
  if (code !== 0) return complain(tally, 'lost', `${what}: cannot be continued: ${err.slice(0, 400)}`);
  const hashes = resultHashes(results);
  for (const name of new Set([...Object.keys(hashes), ...Object.keys(bench.expected)]))
    if (hashes[name] !== bench.expected[name]) complain(tally, 'lost', `${what}: ${name} differs`);
  const wanted = trackedRuns(path.join(bench.folder, 'expected'));
  const runs = trackedRuns(results);
  for (const key of wanted.keys()) if (!runs.has(key)) complain(tally, 'lost', `${what}: run ${key}`);
  for (const [key, times] of runs)
    if (times > 1 || !wanted.has(key))
      complain(tally, 'duplicated', `${what}: run ${key} begun ${times} times`);
}

/** SIGKILL at random moments of the whole pipeline, some chains of kills long. */
export async function killsOfStages(
  scenario: Scenario,
  bench: Bench,
  chains: number,
  kills: number,
): Promise<void> {
  const { tally, random, folder } = scenario;
  for (let chain = 0; chain < chains; chain++) {
    const results = path.join(folder, `chain-${chain}`);
    // Each kill comes a little later than the last stage that was finished, so that every stage has its turn.
    for (let kill = 0; kill < kills; kill++) {
      const wait = bench.duration * (0.08 + 0.35 * random.double());
      if ((await stmLabKilledAfter(wait, ...command(bench, results))) === 'killed') tally.faults++;
    }
    settle(scenario, bench, results, `chain ${chain}`);
  }
}

/** A disk that is full at different points of the pipeline; then there is space again. */
export async function fullDisks(
  scenario: Scenario,
  bench: Bench,
  sizes: readonly number[],
): Promise<string | undefined> {
  const { tally, folder } = scenario;
  let skipped: string | undefined;
  for (const kilobytes of sizes) {
    const results = path.join(folder, `disk-${kilobytes}`);
    skipped ??= await withSmallDisk(results, kilobytes, ({ grow }) => {
      const ended = stmLab(...command(bench, results));
      tally.faults++;
      judgeCommand(tally, ended, `a disk of ${kilobytes} kB`);
      grow();
      settle(scenario, bench, results, `a disk of ${kilobytes} kB`);
      return Promise.resolve();
    });
  }
  return skipped;
}

/** Every stage told to write where nothing can be written. */
export async function readOnlyFolders(scenario: Scenario, bench: Bench): Promise<string | undefined> {
  const { tally, folder } = scenario;
  const done = path.join(bench.folder, 'expected', 'corpus');
  const features = path.join(done, 'features-stm-published');
  const own = (name: string): string => path.join(done, 'tiny', name);
  const chain = ['--reduction', own('reduction'), '--split', own('split')];
  const stages: string[][] = [
    ['extract', '--manifest', bench.manifest],
    ['extract', '--manifest', bench.manifest, '--shard', '1/2'],
    ['split', '--features', features],
    ['reduce', '--features', features, '--split', own('split')],
    ['search', ...chain],
    ['search', ...chain, '--shard', '1/2'],
    ['train', ...chain, '--search', own('search')],
    ['evaluate', ...chain, '--model', own('model')],
    ['evaluate', '--features', features],
    ['ablate', '--features', features],
    ['ablate', '--features', features, '--shard', '1/2'],
  ];
  return withSmallDisk(path.join(folder, 'frozen'), 4096, ({ freeze }) => {
    freeze();
    for (const words of stages) {
      const experiment = words[0] === 'extract' ? [] : ['--preset', bench.experiment];
      const ended = stmLab(...words, ...experiment, '--out', path.join(folder, 'frozen', 'out'));
      tally.faults++;
      judgeCommand(
        tally,
        ended,
        words
          .slice(0, 1)
          .concat(words.includes('--shard') ? ['--shard'] : [])
          .join(' '),
      );
    }
    return Promise.resolve();
  });
}

/** A clock that jumps by hours, forward and back, in every process and thread; with kills, since then old times are compared. */
export async function clockJumps(scenario: Scenario, bench: Bench, rounds: number): Promise<void> {
  const { tally, random, folder } = scenario;
  const clock = path.join(__dirname, 'clock.cjs');
  const before = process.env['NODE_OPTIONS'];
  const results = path.join(folder, 'clock');
  const jumps = path.join(folder, 'jumps');
  fs.writeFileSync(jumps, '');
  try {
    process.env['FAULT_CLOCK_LOG'] = jumps;
    process.env['NODE_OPTIONS'] = requireOption(clock);
    for (let round = 0; round < rounds; round++) {
      process.env['FAULT_CLOCK_SEED'] = String(1 + random.interval(1e6));
      await stmLabKilledAfter(bench.duration * (0.3 + 0.5 * random.double()), ...command(bench, results));
    }
    settle(scenario, bench, results, 'a jumping clock');
  } finally {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
    delete process.env['FAULT_CLOCK_SEED'];
    delete process.env['FAULT_CLOCK_LOG'];
  }
  // One line for each process that lived through jumps.
  tally.faults += fs.readFileSync(jumps, 'utf8').trimEnd().split('\n').length;
}
