import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  countParameters,
  initialWeights,
  type MlpSpec,
  networkLayout,
  trainingSize,
} from 'stm-lab/dist/models';
import { createOptimiser, createLayout, scheduledRate } from 'stm-lab/dist/training';
import { bagTensors } from 'stm-lab/dist/models/attention';
import { epochBatches } from 'stm-lab/dist/training/batches';
import { lossAndGradient, resolveLoss, softmaxInPlace } from 'stm-lab/dist/training/focalLoss';
import { createNetwork } from 'stm-lab/dist/models/network';
import { resolveFitOptions } from 'stm-lab/dist/models/options';
import { fastWords, fillDropoutMask } from 'stm-lab/dist/training/random';
import { randomState } from 'research-basics/random/mt19937';
import { bagRows, cloudRows, largestDifference } from './fixtures';

const paperSpec = (inputs: number, units: number[]): MlpSpec => ({
  family: 'dropout',
  inputs,
  hidden: units.map((width) => ({ units: width })),
  classes: 6,
});

test('parameter counts are the published ones of STM, VGGish, YAMNet, AST and an ablation', () => {
  assert.equal(countParameters(paperSpec(1024, [512, 512, 512, 512])), 1_315_846);
  assert.equal(countParameters(paperSpec(128, [512, 512, 512, 512])), 857_094);
  assert.equal(countParameters(paperSpec(1024, [512, 32, 512, 512])), 823_846);
  assert.equal(countParameters(paperSpec(768, [512, 288, 512, 32])), 706_054);
  assert.equal(countParameters(paperSpec(561, [512, 512, 512, 512])), 1_078_790);
  assert.equal(countParameters({ ...paperSpec(10, [8]), family: 'layernorm' }), 10 * 8 + 8 + 16 + 8 * 6 + 6);
  assert.equal(countParameters({ ...paperSpec(10, [8]), attention: { units: 5 } }), 10 * 5 + 5 + 5 + 142);
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
    { labelSmoothing: 0.1 },
    { gamma: 1, labelSmoothing: 0.4, classWeights: [1, 2, 0, 0.5] },
  ] as const) {
    const loss = resolveLoss(options, 4, Int32Array.of(0, 1, 1, 2, 3, 3, 3));
    const smoothing = 'labelSmoothing' in options ? options.labelSmoothing : 0;
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
              return (
                s - ((1 - smoothing) * y + smoothing / 4) * loss.factors[c]! * (1 - p) ** gamma * Math.log(p)
              );
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

for (const [family, kind] of [
  ['dropout', 'plain'],
  ['layernorm', 'plain'],
  ['dropout', 'attention'],
  ['layernorm', 'attention'],
] as const)
  test(`gradients of a ${family} network of three layers (${kind}) agree with finite differences`, async () => {
    const engine = await loadEngine();
    const { tf } = engine;
    const hidden = [7, 5, 6].map((units) => ({ units }));
    const plain: MlpSpec = { family, inputs: 4, hidden, classes: 3 };
    const spec: MlpSpec = kind === 'plain' ? plain : { ...plain, attention: { units: 3 } };
    const shapes = networkLayout(spec).parameters;
    const state = randomState(9);
    const weights = initialWeights(spec, 3).map((array) => array.map((w) => w + 0.1 * state.normal()));
    // A ReLU that turns within the step would spoil the difference: these rows have none.
    const rows = kind === 'plain' ? cloudRows(8, 4, 3, 2) : bagRows(8, 4, 3, 3);
    // Rows blended with their neighbours, as mixup does.
    const mixing = Float32Array.from({ length: 64 }, (_, i) =>
      i % 9 === 0 ? 0.75 : i % 8 === (Math.floor(i / 8) + 1) % 8 ? 0.25 : 0,
    );
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
        const x = tf.tensor2d(rows.x, [rows.x.length / 4, 4]);
        const bags = rows.excerpts && bagTensors(engine, rows.excerpts, mixing);
        const given = masks.map((mask, i) => tf.tensor2d(mask, [8, hidden[i]!.units]));
        const pass = createNetwork(engine, spec).forward(parameters, x, given, bags);
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
      const layout = createLayout([{ name: 'w', shape: [3], start: { kind: 'constant', value: 0 } }]);
      const portable: typeof engine = { ...engine, name: 'wasm' };
      const adam = createOptimiser(
        kind === 'engine' ? engine : portable,
        layout,
        Float32Array.of(1, -2, 0.5),
        { rule: { kind: 'adam', form: 'keras', countsPerUpdate: rule === 'standard' ? 1 : 8 } },
      );
      for (let update = 1; update <= 3; update++) {
        const mean = new Float32Array(3);
        for (let i = 0; i < 24; i++) mean[i % 3]! += Math.fround(state.normal()) / 8;
        const gradient = tf.tensor1d(mean);
        adam.update(gradient, 1e-3);
        gradient.dispose();
        assert.ok(largestDifference(adam.read().values, expected[rule][update - 1]!) < 3e-7);
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

test('dropout gaps taken from the table are those of the formula', () => {
  for (const rate of [0.0005, 0.05, 0.5, 0.9]) {
    const mask = new Float32Array(300_000);
    fillDropoutMask(mask, rate, fastWords(7, 'dropout', rate));
    const words = fastWords(7, 'dropout', rate);
    const gap = (): number =>
      Math.floor(Math.log(((words() >>> 0) + 0.5) / 2 ** 32) * (1 / Math.log1p(-rate)));
    const dropped: number[] = [];
    for (let at = gap(); at < mask.length; at += 1 + gap()) dropped.push(at);
    assert.deepEqual(
      [...mask.keys()].filter((i) => mask[i] === 0),
      dropped,
      String(rate),
    );
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

test('cyclic rates rise and fall between the two ends; warm restarts begin every cycle at the peak', () => {
  const rates = (schedule: 'cyclic' | 'warm-restarts'): number[] =>
    Array.from({ length: 9 }, (_, u) =>
      scheduledRate({ learningRate: 1, schedule, finalRate: 0.2, cycleUpdates: 4 }, u + 1, 100),
    );
  const near = (actual: number[], expected: number[]): void =>
    assert.ok(largestDifference(actual, expected) < 1e-12, actual.join(', '));
  near(rates('cyclic'), [0.2, 0.6, 1, 0.6, 0.2, 0.6, 1, 0.6, 0.2]);
  const [down, up] = [(1 - Math.SQRT1_2) / 2, (1 + Math.SQRT1_2) / 2].map((share) => 0.2 + 0.8 * share);
  near(rates('warm-restarts'), [1, up!, 0.6, down!, 1, up!, 0.6, down!, 1]);
  assert.throws(
    () => resolveFitOptions({ schedule: 'cyclic' }),
    /cycleUpdates is undefined: schedule "cyclic"/,
  );
});
