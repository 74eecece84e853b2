import assert from 'node:assert/strict';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { poolExcerpts } from 'stm-lab/dist/features';
import {
  attentionWeights,
  createModel,
  fitMlp,
  initialWeights,
  type LabelledRows,
  type MlpSpec,
  predictProbabilities,
  saveKeras,
  selectRows,
} from 'stm-lab/dist/models';
import { bagRows, cloudRows, largestDifference } from './fixtures';

const plain: MlpSpec = { family: 'dropout', inputs: 10, hidden: [{ units: 24, dropout: 0.1 }], classes: 4 };
const spec: MlpSpec = { ...plain, attention: { units: 12 } };
const options = {
  epochs: 30,
  batchSize: 32,
  accumulation: 1,
  learningRate: 5e-3,
  biasCorrection: 'standard',
} as const;

const meansOf = (data: LabelledRows & { readonly excerpts: Int32Array }): LabelledRows => ({
  x: poolExcerpts(data.x, data.columns, data.excerpts, 'mean'),
  y: data.y,
  rows: data.rows,
  columns: data.columns,
});

test('attention begins as the plain mean over the excerpts', async () => {
  const engine = await loadEngine();
  const data = bagRows(50, 10, 4, 3);
  const attentive = createModel(spec, initialWeights(spec, 5));
  const mean = createModel(plain, initialWeights(plain, 5));
  const difference = largestDifference(
    predictProbabilities(engine, attentive, data.x, data.rows, data.excerpts),
    predictProbabilities(engine, mean, meansOf(data).x, data.rows),
  );
  assert.ok(difference < 1e-6, `${difference}`);
  const weights = attentionWeights(attentive, data.x, data.excerpts);
  assert.ok(Math.abs(weights[0]! - 1 / data.excerpts[0]!) < 1e-7);
});

test('attention finds the excerpt that tells, where the mean hears the others; tensors do not pile up', async () => {
  const engine = await loadEngine();
  const data = bagRows(1200, 10, 4, 3);
  const index = Array.from({ length: 1200 }, (_, i) => i);
  const train = selectRows(data, index.slice(0, 900)) as typeof data;
  const validation = selectRows(data, index.slice(900)) as typeof data;
  const counts: number[] = [];
  const attentive = await fitMlp(engine, {
    spec,
    train,
    validation,
    options,
    onEpoch: () => void counts.push(engine.tf.memory().numTensors),
  });
  assert.equal(new Set(counts).size, 1);
  const mean = await fitMlp(engine, {
    spec: plain,
    train: meansOf(train),
    validation: meansOf(validation),
    options,
  });
  const [own, other] = [attentive, mean].map(({ history }) => history.at(-1)!.validation!['accuracy']!);
  assert.ok(own! > other! + 0.05, `attention ${own}, mean ${other}`);
  // The excerpt of the class's cloud weighs more than its share; sums are 1.
  const weights = attentionWeights(attentive.model, validation.x, validation.excerpts);
  let first = 0;
  let largest = 0;
  validation.excerpts.forEach((count) => {
    const list = weights.subarray(first, first + count);
    assert.ok(Math.abs(list.reduce((a, b) => a + b, 0) - 1) < 1e-5);
    if (count === 5) largest += Math.max(...list) / validation.excerpts.filter((n) => n === 5).length;
    first += count;
  });
  assert.ok(largest > 0.6, `mean weight of the heaviest of five excerpts: ${largest}`);
});

test('a recording is judged alone: neither its neighbours nor the size of the block matter', async () => {
  const engine = await loadEngine();
  // More vectors than are taken at once.
  const data = bagRows(1500, 10, 4, 8);
  const { model } = await fitMlp(engine, { spec, train: data, options: { ...options, epochs: 2 } });
  const together = predictProbabilities(engine, model, data.x, data.rows, data.excerpts);
  const some = [0, 700, 1499];
  const alone = selectRows(data, some) as typeof data;
  some.forEach((row, i) => {
    const own = selectRows(alone, [i]) as typeof data;
    const probabilities = predictProbabilities(engine, model, own.x, 1, own.excerpts);
    assert.ok(largestDifference(probabilities, together.subarray(4 * row, 4 * row + 4)) < 1e-5);
  });
});

test('the order of the excerpts does not matter', async () => {
  const engine = await loadEngine();
  const data = bagRows(40, 10, 4, 8);
  const { model } = await fitMlp(engine, { spec, train: data, options: { ...options, epochs: 2 } });
  const turned = data.x.slice();
  let first = 0;
  data.excerpts.forEach((count) => {
    for (let e = 0; e < count; e++)
      turned.set(data.x.subarray((first + e) * 10, (first + e + 1) * 10), (first + count - 1 - e) * 10);
    first += count;
  });
  const difference = largestDifference(
    predictProbabilities(engine, model, data.x, 40, data.excerpts),
    predictProbabilities(engine, model, turned, 40, data.excerpts),
  );
  assert.ok(difference < 1e-5, `${difference}`);
});

test('mixup, noise, trailing rows and accumulation work on excerpts too', async () => {
  const engine = await loadEngine();
  const data = bagRows(600, 10, 4, 3);
  const reference = await fitMlp(engine, { spec, train: data, validation: data, options });
  for (const more of [
    { mixup: 1 },
    { inputNoise: 0.3 },
    { accumulation: 3, learningRate: 0.01 },
    { weightDecay: 0.05 },
  ]) {
    const result = await fitMlp(engine, {
      spec,
      train: data,
      validation: data,
      options: { ...options, ...more },
    });
    const accuracy = result.history.at(-1)!.validation!['accuracy']!;
    assert.ok(accuracy > 0.75, `${JSON.stringify(more)}: ${accuracy}`);
    assert.ok(largestDifference(result.model.weights[0]!, reference.model.weights[0]!) > 1e-3);
  }
  const trailing = await fitMlp(engine, { spec, train: data, trailing: bagRows(40, 10, 4, 9), options });
  assert.equal(trailing.updates, 30 * (19 + 2));
});

test('excerpts and attention go together, or one sentence says so', async () => {
  const engine = await loadEngine();
  const data = bagRows(20, 10, 4, 3);
  await assert.rejects(fitMlp(engine, { spec: plain, train: data, options }), /has no attention.*pool them/);
  await assert.rejects(
    fitMlp(engine, { spec, train: cloudRows(20, 10, 4, 1), options }),
    /training rows: the model has attention over excerpts; say how many/,
  );
  const empty = { ...data, excerpts: data.excerpts.map((count, r) => (r === 4 ? 0 : count)) };
  await assert.rejects(fitMlp(engine, { spec, train: empty, options }), /row 4 has no excerpt/);
  await assert.rejects(
    fitMlp(engine, { spec: { ...spec, attention: { units: 0 } }, train: data, options }),
    /attention units 0/,
  );
  const model = createModel(spec, initialWeights(spec, 1));
  await assert.rejects(saveKeras(path.join(os.tmpdir(), 'none.keras'), model), /attention over excerpts/);
  assert.throws(
    () => attentionWeights(createModel(plain, initialWeights(plain, 1)), data.x, data.excerpts),
    /no attention/,
  );
});
