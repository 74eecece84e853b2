/**
 * Time of a training step (forward, backward, Adam with weight decay) of the temporal-modulation network against the same
 * network in PyTorch on the CPU, in one run, with the same number of threads; and whether memory stays flat.
 *
 *   npm run bench:tmnn -- [--python PYTHON] [--threads 1] [--rounds 3] [--steps 4] [--growth 500] [--size reduced]
 *
 * PYTHON is an interpreter with torch (default: see peerPython.ts). `--size full` is the published network (C = 128,
 * batches of 16 segments of 5 s), `reduced` the same with C = 16, `words` C = 16 on 1 s. The two take turns, each held to
 * as many cores as threads; the medians are compared. Exit 1 when the ratio is above 1.3 or when tensors grow.
 */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { benchmark, peerPython } from '../peerPython';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '4' },
    growth: { type: 'string', default: '500' },
    size: { type: 'string', default: 'reduced' },
    worker: { type: 'string' },
  },
});

interface Size {
  harmonics: number;
  filters: number;
  width: number;
  frames: number;
  batch: number;
  outputs: number;
}
const SIZES: Record<string, Size> = {
  words: { harmonics: 6, filters: 1, width: 16, frames: 63, batch: 16, outputs: 35 },
  reduced: { harmonics: 6, filters: 1, width: 16, frames: 313, batch: 16, outputs: 50 },
  full: { harmonics: 6, filters: 1, width: 128, frames: 313, batch: 16, outputs: 50 },
  /** For the memory of many steps. */
  small: { harmonics: 2, filters: 1, width: 4, frames: 63, batch: 4, outputs: 10 },
};
const LIMIT = 1.3;

interface Measured {
  milliseconds: number;
  peer: string;
  tensors?: number[];
  /** Resident memory, MB. */
  rss?: number[];
}

async function worker(size: Size, steps: number): Promise<Measured> {
  const { loadEngine } = await import('stm-lab/dist/engine/index.js');
  const { createTrainer, resolveTmnn } = await import('stm-lab/dist/tmnn/index.js');
  const { randomState } = await import('research-basics/random/mt19937');
  const engine = await loadEngine({ prefer: 'native', kernels: 'onednn' });
  const spec = resolveTmnn({
    frontEnd: { kind: 'harmonic', harmonics: size.harmonics },
    modulation: { filters: size.filters },
    backEnd: { width: size.width },
    outputs: size.outputs,
  });
  const trainer = createTrainer(engine, spec, 'tags', { rule: { kind: 'adam' }, decay: 1e-4 }, { seed: 1 });
  const state = randomState(1);
  const fill = (count: number, next: () => number): Float32Array =>
    Float32Array.from({ length: count }, next);
  const batch = {
    rows: size.batch,
    frames: size.frames,
    power: fill(size.batch * size.frames * 257, () => state.double() ** 2 + 0.01),
    labels: fill(size.batch * size.outputs, () => Number(state.double() < 0.07)),
  };
  const times: number[] = [];
  const tensors: number[] = [];
  const rss: number[] = [];
  for (let step = 0; step <= steps; step++) {
    const begin = performance.now();
    trainer.step(batch, 1e-4, step + 1);
    times.push(performance.now() - begin);
    tensors.push(engine.tf.memory().numTensors);
    rss.push(process.memoryUsage.rss() / 1e6);
  }
  return { milliseconds: median(times.slice(1)), peer: engine.description, tensors, rss };
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

function measure(command: string, args: string[]): Measured {
  // Held to as many cores as threads: both sides would otherwise help themselves to more.
  const cores = Array.from({ length: Number(values.threads) }, (_, core) => core).join(',');
  const whole =
    process.platform === 'linux' ? ['taskset', '-c', cores, command, ...args] : [command, ...args];
  const output = execFileSync(whole[0]!, whole.slice(1), {
    encoding: 'utf8',
    env: { ...process.env, STM_LAB_THREADS: values.threads, TF_NUM_INTRAOP_THREADS: values.threads },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Measured;
}

function compare(size: Size): void {
  const own = (name: string, steps: string): string[] => [
    ...process.execArgv,
    __filename,
    '--worker',
    name,
    '--steps',
    steps,
  ];
  const peer = [
    path.join(__dirname, 'peer.py'),
    ...Object.entries(size).flatMap(([name, value]) => [`--${name}`, String(value)]),
    '--steps',
    values.steps,
  ];
  const python = values.python ?? peerPython('torch');
  const times: { ours: number[]; torch: number[] } = { ours: [], torch: [] };
  let names = ['', ''];
  for (let round = 1; round <= Number(values.rounds); round++) {
    const a = measure(process.execPath, own(values.size, values.steps));
    const b = measure(python, peer);
    times.ours.push(a.milliseconds);
    times.torch.push(b.milliseconds);
    names = [a.peer, b.peer];
    console.log(
      `round ${round}: stm-lab ${a.milliseconds.toFixed(0)} ms, PyTorch ${b.milliseconds.toFixed(0)} ms a step`,
    );
  }
  const ratio = median(times.ours) / median(times.torch);
  console.log(
    `stm-lab: ${names[0]}\npeer:    ${names[1]}\nthreads: ${values.threads}; ${JSON.stringify(size)}`,
  );
  console.log(`ratio stm-lab / PyTorch ${ratio.toFixed(2)} (limit ${LIMIT})`);
  const { tensors, rss } = measure(process.execPath, own('small', values.growth));
  const grown = tensors!.at(-1)! - tensors![1]!;
  const half = Math.floor(rss!.length / 2);
  console.log(
    `${values.growth} steps of a small network: tensors ${tensors![1]} to ${tensors!.at(-1)}, resident memory ${rss![half]!.toFixed(0)} MB halfway, ${rss!.at(-1)!.toFixed(0)} MB at the end`,
  );
  if (ratio > LIMIT || grown !== 0 || rss!.at(-1)! > rss![half]! * 1.05) process.exitCode = 1;
}

if (values.worker !== undefined)
  void worker(SIZES[values.worker]!, Number(values.steps)).then((result) =>
    console.log(JSON.stringify(result)),
  );
else void benchmark(() => compare(SIZES[values.size]!));
