import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { createModel, fitMlp, predictProbabilities } from 'stm-lab/dist/models';
import { lossAndGradient, resolveLoss } from 'stm-lab/dist/training/focalLoss';
import { createNetwork } from 'stm-lab/dist/models/network';
import { portableKernels } from 'stm-lab/dist/training/kernels';
import { flat, goldenLoss, goldenMlp, goldenRows, goldenSpec, largestDifference } from './fixtures';

const golden = goldenMlp();
const rows = goldenRows(golden);

for (const family of ['plain', 'layernorm'] as const) {
  const expected = golden.families[family];
  const spec = goldenSpec(golden, family);
  const start = expected.initial.map(flat);

  test(`${family}: predictions and focal loss with the penalty are those of Keras`, async () => {
    const engine = await loadEngine();
    const count = expected.first_batch.rows;
    const probabilities = predictProbabilities(
      engine,
      createModel(spec, start),
      rows.x.subarray(0, count * rows.columns),
      count,
    );
    assert.ok(largestDifference(probabilities, flat(expected.first_batch.predictions)) < 1e-6);
    const loss = resolveLoss({}, 6, rows.y);
    const value = lossAndGradient(loss, probabilities, rows.y.subarray(0, count), undefined) / count;
    assert.ok(Math.abs(value - expected.first_batch.focal_loss) < 1e-6);
  });

  for (const kernels of ['own', 'portable'] as const)
    test(`${family}, ${kernels} kernels: gradients of every parameter are those of Keras`, async () => {
      const engine = await loadEngine();
      const { tf } = engine;
      const before = tf.memory().numTensors;
      const count = expected.first_batch.rows;
      const gradients = tf.tidy(() => {
        const parameters = expected.initial.map((nested) => tf.tensor(nested as number[]));
        const network =
          kernels === 'own'
            ? createNetwork(engine, spec)
            : createNetwork(engine, spec, portableKernels(engine));
        const x = tf.tensor2d(golden.x.slice(0, count));
        const pass = network.forward(parameters, x, []);
        const probabilities = tf.softmax(pass.logits).dataSync() as Float32Array;
        const gradient = new Float32Array(count * 6);
        lossAndGradient(
          resolveLoss({}, 6, rows.y),
          probabilities,
          rows.y.subarray(0, count),
          gradient,
          1 / count,
        );
        const list = pass.backward(tf.tensor2d(gradient, [count, 6]));
        return list.map((tensor) => Float32Array.from(tensor.dataSync()));
      });
      assert.equal(tf.memory().numTensors, before);
      // Keras' gradients include l1 * sign(w) on the hidden kernels.
      const perLayer = family === 'plain' ? 2 : 4;
      golden.hidden.forEach(({ l1 }, layer) => {
        const i = layer * perLayer;
        gradients[i] = gradients[i]!.map((g, j) => g + l1 * Math.sign(start[i]![j]!));
      });
      gradients.forEach((gradient, i) =>
        assert.ok(largestDifference(gradient, flat(expected.first_batch.gradients[i]!)) < 1e-6, `array ${i}`),
      );
    });

  for (const run of ['adam', 'adam_accumulate_4'] as const)
    test(`${family}: weights and losses after ${run} are those of Keras`, async () => {
      const engine = await loadEngine();
      const { tf } = engine;
      const before = tf.memory().numTensors;
      const { learning_rate, accumulation, epochs, batch_size, epoch_loss, final } = expected[run];
      const result = await fitMlp(engine, {
        spec,
        train: rows,
        start,
        options: {
          epochs,
          batchSize: batch_size,
          accumulation,
          learningRate: learning_rate,
          biasCorrection: 'standard',
          order: 'stored',
        },
      });
      result.model.weights.forEach((weights, i) => {
        const difference = largestDifference(weights, flat(final[i]!));
        assert.ok(difference < 1e-5, `array ${i} differs by ${difference}`);
      });
      const losses = result.history.map(({ loss }) => loss);
      assert.ok(largestDifference(losses, epoch_loss) < 1e-5, `losses ${losses.join(', ')}`);
      assert.equal(tf.memory().numTensors, before);
    });
}

test('focal loss of 40 distributions, certain and wrong ones among them, is that of Keras', () => {
  const { probabilities, labels, loss } = goldenLoss();
  const focal = resolveLoss({}, 6, new Int32Array());
  probabilities.forEach((row, r) => {
    const value = lossAndGradient(focal, Float32Array.from(row), Int32Array.of(labels[r]!), undefined);
    assert.ok(Math.abs(value - loss[r]!) <= 1e-6 * Math.max(1, loss[r]!), `row ${r}: ${value}, ${loss[r]}`);
  });
});
