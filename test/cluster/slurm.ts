/**
 * The three kinds of cluster jobs on a real Slurm of four virtual nodes, with a node lost, a task cancelled and a
 * worker killed; results compared with one machine's, byte for byte.
 *
 *     npm run test:slurm [-- --corpus FOLDER_WITH_MANIFEST] [--recordings 34] [--keep]
 *
 * Installs Slurm when it can. Exits 0 with one sentence where Slurm cannot be installed.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { sha256File } from 'research-basics/files';
import { generateDemoCorpus } from 'stm-lab/dist/corpus';
import { readExperiment } from 'stm-lab/dist/pipeline';
import { createStudy } from 'bayesian-optimizer';
import { searchOnTwoHosts } from './hosts';
import { startRig, type Rig } from './rig';

const root = path.resolve(__dirname, '..', '..');
const program = path.join(root, 'lib', 'stm-lab', 'bin', 'stm-lab.js');
const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    recordings: { type: 'string', default: '34' },
    keep: { type: 'boolean' },
  },
});
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stm slurm %a 'q' "));
const at = (...names: string[]): string => path.join(folder, ...names);
const began = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function stmLab(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...environment, TF_CPP_MIN_LOG_LEVEL: '2' },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function ran(rig: Rig, ...args: string[]): Promise<Ended> {
  const ended = await stmLab(rig.environment, ...args);
  assert.equal(ended.code, 0, `${args.join(' ')}\n${ended.err}\n${logs(args)}`);
  return ended;
}

/** The logs of a command's jobs, for when it fails. */
function logs(args: readonly string[]): string {
  const logFolder = path.join(args[args.indexOf('--out') + 1]!, 'slurm', 'logs');
  if (!fs.existsSync(logFolder)) return '';
  return fs
    .readdirSync(logFolder)
    .map((name) => `--- ${name}\n${fs.readFileSync(path.join(logFolder, name), 'utf8').slice(-2000)}`)
    .join('\n');
}

function sameBytes(one: string, other: string, files: readonly string[]): void {
  for (const name of files)
    assert.equal(sha256File(path.join(one, name)), sha256File(path.join(other, name)), name);
}

/** Waits until a look finds something. */
async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let waited = 0; waited < 120_000; waited += 50) {
    const found = look();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

interface Task {
  readonly job: string;
  readonly shard: number;
  readonly node: string;
}

const runningTasks = (rig: Rig): Task[] =>
  rig
    .slurm('squeue', '--noheader', '--array', '--states=RUNNING', '--format=%F|%K|%N')
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([, task]) => /^\d+$/.test(task ?? ''))
    .map(([job, task, node]) => ({ job: job!, shard: Number(task), node: node! }));

const EXTRACTION = ['features.npy', 'index.csv', 'rejected.csv', 'axes.json', 'extraction.json'];

async function extraction(rig: Rig, manifest: string): Promise<void> {
  const single = await ran(rig, 'extract', '--manifest', manifest, '--out', at('single'));
  say(`one machine: ${single.out.trim().replace(folder, '')}`);
  const order = (out: string): string[] => [
    ...[
      'slurm',
      'extract',
      '--manifest',
      manifest,
      '--out',
      out,
      '--shards',
      '8',
      '--cpus',
      '1',
      '--mem',
      '1G',
    ],
    ...['--time', '10', '--poll', '1'],
  ];
  await ran(rig, ...order(at('calm')));
  sameBytes(at('calm'), at('single'), EXTRACTION);
  say(`8 shards on ${rig.nodes.length} nodes: identical bytes (${EXTRACTION.join(', ')})`);

  const running = ran(rig, ...order(at('faulty')));
  /** A running task that has finished some recordings but not all. */
  const midway = (avoid?: string): Task | undefined =>
    runningTasks(rig).find(({ shard, node }) => {
      const shardFolder = at('faulty', 'shards', `${shard}-of-8`);
      const journal = path.join(shardFolder, '.work', 'journal.jsonl');
      return (
        node !== avoid &&
        (fs.statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > 1000 &&
        !fs.existsSync(path.join(shardFolder, 'features.npy'))
      );
    });
  const lost = await until('a shard at work', () => midway());
  rig.lose(lost.node);
  say(`node ${lost.node} lost while at shard ${lost.shard}`);
  const cancelled = await until('another shard at work', () => midway(lost.node));
  rig.slurm('scancel', `${cancelled.job}_${cancelled.shard}`);
  say(`task ${cancelled.shard} cancelled in mid-flight`);
  const { out, err } = await running;
  sameBytes(at('faulty'), at('single'), EXTRACTION);
  assert.match(
    err,
    new RegExp(`submitting again what failed: shard ${cancelled.shard} is not finished`),
    err,
  );
  assert.match(out, /extract +8 +2 +1\b/, out);
  say(
    'a node lost and a task cancelled: identical bytes, 1 of 8 shards submitted again, the lost one by Slurm',
  );
  rig.restore(lost.node);
}

/** Small enough for minutes, on the real features. */
function smallExperiment(): string {
  const small = readExperiment('small');
  const file = at('small.json');
  const fit = { ...small.search.fit, epochs: 15 };
  fs.writeFileSync(
    file,
    JSON.stringify({
      ...small,
      name: 'small',
      split: { ...small.split, folds: 5 },
      reduction: { method: 'exact', components: 40 },
      search: { ...small.search, trials: 10, fit },
      ablation: {
        passes: ['low'],
        rateHz: [2, 6],
        scaleCycPerOct: [2, 6],
        folds: 2,
        seeds: 1,
        fit: { epochs: 8 },
      },
    }),
  );
  return file;
}

async function search(rig: Rig, experiment: string): Promise<void> {
  const shared = ['--preset', experiment];
  await ran(rig, 'split', '--features', at('single'), '--out', at('split'), ...shared);
  const chain = ['--split', at('split'), ...shared];
  await ran(rig, 'reduce', '--features', at('single'), '--out', at('reduction'), ...chain);
  const running = ran(
    rig,
    ...['slurm', 'search', '--reduction', at('reduction'), ...chain, '--out', at('search'), '--shards', '2'],
    ...['--mem', '1G', '--time', '10', '--poll', '1'],
  );
  const journal = at('search', 'journal.log');
  const { search: settings } = readExperiment(experiment);
  const trials = (): ReturnType<ReturnType<typeof createStudy>['trials']> => {
    const name = /"study_name":"([^"]+)"/.exec(fs.readFileSync(journal, 'utf8'))?.[1];
    if (name === undefined) return [];
    return createStudy({ name, space: settings.space, direction: 'maximize', journal }).trials();
  };
  const victim = await until('both workers at a trial', () => {
    if (!fs.existsSync(journal)) return undefined;
    const busy = trials().filter(({ state, number }) => state === 'running' && number >= 2);
    return new Set(busy.map(({ worker }) => worker)).size === 2 ? busy[0] : undefined;
  });
  process.kill(Number(victim.worker.split('/')[1]), 'SIGKILL');
  say(`a search worker killed in trial ${victim.number}`);
  await running;
  const ended = trials();
  assert.deepEqual(
    ended.map(({ number, state }) => [number, state]),
    Array.from({ length: 10 }, (_, number) => [number, 'complete']),
  );
  assert.equal(ended.filter(({ attempts }) => attempts > 1).length, 1);
  const records = fs
    .readFileSync(journal, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { op_code: number; state?: number; trial_id?: number });
  const ends = records
    .filter(({ op_code, state }) => op_code === 6 && state === 1)
    .map(({ trial_id }) => trial_id);
  assert.deepEqual([ends.length, new Set(ends).size], [10, 10]);
  say('two workers, one killed: 10 trials complete, each ended by one record, one started again');
}

async function ablation(rig: Rig, experiment: string): Promise<void> {
  const chain = ['--features', at('single'), '--preset', experiment];
  await ran(rig, 'ablate', ...chain, '--out', at('ablation'), '--workers', '1');
  await ran(
    rig,
    ...[
      'slurm',
      'ablate',
      ...chain,
      '--out',
      at('ablation-sharded'),
      '--shards',
      '3',
      '--mem',
      '1G',
      '--time',
      '10',
    ],
    ...['--poll', '1'],
  );
  sameBytes(at('ablation'), at('ablation-sharded'), ['ablation.json', 'cells.csv']);
  say('ablation in 3 shards: identical bytes (ablation.json, cells.csv)');
}

async function main(): Promise<void> {
  const { status } = spawnSync(process.execPath, [path.join(root, 'setup', 'slurm.mjs')], {
    stdio: 'inherit',
  });
  if (status === 4) return;
  assert.equal(status, 0, 'setup/slurm.mjs failed');
  const rig = await startRig(fs.mkdtempSync(path.join(os.tmpdir(), 'stm-slurm-rig-')), 4);
  try {
    say(`${rig.slurm('sinfo', '--version')}: ${rig.nodes.length} nodes are up`);
    const manifest =
      values.corpus === undefined
        ? (await generateDemoCorpus({ folder: at('demo'), recordings: Number(values.recordings) })).manifest
        : path.resolve(values.corpus, 'manifest.csv');
    say(`corpus: ${fs.readFileSync(manifest, 'utf8').trimEnd().split('\n').length - 1} recordings`);
    await extraction(rig, manifest);
    const experiment = smallExperiment();
    await search(rig, experiment);
    await ablation(rig, experiment);
    const journals = await stmLab(
      rig.environment,
      'sync',
      at('tracking'),
      '--dry-run',
      '--uri',
      'http://127.0.0.1:9',
    );
    assert.match(journals.out, /dry-run, \d+ runs/);
    say(`journals for "stm-lab sync": ${/(\d+) runs/.exec(journals.out)![1]} runs`);
    const skipped = await searchOnTwoHosts(at('hosts'));
    say(
      skipped ??
        'two workers under different host names, one killed: its trial is taken over by signs of life alone',
    );
    say('passed');
  } finally {
    rig.stop();
    if (values.keep !== true) fs.rmSync(folder, { recursive: true, force: true });
    else say(`kept: ${folder}`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
