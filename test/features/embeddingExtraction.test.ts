import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readNpy } from 'stm-lab/dist/base/npy';
import { extractCorpus } from 'stm-lab/dist/features';
import { embeddingNames, findEmbeddingModel } from 'stm-lab/dist/pipeline';
import { makeCorpus, noise, results, rowFor } from './corpus';
import { goldenFolder } from './shared';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-embedding-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);

const described = {
  ...{ name: 'pairs', title: 'pairs', licence: 'MIT', source: 'made', sampleRate: 16000 },
  ...{ shape: ['samples'], window: 1000, output: 'pairs', dimensions: 2 },
};
const describe = (changed: object = {}): void =>
  fs.writeFileSync(at('pairs.json'), JSON.stringify({ ...described, ...changed }));
fs.copyFileSync(path.join(goldenFolder('embedding'), 'pairs.onnx'), at('pairs.onnx'));
describe();

test('a model with its description beside it: any number of workers, resumed, new where it changed', async () => {
  const rows = makeCorpus(at('audio'), 9);
  const run = (name: string, more: object = {}) =>
    extractCorpus({
      ...{
        rows,
        outFolder: at(name),
        features: 'embedding',
        embedding: findEmbeddingModel(at('pairs.onnx')),
      },
      ...{ keep: 'excerpts', ...more },
    });
  const first = await run('one', { workers: 1 });
  assert.deepEqual([first.accepted, first.computed, first.failed], [7, 9, 0]);
  await run('two', { workers: 2 });
  assert.deepEqual(results(at('two')), results(at('one')));
  const excerpts = readNpy(first.files.excerpts!.features);
  assert.ok(excerpts.shape[0]! > 7 && excerpts.shape[1] === 2);
  assert.deepEqual([(await run('one')).computed, (await run('one')).reused], [0, 9]);
  describe({ title: 'another title' });
  assert.equal((await run('one')).computed, 0);
  describe({ scale: 2 });
  const louder = await run('one');
  assert.equal(louder.computed, 9);
  const doubled = readNpy(louder.files.excerpts!.features).data;
  assert.deepEqual(
    [...doubled],
    Array.from(excerpts.data, (value) => 2 * value),
  );
});

test('another version of ONNX Runtime is another model: its kernels may round differently', () => {
  // The one object that every require of it returns.
  const installed = createRequire(__filename)('onnxruntime-node/package.json') as { version: string };
  const { version } = installed;
  const here = findEmbeddingModel(at('pairs.onnx')).hash;
  try {
    installed.version = '99.0.0';
    assert.notEqual(findEmbeddingModel(at('pairs.onnx')).hash, here);
  } finally {
    installed.version = version;
  }
  assert.equal(findEmbeddingModel(at('pairs.onnx')).hash, here);
});

test('stopped within a model, the process lives on, and the next run completes the same results', async () => {
  const rows = [1, 2, 3].map((seed) => {
    const file = at(`long${seed}.wav`);
    writeWav(file, noise(seed, 12, 16000), 16000);
    return rowFor(file, seed);
  });
  const embedding = findEmbeddingModel('speech');
  const common = { rows, features: 'embedding' as const, embedding, workers: 2 };
  const whole = await extractCorpus({ ...common, outFolder: at('whole') });
  assert.equal(whole.accepted, 3);
  const stop = new AbortController();
  let heard = 0;
  const stopped = extractCorpus({
    ...{ ...common, outFolder: at('stopped'), signal: stop.signal },
    onProgress: ({ filesDone }) => {
      if (filesDone > heard++) stop.abort();
    },
  });
  setTimeout(() => stop.abort(), 700);
  await assert.rejects(stopped, /extraction stopped; run it again/);
  const resumed = await extractCorpus({ ...common, outFolder: at('stopped') });
  assert.ok(resumed.computed > 0);
  assert.deepEqual(results(at('stopped')), results(at('whole')));
});

test('what is not a model, has no description or other bytes is refused in one sentence with the fix', async () => {
  const refuses = (wanted: string, message: RegExp): void => {
    assert.throws(() => findEmbeddingModel(wanted), message);
  };
  refuses('cepstra', /"cepstra": there is none; give an ONNX file, .*ast.*speech.*yamnet/);
  refuses('yamnet', /yamnet\.onnx is missing; get it: convert TensorFlow Hub/);
  refuses(at('no.onnx'), /no\.onnx: there is no such file/);
  fs.copyFileSync(at('pairs.onnx'), at('änderung.onnx'));
  refuses(at('änderung.onnx'), /änderung\.onnx: has no description: write .*änderung\.json/);
  describe({ shape: ['frames'] });
  refuses(at('pairs.onnx'), /shape needs samples once, and not frames or bands/);
  describe({ dimensions: 0, extra: 1 });
  refuses(at('pairs.onnx'), /unknown entry "extra".*dimensions must be >= 1/);
  describe({ sha256: '0'.repeat(64) });
  refuses(
    at('pairs.onnx'),
    /is not the file of its description \(SHA-256 [0-9a-f]{12}\.\.\., stated 000000000000/,
  );
  await assert.rejects(
    extractCorpus({ rows: [], outFolder: at('none'), features: 'embedding' }),
    /no model was named; give one \(--model speech/,
  );
  // Presets whose file a user brings and whose bytes are not stated: found by the name of the file.
  for (const name of embeddingNames().filter((one) => !['speech', 'musicnn'].includes(one))) {
    fs.copyFileSync(at('pairs.onnx'), at(`${name}.onnx`));
    assert.equal(findEmbeddingModel(at(`${name}.onnx`)).description.name, name);
  }
});
