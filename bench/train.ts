/**
 * Time per sample of training the paper's network (1024-512-512-512-512-6, batch 256, 8 micro-batches per
 * update) against Keras on the same TensorFlow, in one run, with the same number of threads.
 *
 *   npx tsx bench/train.ts [--python PYTHON] [--threads 1] [--steps 240] [--dropout 0.05]
 *
 * PYTHON is an interpreter with keras and tensorflow-cpu (default: see peerPython.ts). The two take
 * turns, three rounds each, each held to as many cores as threads; the medians are compared. Exit 1 when slower than Keras or when tensors grow.
 */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { benchmark, peerPython } from './peerPython';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '1' },
    steps: { type: 'string', default: '240' },
    dropout: { type: 'string', default: '0.05' },
    rounds: { type: 'string', default: '3' },
    growth: { type: 'string', default: '1000' },
    worker: { type: 'boolean', default: false },
  },
});

const BATCH = 256;
const INPUTS = 1024;
const ACCUMULATION = 8;

async function worker(steps: number): Promise<void> {
  const { loadEngine } = await import('stm-lab/dist/engine/index.js');
  const { fitMlp } = await import('stm-lab/dist/models/index.js');
  const { randomState } = await import('research-basics/random/mt19937');
  const engine = await loadEngine({ prefer: 'native' });
  const state = randomState(1);
  const rows = steps * BATCH;
  const x = Float32Array.from({ length: rows * INPUTS }, () => state.double() - 0.5);
  const y = Int32Array.from({ length: rows }, () => state.interval(5));
  const hidden = Array.from({ length: 4 }, () => ({ units: 512, l1: 1e-9, dropout: Number(values.dropout) }));
  const ends: number[] = [];
  const used: number[] = [];
  const tensors: number[] = [];
  await fitMlp(engine, {
    spec: { family: 'dropout', inputs: INPUTS, hidden, classes: 6 },
    train: { x, y, rows, columns: INPUTS },
    // The first epoch warms up and is not counted.
    options: { epochs: 3, batchSize: BATCH, accumulation: ACCUMULATION },
    onEpoch: () => {
      const { user, system } = process.cpuUsage();
      ends.push(performance.now());
      used.push((user + system) / 1000);
      tensors.push(engine.tf.memory().numTensors);
    },
  });
  const milliseconds = (ends[2]! - ends[0]!) / (2 * steps);
  const cpu = (used[2]! - used[0]!) / (2 * steps);
  console.log(JSON.stringify({ milliseconds, cpu, tensors, engine: engine.description }));
}

interface Measured {
  milliseconds: number;
  /** Processor time of all threads. */
  cpu: number;
  tensors?: number[];
  engine: string;
}

function measure(command: string, args: string[]): Measured {
  const env = {
    ...process.env,
    STM_LAB_THREADS: values.threads,
    TF_NUM_INTRAOP_THREADS: values.threads,
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '3',
  };
  // Held to as many cores as threads: Keras' data pipeline would otherwise run on further ones.
  const cores = Array.from({ length: Number(values.threads) }, (_, core) => core).join(',');
  const pinned =
    process.platform === 'linux' ? ['taskset', '-c', cores, command, ...args] : [command, ...args];
  const output = execFileSync(pinned[0]!, pinned.slice(1), {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Measured;
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

function compare(): void {
  const common = ['--steps', values.steps, '--dropout', values.dropout];
  const ours = [...process.execArgv, __filename, '--worker', ...common];
  const python = values.python ?? peerPython('keras');
  const peer = [path.join(__dirname, 'train_keras.py'), ...common];
  const times: { ours: number[]; keras: number[] } = { ours: [], keras: [] };
  let names = ['', ''];
  for (let round = 0; round < Number(values.rounds); round++) {
    const a = measure(process.execPath, ours);
    const b = measure(python, peer);
    times.ours.push(a.milliseconds);
    times.keras.push(b.milliseconds);
    names = [a.engine, b.engine];
    console.log(
      `round ${round + 1}: stm-lab ${a.milliseconds.toFixed(2)} ms, Keras ${b.milliseconds.toFixed(2)} ms per batch of ${BATCH}; processor time ${a.cpu.toFixed(2)} and ${b.cpu.toFixed(2)} ms`,
    );
  }
  const growthRun = measure(process.execPath, [
    ...process.execArgv,
    __filename,
    '--worker',
    '--steps',
    // Whole updates per epoch, so that no gradients are pending when tensors are counted.
    String(ACCUMULATION * Math.ceil(Number(values.growth) / (3 * ACCUMULATION))),
    '--dropout',
    values.dropout,
  ]);
  const counts = growthRun.tensors!;
  const [own, keras] = [median(times.ours), median(times.keras)];
  console.log(
    `stm-lab: ${names[0]}\nKeras:   ${names[1]}\nthreads: ${values.threads}, dropout ${values.dropout}`,
  );
  console.log(
    `per sample: stm-lab ${((own / BATCH) * 1000).toFixed(1)} us, Keras ${((keras / BATCH) * 1000).toFixed(1)} us, ratio Keras / stm-lab ${(keras / own).toFixed(2)}`,
  );
  console.log(`tensors after each third of ${values.growth} steps: ${counts.join(', ')}`);
  if (own > keras || new Set(counts).size > 1) process.exitCode = 1;
}

if (values.worker) void worker(Number(values.steps));
else void benchmark(compare);
