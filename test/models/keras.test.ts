import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  createModel,
  initialWeights,
  loadKeras,
  type MlpSpec,
  predictProbabilities,
  saveKeras,
} from 'stm-lab/dist/models';
import { decodeZip, encodeZip } from 'stm-lab/dist/models/keras/zip';
import { findPeer } from '../../bench/peerPython';
import { flat, largestDifference } from './fixtures';

const folder = path.join(__dirname, '..', 'golden', 'keras');
const golden = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
  x: number[][];
  dropout: number[][];
  layernorm: number[][];
};

for (const family of ['dropout', 'layernorm'] as const)
  test(`a ${family} network saved by Keras is read with its structure and predicts the same`, async () => {
    const model = await loadKeras(path.join(folder, `${family}.keras`));
    assert.equal(model.spec.family, family);
    assert.deepEqual(
      model.spec.hidden.map(({ units }) => units),
      [8, 5],
    );
    assert.ok(Math.abs(model.spec.hidden[0]!.l1! - 1e-3) < 1e-9);
    assert.equal(model.spec.hidden[1]!.dropout, family === 'dropout' ? 0.25 : undefined);
    const probabilities = predictProbabilities(await loadEngine(), model, flat(golden.x), 12);
    assert.ok(largestDifference(probabilities, flat(golden[family])) < 1e-6);
  });

const specs: MlpSpec[] = [
  { family: 'dropout', inputs: 7, hidden: [{ units: 9, l1: 1e-6, dropout: 0.05 }, { units: 4 }], classes: 3 },
  {
    family: 'layernorm',
    inputs: 7,
    hidden: [{ units: 5 }, { units: 6, l1: 1e-12 }, { units: 3 }],
    classes: 6,
  },
];

for (const spec of specs)
  test(`a ${spec.family} network goes out and comes back equal`, async (t) => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-keras-'));
    t.after(() => fs.rmSync(scratch, { recursive: true }));
    const names = Array.from({ length: spec.classes }, (_, c) => `class ${c}`);
    const weights = initialWeights(spec, 2).map((array, i) => array.map((w) => w + i / 10));
    const model = createModel(spec, weights, { classNames: names, hashes: { reduction: 'abc' } });
    const file = path.join(scratch, 'model.keras');
    await saveKeras(file, model);
    const back = await loadKeras(file);
    assert.deepEqual(back.weights, model.weights);
    assert.deepEqual(back.info, model.info);
    assert.deepEqual(
      back.spec.hidden.map(({ units, l1 = 0, dropout = 0 }) => [units, l1, dropout]),
      spec.hidden.map(({ units, l1 = 0, dropout = 0 }) => [units, l1, dropout]),
    );
  });

const python = findPeer('keras');

test(
  'real Keras opens the file, predicts the same, and can train on',
  { skip: python === undefined ? 'no Keras: "npm run bench:train" installs it' : false },
  async (t) => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-keras-'));
    t.after(() => fs.rmSync(scratch, { recursive: true }));
    const engine = await loadEngine();
    const x = flat(golden.x);
    const models = specs.map((spec) =>
      createModel(
        spec,
        initialWeights(spec, 5).map((array, i) => array.map((w) => w + i / 20)),
      ),
    );
    for (const [i, model] of models.entries()) await saveKeras(path.join(scratch, `${i}.keras`), model);
    const program = `
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy
x = numpy.array(json.load(open(sys.argv[1]))["x"], dtype="float32")
answers = []
for i in range(2):
    model = keras.models.load_model(sys.argv[2] + f"/{i}.keras")
    answers.append([model.predict(x, verbose=0).tolist(), model.count_params()])
    model.compile("adam", keras.losses.CategoricalFocalCrossentropy())
    model.fit(x, keras.utils.to_categorical(numpy.arange(12) % model.output_shape[1]), verbose=0)
print(json.dumps(answers))
`;
    const output = execFileSync(python!, ['-c', program, path.join(folder, 'expected.json'), scratch], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const answers = JSON.parse(output.trim().split('\n').at(-1)!) as [number[][], number][];
    answers.forEach(([predictions, count], i) => {
      const model = models[i]!;
      assert.ok(largestDifference(predictProbabilities(engine, model, x, 12), flat(predictions)) < 1e-6);
      assert.equal(
        count,
        model.weights.reduce((sum, { length }) => sum + length, 0),
      );
    });
  },
);

test('files that are not such networks are refused in one sentence', async (t) => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-keras-'));
  t.after(() => fs.rmSync(scratch, { recursive: true }));
  const file = path.join(scratch, 'x.keras');
  await assert.rejects(loadKeras(file), /x\.keras: there is no such file/);
  fs.writeFileSync(file, 'not a model');
  await assert.rejects(loadKeras(file), /not a usable ZIP archive/);
  fs.writeFileSync(file, encodeZip({ 'a.txt': Buffer.from('a') }));
  await assert.rejects(loadKeras(file), /config\.json is missing/);
  const entries = decodeZip(fs.readFileSync(path.join(folder, 'dropout.keras')), 'dropout.keras');
  const config = Buffer.from(entries['config.json']!).toString('utf8');
  entries['config.json'] = Buffer.from(config.replace('"relu"', '"tanh"'));
  fs.writeFileSync(file, encodeZip(entries));
  await assert.rejects(loadKeras(file), /layer 0 \(Dense\) has activation tanh, not relu/);
});

test('an archive of equal content has equal bytes in every time zone, and says what of it is damaged', (t) => {
  const zone = process.env['TZ'];
  t.after(() => (zone === undefined ? delete process.env['TZ'] : (process.env['TZ'] = zone)));
  const entries = { 'a.txt': Buffer.from('weights'), 'größe/1': Buffer.from('2') };
  const written = ['UTC', 'Pacific/Auckland'].map((name) => {
    process.env['TZ'] = name;
    return Buffer.from(encodeZip(entries));
  });
  assert.deepEqual(written[0], written[1]);
  const read = decodeZip(written[0]!, 'x.keras');
  assert.deepEqual(
    Object.entries(read).map(([name, content]) => [name, Buffer.from(content)]),
    Object.entries(entries),
  );
  const at = written[0]!.indexOf('weights');
  written[0]![at] ^= 1;
  assert.throws(() => decodeZip(written[0]!, 'x.keras'), /x\.keras: .*ZIP archive \(a\.txt is damaged\)/);
});
