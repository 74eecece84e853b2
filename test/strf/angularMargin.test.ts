import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { angularMarginLogits } from 'stm-lab/dist/strf';
import { weightedCrossEntropy } from 'stm-lab/dist/training';
import { close } from './fixtures';

test('additive angular margin: published logits and cross-entropy; aligned vectors keep a slope', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  tf.tidy(() => {
    const cosine = tf.tensor2d([[1 / 3, 2 / 3, 2 / 3]]);
    const targets = tf.tensor2d([[0, 1, 0]]);
    const logits = angularMarginLogits(engine, cosine, tf.greater(targets, 0));
    assert.deepEqual(logits.shape, [1, 3]);
    [3.333333, 6.285812, 6.666667].forEach((wanted, c) => close(logits.dataSync()[c]!, wanted, 2e-6));
    close(weightedCrossEntropy(engine, logits, targets).dataSync()[0]!, 0.9225687892, 1e-6);
    const margin = { margin: 0.2, scale: 5 };
    const aligned = angularMarginLogits(
      engine,
      tf.tensor2d([[1]]),
      tf.tensor2d([[1]], [1, 1], 'bool'),
      margin,
    );
    close(aligned.dataSync()[0]!, 5 * Math.cos(Math.acos(1 - 1e-4) + 0.2), 1e-4);
    const slope = tf.grad((x) =>
      angularMarginLogits(engine, tf.reshape(x, [1, 1]), tf.tensor2d([[1]], [1, 1], 'bool'), margin),
    )(tf.tensor1d([0.999]));
    assert.ok(Number.isFinite(slope.dataSync()[0]!));
  });
});
