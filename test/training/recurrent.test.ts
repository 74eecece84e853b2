import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import {
  bidirectionalLstm,
  bidirectionalParameters,
  createOptimiser,
  framesLost,
  initialValues,
  createLayout,
  lstm,
  lstmParameters,
  portableLstm,
  statisticsPooling,
  timeDelay,
  timeDelayParameters,
  unpack,
} from 'stm-lab/dist/training';
import { checkGradient, worst } from './fixtures';

let engine: Engine;
before(async () => {
  engine = await loadEngine();
});

const wave = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1 + i * 1.7));

test('the whole-sequence operation equals the step-by-step memory, values and all gradients', () => {
  const { tf } = engine;
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = tf.tensor3d(wave(7 * 3 * 4), [7, 3, 4]);
    const kernel = tf.tensor2d(
      wave((4 + 5) * 20).map((v) => 0.5 * v),
      [9, 20],
    );
    const bias = tf.tensor1d(wave(20));
    const weights = tf.tensor3d(
      wave(7 * 3 * 5).map((v) => v + 0.3),
      [7, 3, 5],
    );
    const layout = createLayout(lstmParameters('m', 4, 5));
    const given = (name: string): Tensor =>
      ({
        'm.kernel': kernel.slice([0, 0], [4, 20]),
        'm.recurrent': kernel.slice([4, 0], [5, 20]),
        'm.bias': bias,
      })[name]!;
    assert.equal(layout.size, 9 * 20 + 20);
    const fast = lstm(engine, given as never, 'm', x);
    const slow = portableLstm(engine, x, kernel, bias);
    assert.deepEqual(fast.shape, [7, 3, 5]);
    assert.ok(worst(fast.dataSync(), slow.dataSync()) < 1e-5);
    const gradients = (f: (x: Tensor3D, k: Tensor2D, b: Tensor1D) => Tensor): Tensor[] =>
      tf.grads((a, k, b) => tf.sum(tf.mul(f(a as Tensor3D, k as Tensor2D, b as Tensor1D), weights)))([
        x,
        kernel,
        bias,
      ]);
    const whole = gradients((a, k, b) =>
      lstm(
        engine,
        ((name: string) =>
          ({
            'm.kernel': tf.slice(k, [0, 0], [4, 20]),
            'm.recurrent': tf.slice(k, [4, 0], [5, 20]),
            'm.bias': b,
          })[name]!) as never,
        'm',
        a,
      ),
    );
    const stepwise = gradients((a, k, b) => portableLstm(engine, a, k, b));
    whole.forEach((gradient, i) => assert.ok(worst(gradient.dataSync(), stepwise[i]!.dataSync()) < 1e-4));
  });
  assert.equal(tf.memory().numTensors, before);
});

test('one step by hand: gates in the order input, forget, cell, output; forget bias starts at 1', () => {
  const { tf } = engine;
  const layout = createLayout(lstmParameters('m', 1, 1));
  const values = initialValues(layout, 1);
  const { from } = layout.range('m.bias');
  assert.deepEqual([...values.subarray(from)], [0, 1, 0, 0]);
  values.set([0.3, 0.5, -0.7, 0.9], layout.range('m.kernel').from);
  values.set([0.1, 0.2, 0.3, 0.4], layout.range('m.recurrent').from);
  const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
  const got = tf.tidy(() =>
    lstm(engine, unpack(engine, layout, tf.tensor1d(values)), 'm', tf.tensor3d([1, 2], [2, 1, 1])).dataSync(),
  );
  let [h, c] = [0, 0];
  [1, 2].forEach((x, t) => {
    const [i, f, g, o] = [
      0.3 * x + 0.1 * h,
      0.5 * x + 0.2 * h + 1,
      -0.7 * x + 0.3 * h,
      0.9 * x + 0.4 * h,
    ] as const;
    c = logistic(f) * c + logistic(i) * Math.tanh(g);
    h = logistic(o) * Math.tanh(c);
    assert.ok(Math.abs(got[t]! - h) < 1e-6);
  });
});

test('bidirectional: mean of both directions, each seeing the whole sequence', () => {
  const { tf } = engine;
  const layout = createLayout(bidirectionalParameters('b', 2, 3));
  assert.equal(layout.size, 2 * 4 * (3 * (2 + 3) + 3));
  const values = initialValues(layout, 2);
  tf.tidy(() => {
    const parameters = unpack(engine, layout, tf.tensor1d(values));
    const x = tf.tensor3d(wave(5 * 2 * 2), [5, 2, 2]);
    const forward = lstm(engine, parameters, 'b.forward', x);
    const backward = tf.reverse(lstm(engine, parameters, 'b.backward', tf.reverse(x, 0)), 0);
    const mean = tf.div(tf.add(forward, backward), 2).dataSync();
    assert.ok(worst(bidirectionalLstm(engine, parameters, 'b', x).dataSync(), mean) < 1e-6);
  });
});

for (const form of ['plain', 'weight-normalised'] as const)
  test(`time-delay layer, ${form}: reaches the right frames, gradient against differences`, () => {
    const { tf } = engine;
    const shape = { inputs: 2, outputs: 3, taps: 3, dilation: 2, form };
    assert.equal(framesLost(shape), 4);
    const layout = createLayout(timeDelayParameters('d', shape));
    assert.equal(layout.size, 3 * 2 * 3 + 3 + (form === 'plain' ? 0 : 3));
    const values = initialValues(layout, 3);
    const x = wave(1 * 7 * 2);
    const got = tf.tidy(() =>
      timeDelay(
        engine,
        unpack(engine, layout, tf.tensor1d(values)),
        'd',
        tf.tensor3d(x, [1, 7, 2]),
        shape,
      ).dataSync(),
    );
    assert.equal(got.length, 3 * 3);
    const kernel = values.subarray(0, 18);
    const bias = values.subarray(layout.range('d.bias').from);
    for (let t = 0; t < 3; t++)
      for (let o = 0; o < 3; o++) {
        let [sum, size] = [0, 0];
        for (let tap = 0; tap < 3; tap++)
          for (let i = 0; i < 2; i++) {
            const weight = kernel[(tap * 2 + i) * 3 + o]!;
            sum += weight * x[(t + 2 * tap) * 2 + i]!;
            size += weight * weight;
          }
        const wanted = (form === 'plain' ? sum : sum / Math.sqrt(3 * size)) + bias[o]!;
        assert.ok(Math.abs(got[t * 3 + o]! - wanted) < 1e-6);
      }
    const checked = checkGradient(
      engine,
      layout,
      values,
      (parameters) =>
        tf.sum(tf.square(timeDelay(engine, parameters, 'd', tf.tensor3d(x, [1, 7, 2]), shape))) as Scalar,
      [0, 7, 17, layout.size - 1],
      [1e-2],
    );
    const analytic = checked.map((one) => one.analytic);
    assert.ok(
      worst(
        analytic,
        checked.map((one) => one.numeric[0]!),
      ) < 5e-3,
    );
    assert.throws(
      () =>
        tf.tidy(() =>
          timeDelay(engine, unpack(engine, layout, tf.tensor1d(values)), 'd', tf.zeros([1, 4, 2]), shape),
        ),
      /4 frames are fewer than its 5/,
    );
  });

test('statistics over time: mean and deviation with n - 1, silent channels included', () => {
  const { tf } = engine;
  const got = tf.tidy(() => statisticsPooling(engine, tf.tensor3d([1, 5, 2, 5, 6, 5], [1, 3, 2])).dataSync());
  [3, 5, Math.sqrt(7), 1e-4].forEach((wanted, i) => assert.ok(Math.abs(got[i]! - wanted) < 1e-6));
  assert.throws(() => statisticsPooling(engine, tf.zeros([1, 1, 2])), /1 frame/);
});

test('bounds hold after updates, and only for parameters that have them', () => {
  const { tf } = engine;
  const before = tf.memory().numTensors;
  const layout = createLayout([
    { name: 'bound', shape: [2], start: { kind: 'constant', value: 1 }, bounds: [0.95, 1.02] },
    { name: 'free', shape: [1], start: { kind: 'constant', value: 1 } },
  ]);
  const optimiser = createOptimiser(engine, layout, initialValues(layout, 1), { rule: { kind: 'sgd' } });
  const gradient = tf.tensor1d([1, -1, 1]);
  optimiser.update(gradient, 0.1);
  [0.95, 1.02, 0.9].forEach((wanted, i) => assert.ok(Math.abs(optimiser.read().values[i]! - wanted) < 1e-6));
  tf.dispose(gradient);
  optimiser.dispose();
  assert.equal(tf.memory().numTensors, before);
});
