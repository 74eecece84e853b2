/**
 * The whole of musicnn against the original: npm run test:musicnn. Converts the network (pip downloads 29 MB), compares
 * embeddings with the committed golden values, and computes these anew by the original package in TensorFlow (2 GB, installed
 * once; see bench/peerPython.ts).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { readNpy } from 'stm-lab/dist/base/npy';
import { createEmbeddingKernel, startEmbeddingAnalysis, type EmbeddingModel } from 'stm-lab/dist/features';
import { convertEmbedding, findEmbeddingModel } from 'stm-lab/dist/pipeline';
import { peerPython } from '../../bench/peerPython';
import { excerptOf, goldenFolder, maxError, readMusicnnGolden } from './shared';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-musicnn-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const golden = readMusicnnGolden();
const rowsOf = (from: string): Float32Array[] => {
  const { shape, data } = readNpy(path.join(from, 'embeddings.npy'));
  return Array.from({ length: shape[0]! }, (_, i) =>
    Float32Array.from(data.slice(i * shape[1]!, (i + 1) * shape[1]!)),
  );
};

/** Values reach 80, of which float32 holds seven digits: 1e-4 is relative above 1. */
function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Array.from(expected, (value) => Math.max(1, Math.abs(value)));
  return maxError(
    Array.from(actual, (value, i) => value / scale[i]!),
    Array.from(expected, (value, i) => value / scale[i]!),
  );
}

async function embeddingOf(model: EmbeddingModel, sound: string, rate: number): Promise<Float32Array> {
  const analysis = startEmbeddingAnalysis(await createEmbeddingKernel(model), rate, { maxExcerpts: 1 });
  await analysis.push(await excerptOf(sound, rate));
  const result = analysis.finish();
  assert.ok(!('reason' in result));
  return result.features;
}

test('the conversion gives the stated bytes, and embeddings of the original for 8, 16, 44.1 and 48 kHz', async () => {
  const model = findEmbeddingModel(await convertEmbedding({ model: 'musicnn', out: folder }));
  const rows = rowsOf(goldenFolder('musicnn'));
  assert.equal(rows.length, golden.sounds.length * golden.rates.length);
  let [largest, absolute] = [0, 0];
  for (const [i, sound] of golden.sounds.entries())
    for (const [j, rate] of golden.rates.entries()) {
      const embedding = await embeddingOf(model, sound, rate);
      assert.equal(embedding.length, 753);
      const expected = rows[i * golden.rates.length + j]!;
      largest = Math.max(largest, largestDifference(embedding, expected));
      absolute = Math.max(absolute, maxError(embedding, expected));
    }
  console.log(
    `largest difference of ${rows.length} embeddings: ${largest.toExponential(1)}, absolute ${absolute.toExponential(1)}`,
  );
  assert.ok(largest <= 1e-4);
});

test('its other outputs are those of the original, too', async () => {
  const model = findEmbeddingModel(path.join(folder, 'musicnn.onnx'));
  for (const output of ['mean_pool', 'penultimate'] as const) {
    const dimensions = golden[output].length;
    const other = { ...model, description: { ...model.description, output, dimensions } };
    const difference = largestDifference(
      await embeddingOf(other, golden.sounds[0]!, golden.rates[0]!),
      golden[output],
    );
    console.log(`largest difference of ${output}: ${difference.toExponential(1)}`);
    assert.ok(difference <= 1e-4);
  }
});

test('the original package in TensorFlow gives the golden values again', () => {
  const out = path.join(folder, 'again');
  fs.mkdirSync(out);
  execFileSync(peerPython('musicnn'), [path.join(goldenFolder('musicnn'), 'make.py'), out], {
    env: { ...process.env, TF_USE_LEGACY_KERAS: '1' },
    stdio: 'ignore',
  });
  const [again, kept] = [rowsOf(out), rowsOf(goldenFolder('musicnn'))];
  const largest = Math.max(...again.map((row, i) => largestDifference(row, kept[i]!)));
  console.log(`largest difference from the committed values: ${largest.toExponential(1)}`);
  assert.equal(again.length, kept.length);
  assert.ok(largest <= 1e-4);
});
