/**
 * Embeddings on one core: seconds of sound for a second of processor time, beside STM features and, as the peer, the same
 * ONNX models in Python's onnxruntime with one thread.
 *
 *     npm run bench:embedding -- [--model speech|musicnn] [--excerpts 20] [--peer onnxruntime|none]
 *
 * Measured on 4-s excerpts of noise at 16 kHz, whose cost is that of any sound. The peer is installed once, see
 * peerPython.ts, and run for the model "speech" alone.
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

/** Prints seconds of sound for a second of processor time. */
const PEER = `
import sys, time
import numpy as np, onnxruntime as ort
embedding, front, excerpts = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
front, model = (ort.InferenceSession(file, options) for file in (front, embedding))
x = np.random.default_rng(1).uniform(-3000, 3000, (1, 64000)).astype(np.float32)
def run():
    mel = front.run(None, {"input": x})[0].squeeze() / 10 + 2
    windows = np.stack([mel[i:i + 76] for i in range(0, len(mel) - 75, 8)])[..., None]
    return model.run(None, {"input_1": windows})[0].mean(axis=0)
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
  if (values.peer === 'none' || model.description.name !== 'speech') return;
  const args = ['-c', PEER, model.file, model.frontEndFile!, values.excerpts];
  const peer = Number(execFileSync(peerPython('onnxruntime'), args, { encoding: 'utf8' }));
  line("the same in Python's onnxruntime", peer);
  console.log(`ratio to the peer: ${(own / peer).toFixed(2)}`);
});
