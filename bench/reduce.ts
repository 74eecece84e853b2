/**
 * Standardiser and PCA against scikit-learn on the same file, one after the other: wall time, processor
 * time and peak memory of each process, and how far the results agree.
 *
 *     npm run bench:reduce -- [rows=60000] [columns=2420] [components=1024] [method ...]
 *     npm run bench:reduce -- large [gigabytes=10]
 *
 * Methods: incremental, exact (against `covariance_eigh`, scikit-learn's fastest exact solver, which works
 * in float32 throughout; ours in float64, and with float32 products), exact-full (against `full`, its singular value decomposition); the
 * first two by default. Both sides use all processors (`STM_LAB_THREADS`, `OMP_NUM_THREADS` to change that). The peer
 * holds the matrix in memory; ours reads it from disk in blocks, three times for `exact`.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { openNpyRows } from 'stm-lab/dist/base/npyRows';
import { explainedVariance, fitReduction, loadAlgebra, transformBlocks } from 'stm-lab/dist/reduction';

interface Outcome {
  readonly name: string;
  readonly times: Readonly<Record<string, number>>;
  readonly cpu: number;
  readonly peak: number;
  readonly variance: readonly number[];
  readonly captured: number;
}

/** One run of ours in this process; its outcome is printed as JSON. */
async function runOurs(
  method: 'incremental' | 'exact',
  file: string,
  components: number,
  precision: 'float64' | 'float32',
): Promise<void> {
  const times: Record<string, number> = {};
  let last = performance.now();
  const lap = (name: string): void => {
    times[name] = (performance.now() - last) / 1000;
    last = performance.now();
  };
  const features = openNpyRows(file);
  const { name } = await loadAlgebra();
  lap('load');
  const reduction = await fitReduction({ features, method, components, precision });
  lap('standardise and fit');
  let checksum = 0;
  await transformBlocks(reduction, { features, precision }, (block) => (checksum += block[0]!));
  if (!Number.isFinite(checksum)) throw new Error('transformed values are not finite');
  lap('transform');
  const { user, system } = process.cpuUsage();
  const outcome: Outcome = {
    name: `stm-lab (${name} ${precision})`,
    times,
    cpu: (user + system) / 1e6,
    peak: process.resourceUsage().maxRSS / 1024,
    variance: [...reduction.components!.explainedVariance],
    captured: explainedVariance(reduction).at(-1)!,
  };
  console.log(JSON.stringify(outcome));
}

const root = path.join(__dirname, '..');
const python = path.join(root, '.venv/bin/python');
const peer = path.join(__dirname, 'reduce_peer.py');

function run(command: string, args: readonly string[]): string {
  const threads = process.env.STM_LAB_THREADS ?? String(os.cpus().length);
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, STM_LAB_THREADS: threads, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.trim().split('\n').at(-1) ?? '';
}

const ours = (...args: string[]): string =>
  run(process.execPath, ['--import', 'tsx', __filename, 'ours', ...args]);

function show(outcome: Outcome): void {
  const parts = Object.entries(outcome.times).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
  const total = totalOf(outcome);
  console.log(
    `  ${outcome.name.padEnd(25)} ${total.toFixed(1)} s (${parts.join(', ')}), processor ${outcome.cpu.toFixed(1)} s, peak ${outcome.peak.toFixed(0)} MB`,
  );
}

const totalOf = ({ times }: Outcome): number =>
  Object.values(times).reduce((sum, seconds) => sum + seconds, 0);

function compare(rows: number, columns: number, components: number, methods: readonly string[]): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-bench-reduce-'));
  try {
    const file = path.join(folder, 'features.npy');
    run(python, [peer, 'make', file, String(rows), String(columns)]);
    for (const method of methods) {
      console.log(`${method}: ${rows} x ${columns} float32, ${components} components`);
      const peerMethod = method === 'exact' ? 'exact-covariance' : method;
      const theirs = JSON.parse(run(python, [peer, peerMethod, file, String(components)])) as Outcome;
      show(theirs);
      for (const precision of method === 'incremental' ? ['float64'] : ['float64', 'float32'])
        report(
          theirs,
          JSON.parse(
            ours(method === 'incremental' ? method : 'exact', file, String(components), precision),
          ) as Outcome,
        );
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function report(theirs: Outcome, mine: Outcome): void {
  show(mine);
  const error = Math.max(
    ...mine.variance.map((value, k) => Math.abs(value - theirs.variance[k]!) / theirs.variance[k]!),
  );
  console.log(
    `  time ratio ${(totalOf(theirs) / totalOf(mine)).toFixed(2)}, processor ratio ${(theirs.cpu / mine.cpu).toFixed(2)}, memory ratio ${(theirs.peak / mine.peak).toFixed(2)} (above 1: ours is better)`,
  );
  console.log(
    `  captured variance ${mine.captured.toFixed(8)} against ${theirs.captured.toFixed(8)}, largest relative difference of a variance ${error.toExponential(1)}`,
  );
}

/** A file larger than memory ought to hold: only peak memory and completion matter. */
function large(gigabytes: number): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-bench-large-'));
  try {
    const columns = 2420;
    const rows = Math.ceil((gigabytes * 1e9) / (4 * columns));
    const file = path.join(folder, 'features.npy');
    run(python, [peer, 'make', file, String(rows), String(columns)]);
    console.log(`exact: ${rows} x ${columns} float32, ${(fs.statSync(file).size / 1e9).toFixed(1)} GB`);
    show(JSON.parse(ours('exact', file, '1024', 'float64')) as Outcome);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function main([first, ...rest]: string[]): Promise<void> {
  if (first === 'ours') {
    const [method, file, components, precision] = rest;
    return runOurs(
      method as 'incremental' | 'exact',
      file!,
      Number(components),
      precision as 'float64' | 'float32',
    );
  }
  if (first === 'large') return large(Number(rest[0] ?? 10));
  const [columns = '2420', components = '1024', ...methods] = rest;
  compare(
    Number(first ?? 60_000),
    Number(columns),
    Number(components),
    methods.length > 0 ? methods : ['incremental', 'exact'],
  );
}

void main(process.argv.slice(2));
