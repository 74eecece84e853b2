/**
 * Embeddings on one core: seconds of sound for a second of processor time, beside STM features and, as the peer, the same
 * ONNX models in Python's onnxruntime with one thread.
 *
 *     npm run bench:embedding -- [--model speech|musicnn] [--excerpts 20] [--peer onnxruntime|none]
 *
 * Measured on 4-s excerpts of noise at 16 kHz, whose cost is that of any sound. The peer is installed once, see
 * peerPython.ts, and run for these two models alone.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createEmbeddingKernel, extractStm } from 'stm-lab/dist/features';
import { findEmbeddingModel } from 'stm-lab/dist/pipeline';
import { randomState } from 'research-basics/random/mt19937';
import { benchmark, peerPython } from './peerPython';

const SECONDS = 4;

async function realTimes(excerpts: number, run: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 3; i++) await run();
  const before = process.cpuUsage();
  for (let i = 0; i < excerpts; i++) await run();
  const { user, system } = process.cpuUsage(before);
  return (excerpts * SECONDS * 1e6) / (user + system);
}

/** The front ends in Python: `mel` is what a model takes of x, in windows. */
const FRONT_ENDS: Readonly<Record<string, string>> = {
  speech: `
front = ort.InferenceSession(sys.argv[3], options)
x = x * 32768
def mel():
    values = front.run(None, {"input": x[None]})[0].squeeze() / 10 + 2
    return np.stack([values[i:i + 76] for i in range(0, len(values) - 75, 8)])[..., None]
`,
  musicnn: `
to_hz = lambda mel: np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
edges = to_hz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), 98))
hz = np.arange(257)[:, None] * 31.25
bank = np.minimum((hz - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - hz) / (edges[2:] - edges[1:-1]))
bank = (np.maximum(0, bank) * 2 / (edges[2:] - edges[:-2])).astype(np.float32)
hann = np.hanning(513)[:-1].astype(np.float32)
def mel():
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, 256, "reflect"), 512)[::256]
    power = np.abs(np.fft.rfft(frames * hann)).astype(np.float32) ** 2
    values = np.log10(1 + 10000 * (power @ bank))
    return np.stack([values[i:i + 187] for i in range(0, len(values) - 186, 61)])
`,
};

/** Prints seconds of sound for a second of processor time. */
const peerProgram = (frontEnd: string): string => `
import sys, time
import numpy as np, onnxruntime as ort
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
excerpts, output, model = int(sys.argv[1]), sys.argv[2], ort.InferenceSession(sys.argv[4], options)
x = np.random.default_rng(1).uniform(-0.2, 0.2, 64000).astype(np.float32)
${frontEnd}
def run():
    return model.run([output], {model.get_inputs()[0].name: mel().astype(np.float32)})[0].mean(axis=0)
for _ in range(3): run()
before = time.process_time()
for _ in range(excerpts): run()
print(${SECONDS} * excerpts / (time.process_time() - before))
`;

void benchmark(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'speech' },
      excerpts: { type: 'string', default: '20' },
      peer: { type: 'string', default: 'onnxruntime' },
    },
  });
  const excerpts = Number(values.excerpts);
  const model = findEmbeddingModel(values.model);
  const kernel = await createEmbeddingKernel(model);
  const random = randomState(1);
  const noise = (rate: number): Float32Array =>
    Float32Array.from({ length: SECONDS * rate }, () => 0.4 * (random.double() - 0.5));
  const heard = noise(model.description.sampleRate);
  const own = await realTimes(excerpts, () => kernel.compute(heard));
  const plain = noise(16000);
  const stm = await realTimes(excerpts, () => extractStm(plain, 16000));
  const line = (name: string, value: number): void =>
    console.log(
      `${name}: ${value.toFixed(0)} x real time on one core, ${(3600 / value).toFixed(0)} s for an hour of sound`,
    );
  line(`embedding ${model.description.name}`, own);
  line('STM', stm);
  const frontEnd = FRONT_ENDS[model.description.name];
  if (values.peer === 'none' || frontEnd === undefined) return;
  const { file, frontEndFile = '', description } = model;
  const args = ['-c', peerProgram(frontEnd), values.excerpts, description.output!, frontEndFile, file];
  const peer = Number(execFileSync(peerPython('onnxruntime'), args, { encoding: 'utf8' }));
  line("the same in Python's onnxruntime", peer);
  console.log(`ratio to the peer: ${(own / peer).toFixed(2)}`);
});
