import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  createModel,
  fitMlp,
  type FitTask,
  type LabelledRows,
  predictProbabilities,
  selectRows,
} from 'stm-lab/dist/models';
import { cloudRows, largestDifference, nearestMeanAccuracy } from './fixtures';

const task = (data: LabelledRows, more: Partial<FitTask> = {}): FitTask => ({
  spec: {
    family: 'dropout',
    inputs: 10,
    hidden: [{ units: 24, dropout: 0.1, l1: 1e-6 }, { units: 12 }],
    classes: 4,
  },
  train: data,
  ...more,
  options: {
    epochs: 12,
    batchSize: 32,
    accumulation: 2,
    learningRate: 5e-3,
    biasCorrection: 'standard',
    ...more.options,
  },
});

test('a network learns clouds it has not seen, and tensors do not pile up over 1,000 steps', async () => {
  const engine = await loadEngine();
  const data = cloudRows(1600, 10, 4, 1);
  const index = Array.from({ length: 1600 }, (_, i) => i);
  const train = selectRows(data, index.slice(0, 1200));
  const validation = selectRows(data, index.slice(1200));
  const counts: number[] = [];
  const result = await fitMlp(
    engine,
    task(train, {
      validation,
      options: { epochs: 28, schedule: 'cosine' },
      onEpoch: () => void counts.push(engine.tf.memory().numTensors),
    }),
  );
  assert.equal(result.stopped, 'completed');
  assert.ok(result.history.length * 38 > 1000);
  assert.deepEqual(new Set(counts).size, 1);
  const { accuracy } = result.history.at(-1)!.validation!;
  const best = nearestMeanAccuracy(train, validation, 4);
  assert.ok(accuracy! > best - 0.04, `validation accuracy ${accuracy}, by nearest class mean ${best}`);
  assert.ok(result.history[0]!.loss > 5 * result.history.at(-1)!.loss);
  const probabilities = predictProbabilities(engine, result.model, validation.x, validation.rows);
  for (let r = 0; r < 400; r++) {
    const sum = probabilities.subarray(4 * r, 4 * r + 4).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6);
  }
});

test('early stopping returns the best epoch, and metrics given are monitored', async () => {
  const engine = await loadEngine();
  const data = cloudRows(300, 10, 4, 1);
  const course = [0.2, 0.5, 0.9, 0.8, 0.89, 0.7, 1];
  let call = 0;
  const weightsAt: Float32Array[] = [];
  const result = await fitMlp(
    engine,
    task(data, {
      validation: data,
      metrics: { score: () => course[call++]! },
      options: { earlyStopping: { monitor: 'score', direction: 'maximise', patience: 3 } },
      onEpoch: ({ epoch }) => void weightsAt.push(Float32Array.of(epoch)),
    }),
  );
  assert.equal(result.stopped, 'early');
  assert.equal(result.bestEpoch, 3);
  assert.equal(result.history.length, 6);
  const three = await fitMlp(engine, task(data, { options: { epochs: 3 } }));
  result.model.weights.forEach((w, i) => assert.deepEqual(w, three.model.weights[i]));
});

test('the callback can stop, and rows trailing after the others are trained on', async () => {
  const engine = await loadEngine();
  const data = cloudRows(100, 10, 4, 1);
  const stopped = await fitMlp(
    engine,
    task(data, { onEpoch: ({ epoch }) => (epoch === 2 ? 'stop' : undefined) }),
  );
  assert.equal(stopped.stopped, 'callback');
  assert.equal(stopped.history.length, 2);
  const more = await fitMlp(
    engine,
    task(data, { trailing: cloudRows(40, 10, 4, 2), options: { epochs: 2 } }),
  );
  assert.equal(more.updates, Math.floor((2 * (4 + 2)) / 2));
});

test('every training option away from its default still learns', async () => {
  const engine = await loadEngine();
  const data = cloudRows(600, 10, 4, 1);
  for (const options of [
    { inputNoise: 0.3 },
    { mixup: 0.4 },
    { weightDecay: 0.05 },
    { loss: { kind: 'cross-entropy', classWeights: 'balanced' } },
    { biasCorrection: 'keras-3.2', adam: { beta1: 0.8, beta2: 0.99, epsilon: 1e-6 } },
    { schedule: 'linear', warmupUpdates: 5, order: 'stored' },
    { schedule: 'warm-restarts', cycleUpdates: 20, lookahead: {} },
  ] as const) {
    const plain = await fitMlp(engine, task(data, { validation: data }));
    const result = await fitMlp(engine, task(data, { validation: data, options }));
    assert.ok(
      largestDifference(result.model.weights[0]!, plain.model.weights[0]!) > 1e-3,
      JSON.stringify(options),
    );
    const { accuracy } = result.history.at(-1)!.validation!;
    assert.ok(accuracy! > 0.85, `${JSON.stringify(options)}: ${accuracy}`);
  }
});

test('bad input is named in one sentence', async () => {
  const engine = await loadEngine();
  const data = cloudRows(100, 10, 4, 1);
  const before = engine.tf.memory().numTensors;
  const spoilt = { ...data, x: data.x.slice() };
  spoilt.x[127] = NaN;
  await assert.rejects(fitMlp(engine, task(spoilt)), /training rows: row 12, column 7 is NaN/);
  await assert.rejects(
    fitMlp(engine, task({ ...data, y: data.y.map(() => 4) })),
    /row 0 has class 4; classes are 0 to 3/,
  );
  await assert.rejects(fitMlp(engine, task(data, { options: { seed: 0 } })), /seed 0/);
  await assert.rejects(
    fitMlp(engine, task(data, { options: { epochs: 1, accumulation: 99 } })),
    /no weight update/,
  );
  await assert.rejects(fitMlp(engine, task(data, { options: { learningRate: -1 } })), /learningRate is -1/);
  await assert.rejects(
    fitMlp(engine, task(data, { options: { earlyStopping: { monitor: 'loss', direction: 'minimise' } } })),
    /needs validation rows/,
  );
  const spec = { ...task(data).spec, hidden: [{ units: 8, dropout: 1 }] };
  await assert.rejects(fitMlp(engine, task(data, { spec })), /dropout 1 must lie in \[0, 1\)/);
  assert.throws(() => createModel(spec, []), /dropout 1/);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('a training that runs off ends as "diverged" and does not throw', async () => {
  const engine = await loadEngine();
  const data = cloudRows(200, 10, 4, 1);
  const result = await fitMlp(
    engine,
    task({ ...data, x: data.x.map((v) => v * 1e20) }, { options: { learningRate: 1e20, epochs: 5 } }),
  );
  assert.equal(result.stopped, 'diverged');
});
