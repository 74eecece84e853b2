/**
 * How long commands take that have nothing to compute: `--help`, and stages that find their results finished.
 *
 *     npm run bench:start [-- --rounds 7]
 *
 * Wall and processor time, medians; the peer is Node.js itself with an empty program.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { writePaperManifest } from './paper/corpus';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-start-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);
const program = path.resolve(__dirname, '..', 'lib', 'stm-lab', 'bin', 'stm-lab.js');
const own = ['--preset', path.join(__dirname, 'paper', 'preset.json'), '--tracking', 'offline', '--quiet'];
const [features, split, reduction] = [at('features'), at('split'), at('reduction')];
const stages: Readonly<Record<string, string[]>> = {
  split: ['split', '--features', features, '--out', split],
  reduce: ['reduce', '--features', features, '--split', split, '--out', reduction],
  train: ['train', '--reduction', reduction, '--split', split, '--out', at('model')],
  evaluate: [
    'evaluate',
    '--model',
    at('model'),
    '--reduction',
    reduction,
    '--split',
    split,
    '--out',
    at('test'),
  ],
};

writePaperManifest(at('manifest.csv'), 0.002);
execFileSync(
  process.execPath,
  [
    ...process.execArgv,
    path.join(__dirname, 'paper', 'extraction.ts'),
    at('manifest.csv'),
    features,
    at('runs'),
  ],
  { stdio: 'ignore' },
);
const commands: Record<string, string[]> = {
  'an empty program': ['-e', ''],
  'stm-lab --help': [program, '--help'],
};
for (const [name, args] of Object.entries(stages)) {
  const command = [program, ...args, ...own];
  execFileSync(process.execPath, command, { stdio: 'ignore' });
  commands[`${name}, found finished`] = command;
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!;

/** Wall and processor seconds of one run. */
function once(args: readonly string[]): { wall: number; processor: number } {
  const began = performance.now();
  // The shell's `times` prints what its children took: user and system.
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', '"$@" >/dev/null 2>&1 || exit 1; times', 'sh', process.execPath, ...args],
    {
      encoding: 'utf8',
    },
  );
  const wall = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${args.join(' ')} failed`);
  const times = [
    ...stdout
      .trim()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  const processor = times.reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
  return { wall, processor };
}

const runs = Object.fromEntries(Object.keys(commands).map((name) => [name, [] as ReturnType<typeof once>[]]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, args] of Object.entries(commands)) runs[name]!.push(once(args));
console.log(`${os.cpus()[0]!.model}, Node ${process.versions.node}; medians of ${values.rounds} rounds`);
for (const [name, list] of Object.entries(runs)) {
  const [wall, processor] = [median(list.map((run) => run.wall)), median(list.map((run) => run.processor))];
  console.log(`${name.padEnd(26)} ${wall.toFixed(2)} s, of the processor ${processor.toFixed(2)} s`);
}
