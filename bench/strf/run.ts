/**
 * Time of one step (forward, loss, gradients of the four numbers per filter) of the full-size layer, 64 complex
 * filters of 9 x 111 taps on 64 bands x 200 frames, against PyTorch on the CPU, in one run, both held to the same
 * cores.
 *
 *   npx tsx bench/strf/run.ts [--python PYTHON] [--threads 1] [--batch 8] [--rounds 3]
 *
 * PYTHON is an interpreter with torch (default: see peerPython.ts). The processes take turns; medians are
 * compared. Exit 1 when the default path needs more than 1.3 times PyTorch's convolution, or the separable path is
 * not faster than the plain one.
 */
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { benchmark, peerPython } from '../peerPython';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '1' },
    batch: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '3' },
    worker: { type: 'string' },
  },
});
const batch = Number(values.batch);
const [BANDS, FRAMES, LIMIT] = [64, 200, 1.3];
const OURS = ['separable standard', 'separable onednn', 'plain standard', 'plain onednn'] as const;

/** Prints the median milliseconds of a step, and the loss before training. */
async function worker(kind: (typeof OURS)[number]): Promise<void> {
  const { loadEngine } = await import('stm-lab/dist/engine/index.js');
  const { initialValues, createLayout, lossGradient } = await import('stm-lab/dist/training/index.js');
  const { createStrfLayer } = await import('stm-lab/dist/strf/index.js');
  const [name, kernels] = kind.split(' ') as ['separable' | 'plain', 'standard' | 'onednn'];
  const engine = await loadEngine({ prefer: 'native', kernels });
  const { tf } = engine;
  const start = Array.from({ length: 64 }, (_, k) => ({
    carrier: 0.3 + 0.02 * k,
    angle: 0.1 * k - 3,
    sigmaFrequency: 2 + 0.1 * k,
    sigmaTime: 4 + 0.15 * k,
  }));
  const layer = createStrfLayer(engine, { path: name, start });
  const layout = createLayout(layer.parameters);
  const flat = tf.tensor1d(initialValues(layout, 1));
  const x = tf.tensor3d(
    Float32Array.from({ length: batch * BANDS * FRAMES }, (_, i) => Math.sin(0.37 * i) + Math.cos(0.011 * i)),
    [batch, BANDS, FRAMES],
  );
  const times: number[] = [];
  let first = NaN;
  for (let step = 0; step <= Number(values.steps); step++) {
    const began = performance.now();
    tf.tidy(() => {
      const { loss, gradient } = lossGradient(engine, layout, flat, (parameters) => {
        const maps = name === 'separable' ? layer.stack(parameters, x) : layer.apply(parameters, x);
        return tf.mean(tf.square(maps));
      });
      gradient.dataSync();
      if (step === 0) first = loss.dataSync()[0]!;
    });
    // The first step warms up.
    if (step > 0) times.push(performance.now() - began);
  }
  console.log(JSON.stringify({ milliseconds: median(times), loss: first }));
}

interface Measured {
  readonly milliseconds: number;
  readonly loss: number;
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function measure(kind: string, python: string): Measured {
  const cores = Array.from({ length: Number(values.threads) }, (_, i) => i).join(',');
  const command = kind.startsWith('PyTorch')
    ? [python, path.join(__dirname, 'peer.py'), '--path', kind.split(' ')[1]!]
    : [process.execPath, ...process.execArgv, __filename, '--worker', kind];
  const text = execFileSync(
    'taskset',
    ['-c', cores, ...command, '--batch', values.batch, '--steps', values.steps, '--threads', values.threads],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, STM_LAB_THREADS: values.threads, OMP_NUM_THREADS: values.threads },
    },
  );
  return JSON.parse(text.trim().split('\n').at(-1)!) as Measured;
}

function main(): void {
  const python = values.python ?? peerPython('torch');
  const kinds = [...OURS, 'PyTorch plain', 'PyTorch separable'];
  const found = new Map<string, Measured[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const kind of kinds) found.get(kind)!.push(measure(kind, python));
  const time = (kind: string): number => median(found.get(kind)!.map(({ milliseconds }) => milliseconds));
  const reference = time('PyTorch plain');
  console.log(
    `full-size layer, batch ${batch}, ${values.threads} thread(s), median of ${values.rounds} rounds of ${values.steps} steps`,
  );
  for (const kind of kinds)
    console.log(
      `${kind.padEnd(20)} ${time(kind).toFixed(0).padStart(6)} ms  ${(time(kind) / reference).toFixed(2)} x PyTorch's convolution  loss ${found.get(kind)![0]!.loss.toPrecision(6)}`,
    );
  const losses = kinds.map((kind) => found.get(kind)![0]!.loss);
  const apart = (Math.max(...losses) - Math.min(...losses)) / Math.min(...losses);
  const failures = [
    ...(time('separable standard') > LIMIT * reference
      ? [`the default path needs more than ${LIMIT} x PyTorch`]
      : []),
    ...(time('separable standard') >= time('plain standard')
      ? ['the separable path is not faster than the plain one']
      : []),
    ...(apart > 1e-3 ? [`losses differ by ${apart}`] : []),
  ];
  failures.forEach((failure) => console.error(`FAILED: ${failure}`));
  process.exitCode = failures.length > 0 ? 1 : 0;
}

if (values.worker !== undefined) void worker(values.worker as (typeof OURS)[number]);
else void benchmark(main);
