import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import {
  createEmbeddingKernel,
  startEmbeddingAnalysis,
  type EmbeddingDescription,
  type EmbeddingModel,
} from 'stm-lab/dist/features';
import { findEmbeddingModel } from 'stm-lab/dist/pipeline';
import { excerptOf, goldenFolder, maxError } from './shared';

const golden = (name: string): string => path.join(goldenFolder('embedding'), name);
const expected = JSON.parse(fs.readFileSync(golden('expected.json'), 'utf8')) as {
  readonly speech: Readonly<Record<string, number[]>>;
  readonly vggish: number[];
  readonly ast: number[];
};
const description = { name: 'tiny', title: 'tiny', licence: 'MIT', source: 'made', sampleRate: 16000 };
const tiny = (file: string, own: Omit<EmbeddingDescription, keyof typeof description>): EmbeddingModel => ({
  description: { ...description, ...own },
  file: golden(file),
  hash: file,
});

test("Google's speech embedding equals onnxruntime in Python for 8, 16, 44.1 and 48 kHz", async () => {
  const kernel = await createEmbeddingKernel(findEmbeddingModel('speech'));
  let largest = 0;
  for (const [key, values] of Object.entries(expected.speech)) {
    const [name, rate] = key.split(' ') as [string, string];
    const analysis = startEmbeddingAnalysis(kernel, Number(rate), { maxExcerpts: 1 });
    await analysis.push(await excerptOf(name, Number(rate)));
    const result = analysis.finish();
    assert.ok(!('reason' in result));
    assert.equal(result.features.length, 96);
    largest = Math.max(largest, maxError(result.features, values));
  }
  assert.equal(Object.keys(expected.speech).length, 12);
  assert.ok(largest <= 1e-4, `largest error ${largest}`);
});

test('the front ends of VGGish and AST equal their definitions, in windows and padded with zeros', async () => {
  const excerpt = await excerptOf('espeak_cmn', 16000);
  for (const name of ['vggish', 'ast'] as const) {
    const file = path.join(__dirname, '..', '..', 'experiments', 'embeddings', `${name}.json`);
    const preset = JSON.parse(fs.readFileSync(file, 'utf8')) as EmbeddingDescription;
    const { frontEnd, window, hop, multiply, add } = preset;
    const { bands } = frontEnd!;
    const own = { frontEnd, window, hop, multiply, add, dimensions: bands } as EmbeddingDescription;
    const model = tiny('bands.onnx', { ...own, shape: ['windows', 'bands', 'frames'] });
    assert.ok(maxError(await (await createEmbeddingKernel(model)).compute(excerpt), expected[name]) <= 1e-5);
  }
});

test('a model without an axis of windows hears them one by one; excerpts are averaged', async () => {
  const shape = ['samples'] as const;
  const model = tiny('pairs.onnx', {
    shape,
    window: 1000,
    hop: 500,
    output: 'pairs',
    dimensions: 2,
    scale: 3,
  });
  const kernel = await createEmbeddingKernel(model);
  const samples = Float32Array.from({ length: 128000 }, (_, i) => ((i % 2) + 1) * (i < 64000 ? 0.125 : 0.25));
  const even = await kernel.compute(samples.subarray(0, 64000));
  assert.deepEqual([...even], [0.375, 0.75]);
  const analysis = startEmbeddingAnalysis(kernel, 16000, { keep: 'excerpts' });
  for (let i = 0; i < samples.length; i += 7000) await analysis.push(samples.subarray(i, i + 7000));
  const result = analysis.finish();
  assert.ok(!('reason' in result));
  assert.deepEqual([...result.features], [0.5625, 1.125]);
  assert.deepEqual(
    result.perExcerpt!.map(({ startSeconds, features }) => [startSeconds, ...features]),
    [
      [0, 0.375, 0.75],
      [4, 0.75, 1.5],
    ],
  );
});

test('a model that is not as described is refused in one sentence', async () => {
  const broken = path.join(fs.mkdtempSync(path.join(process.env['TMPDIR'] ?? '/tmp', 'stm-onnx-')), 'a.onnx');
  fs.writeFileSync(broken, 'no model');
  const shape = ['samples'] as const;
  const refuses = async (model: EmbeddingModel, message: RegExp): Promise<void> => {
    const attempt = createEmbeddingKernel(model).then((kernel) => kernel.compute(new Float32Array(64001)));
    await assert.rejects(attempt, message);
  };
  await refuses(
    { ...tiny('', { shape, dimensions: 2 }), file: broken },
    /a\.onnx: is not a model that ONNX Runtime/,
  );
  await refuses(tiny('pairs.onnx', { shape, dimensions: 2 }), /has 2 outputs; name one .*"pairs", "size"/);
  await refuses(
    tiny('pairs.onnx', { shape, dimensions: 2, output: 'x' }),
    /has no output "x"; it has "pairs"/,
  );
  await refuses(
    tiny('pairs.onnx', { shape, window: 10, dimensions: 1, output: 'size' }),
    /"size" is int64; float32/,
  );
  await refuses(
    tiny('pairs.onnx', { shape, dimensions: 2, output: 'pairs' }),
    /refuses an input of shape 64001/,
  );
  await refuses(
    tiny('pairs.onnx', { shape, window: 10, dimensions: 3, output: 'pairs' }),
    /gives 10 values for 1 windows, which are not vectors of 3/,
  );
  fs.rmSync(path.dirname(broken), { recursive: true });
});
