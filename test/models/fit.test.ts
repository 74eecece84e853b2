import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  countParameters,
  createModel,
  fitMlp,
  type FitTask,
  initialWeights,
  type LabelledRows,
  type MlpSpec,
  parameterShapes,
  predictProbabilities,
  selectRows,
  trainingSize,
} from 'stm-lab/dist/models';
import { createAdam, createPortableAdam, adamStep } from 'stm-lab/dist/models/adam';
import { epochBatches } from 'stm-lab/dist/models/batches';
import { lossAndGradient, resolveLoss, softmaxInPlace } from 'stm-lab/dist/models/loss';
import { createNetwork } from 'stm-lab/dist/models/network';
import { resolveFitOptions, scheduledRate } from 'stm-lab/dist/models/options';
import { fastWords, fillDropoutMask } from 'stm-lab/dist/models/random';
import { randomState } from 'stm-lab/dist/base/random/mt19937';
import { cloudRows, largestDifference, nearestMeanAccuracy } from './fixtures';

const paperSpec = (inputs: number, units: number[]): MlpSpec => ({
  family: 'dropout',
  inputs,
  hidden: units.map((width) => ({ units: width })),
  classes: 6,
});

test('parameter counts are the published ones', () => {
  assert.equal(countParameters(paperSpec(1024, [512, 512, 512, 512])), 1_315_846);
  assert.equal(countParameters(paperSpec(128, [512, 512, 512, 512])), 857_094);
  assert.equal(countParameters(paperSpec(561, [512, 512, 512, 512])), 1_078_790);
  assert.equal(countParameters({ ...paperSpec(10, [8]), family: 'layernorm' }), 10 * 8 + 8 + 16 + 8 * 6 + 6);
});

test('micro-batches and updates are counted as published, left-overs dropped', () => {
  const search = trainingSize(
    { train: 770_393, trailing: 0 },
    { batchSize: 256, accumulation: 8, epochs: 2 },
  );
  assert.deepEqual(search, { batchesPerEpoch: 3_010, batches: 6_020, updates: 752, dropped: 4 });
  const final = trainingSize(
    { train: 770_393, trailing: 102_010 },
    { batchSize: 256, accumulation: 8, epochs: 1 },
  );
  assert.deepEqual(final, { batchesPerEpoch: 3_409, batches: 3_409, updates: 426, dropped: 1 });
});

test('focal loss gives the printed check values', () => {
  const value = (label: number, row: number[]): number =>
    lossAndGradient(
      resolveLoss({}, 3, new Int32Array()),
      Float32Array.from(row),
      Int32Array.of(label),
      undefined,
    );
  assert.ok(Math.abs(value(1, [0.05, 0.9, 0.05]) - 2.6340145e-4) < 1e-9);
  assert.ok(Math.abs(value(2, [0.1, 0.85, 0.05]) - 0.67591208) < 1e-7);
  assert.ok(Math.abs(value(0, [0, 0.5, 0.5]) - 4.0295229) < 1e-6);
});

test('gradients of the loss agree with finite differences, at other gammas, alphas, weights and mixed targets', () => {
  const state = randomState(4);
  for (const options of [
    {},
    { kind: 'cross-entropy' },
    { gamma: 0.5, alpha: 0.7 },
    { gamma: 3, alpha: [0.1, 0.2, 0.3, 0.4] },
    { classWeights: [1, 2, 0, 0.5] },
    { kind: 'cross-entropy', classWeights: 'balanced' },
  ] as const) {
    const loss = resolveLoss(options, 4, Int32Array.of(0, 1, 1, 2, 3, 3, 3));
    const logits = Array.from({ length: 12 }, () => state.normal());
    const mixed = Float32Array.of(0.25, 0.75, 0, 0, 0, 0, 1, 0, 0.1, 0.2, 0.3, 0.4);
    for (const targets of [Int32Array.of(2, 0, 3), mixed]) {
      const value = (z: number[]): number => {
        // In float64, so that differences are not drowned in rounding.
        const rows = [0, 1, 2].map((r) => {
          const e = z.slice(4 * r, 4 * r + 4).map(Math.exp);
          return e.map((v) => v / e.reduce((a, b) => a + b));
        });
        const gamma = options.kind === 'cross-entropy' ? 0 : loss.gamma;
        return rows.reduce(
          (sum, row, r) =>
            sum +
            row.reduce((s, p, c) => {
              const y = targets instanceof Int32Array ? Number(targets[r] === c) : targets[4 * r + c]!;
              return s - y * loss.factors[c]! * (1 - p) ** gamma * Math.log(p);
            }, 0),
          0,
        );
      };
      const gradient = new Float32Array(12);
      const total = lossAndGradient(loss, softmaxInPlace(Float32Array.from(logits), 4), targets, gradient);
      assert.ok(Math.abs(total - value(logits)) < 1e-5);
      logits.forEach((_, i) => {
        const shifted = (by: number): number => value(logits.map((z, j) => (i === j ? z + by : z)));
        const slope = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        assert.ok(
          Math.abs(slope - gradient[i]!) < 2e-6,
          `${JSON.stringify(options)} ${i}: ${slope}, ${gradient[i]}`,
        );
      });
    }
  }
});

for (const family of ['dropout', 'layernorm'] as const)
  test(`gradients of a ${family} network of three layers agree with finite differences`, async () => {
    const engine = await loadEngine();
    const { tf } = engine;
    const hidden = [7, 5, 6].map((units) => ({ units }));
    const spec: MlpSpec = { family, inputs: 4, hidden, classes: 3 };
    const shapes = parameterShapes(spec);
    const state = randomState(9);
    const weights = initialWeights(spec, 3).map((array) => array.map((w) => w + 0.1 * state.normal()));
    const rows = cloudRows(8, 4, 3, 2);
    const masks =
      family === 'dropout'
        ? hidden.map(({ units }, i) => {
            const mask = new Float32Array(8 * units);
            fillDropoutMask(mask, 0.3, fastWords(5, i));
            return mask;
          })
        : [];
    const loss = resolveLoss({}, 3, rows.y);
    const run = (
      w: Float32Array[],
      gradients: 'gradients' | 'value',
    ): { value: number; list: Float32Array[] } =>
      tf.tidy(() => {
        const parameters = w.map((array, i) => tf.tensor(array, [...shapes[i]!.shape]));
        const x = tf.tensor2d(rows.x, [8, 4]);
        const given = masks.map((mask, i) => tf.tensor2d(mask, [8, hidden[i]!.units]));
        const pass = createNetwork(engine, spec).forward(parameters, x, given);
        const probabilities = softmaxInPlace(Float32Array.from(pass.logits.dataSync()), 3);
        const gradient = new Float32Array(24);
        const value = lossAndGradient(loss, probabilities, rows.y, gradient);
        if (gradients === 'value') return { value, list: [] };
        const list = pass.backward(tf.tensor2d(gradient, [8, 3]));
        return { value, list: list.map((tensor) => Float32Array.from(tensor.dataSync())) };
      });
    const { list } = run(weights, 'gradients');
    let compared = 0;
    weights.forEach((array, i) => {
      for (let j = 0; j < array.length; j += Math.max(1, Math.floor(array.length / 6))) {
        const shifted = (by: number): number => {
          const copy = weights.map((w) => w.slice());
          copy[i]![j]! += by;
          return run(copy, 'value').value;
        };
        const slope = (shifted(2e-3) - shifted(-2e-3)) / 4e-3;
        const given = list[i]![j]!;
        assert.ok(
          Math.abs(slope - given) < 2e-3 * Math.max(1, Math.abs(given)),
          `${shapes[i]!.name}[${j}]: ${slope}, ${given}`,
        );
        compared++;
      }
    });
    assert.ok(compared > 40);
  });

for (const kind of ['engine', 'portable'] as const)
  test(`Adam with accumulation follows Keras 3.2 and the standard rule (${kind} operations)`, async () => {
    const engine = await loadEngine();
    const { tf } = engine;
    const before = tf.memory().numTensors;
    const expected = {
      'keras-3.2': [
        [0.99950427, -2.0004957, 0.50049573],
        [0.9991302, -2.0010407, 0.5010967],
        [0.999117, -2.0015821, 0.50181335],
      ],
      standard: [
        [0.999, -2.001, 0.501],
        [0.99843088, -2.00182907, 0.50191428],
        [0.99841501, -2.00248263, 0.50277918],
      ],
    };
    for (const rule of ['keras-3.2', 'standard'] as const) {
      const state = randomState(0);
      const shapes = [{ name: 'w', kind: 'bias', shape: [3], l1: 0 }] as const;
      const make = kind === 'engine' ? createAdam : createPortableAdam;
      const adam = make(engine, shapes, { weights: [Float32Array.of(1, -2, 0.5)] });
      for (let update = 1; update <= 3; update++) {
        const mean = new Float32Array(3);
        for (let i = 0; i < 24; i++) mean[i % 3]! += Math.fround(state.normal()) / 8;
        const gradient = tf.tensor1d(mean);
        adam.update([gradient], adamStep(1e-3, update, 8, rule));
        gradient.dispose();
        assert.ok(largestDifference(adam.read().weights[0]!, expected[rule][update - 1]!) < 3e-7);
      }
      adam.dispose();
    }
    assert.equal(tf.memory().numTensors, before);
  });

test('each epoch has an order of its own, complete, the same for the same seed; trailing rows come last', () => {
  const rowsOf = (seed: number, epoch: number): number[][] =>
    [...epochBatches({ train: 10, trailing: 5 }, 4, 'shuffled', seed, epoch)].map((b) => [
      b.source,
      ...b.rows,
    ]);
  assert.deepEqual(rowsOf(1, 1), rowsOf(1, 1));
  assert.notDeepEqual(rowsOf(1, 1), rowsOf(1, 2));
  assert.notDeepEqual(rowsOf(1, 1), rowsOf(2, 1));
  const batches = rowsOf(1, 1);
  assert.deepEqual(
    batches.map(([, ...rows]) => rows.length),
    [4, 4, 2, 4, 1],
  );
  const train = batches.slice(0, 3).flatMap(([, ...rows]) => rows);
  assert.deepEqual(
    train.sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual(batches.slice(3), [
    [1, 0, 1, 2, 3],
    [1, 4],
  ]);
});

test('dropout masks drop the stated share, keep the mean, and differ from step to step', () => {
  for (const rate of [0.013052, 0.1, 0.5, 0.9]) {
    const mask = new Float32Array(400_000);
    fillDropoutMask(mask, rate, fastWords(3, 'dropout', 0));
    const dropped = mask.filter((m) => m === 0).length / mask.length;
    assert.ok(
      Math.abs(dropped - rate) < 4 * Math.sqrt((rate * (1 - rate)) / mask.length),
      `${rate}: ${dropped}`,
    );
    assert.equal(Math.max(...mask.subarray(0, 1000)), Math.fround(1 / (1 - rate)));
    const again = new Float32Array(400_000);
    fillDropoutMask(again, rate, fastWords(3, 'dropout', 1));
    assert.ok(largestDifference(mask, again) > 0);
  }
});

test('learning-rate schedules: warm-up, constant, cosine, linear', () => {
  const rate = (schedule: 'constant' | 'cosine' | 'linear', update: number): number =>
    scheduledRate(
      resolveFitOptions({ learningRate: 1, schedule, warmupUpdates: 4, finalRate: 0.1 }),
      update,
      14,
    );
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((u) => rate('constant', u)),
    [0.2, 0.4, 0.6, 0.8, 1],
  );
  assert.ok(Math.abs(rate('linear', 10) - 0.55) < 1e-12);
  assert.ok(Math.abs(rate('cosine', 10) - 0.55) < 1e-12);
  assert.ok(rate('cosine', 7) > rate('linear', 7));
  assert.ok(Math.abs(rate('cosine', 15) - 0.1) < 1e-12);
});

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
