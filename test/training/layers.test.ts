import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import {
  batchNormBuffers,
  batchNormParameters,
  binaryCrossEntropy,
  type BufferStore,
  convolutionParameters,
  createBuffers,
  createLayers,
  createOptimiser,
  denseParameters,
  initialValues,
  createLayout,
  type Layers,
  lossGradient,
  type Mode,
  type OptimiserOptions,
  type Parameter,
  type ParameterLayout,
  type ParameterTensors,
  poolWindow,
  softmaxCrossEntropy,
  unpack,
} from 'stm-lab/dist/training';
import { convolve, portableConvolution } from 'stm-lab/dist/training/convolution';
import { portableKernels } from 'stm-lab/dist/training/kernels';
import { fastNormals } from 'stm-lab/dist/training/random';
import { checkGradient, golden, worst } from './fixtures';

interface TorchGolden {
  x: number[];
  y: number[];
  start: Record<string, number[]>;
  stages: {
    rule: 'adam' | 'nesterov' | 'plain';
    losses: number[];
    gradient: Record<string, number[]>;
    parameters: Record<string, number[]>;
  }[];
  running: Record<string, number[]>;
  logits: number[];
  softmax: { logits: number[]; targets: number[]; loss: number };
}

const torch = golden<TorchGolden>('training', 'torch.json');
const layout = createLayout([
  ...convolutionParameters('conv1', [3, 3], 2, 3),
  ...batchNormParameters('norm1', 3),
  ...convolutionParameters('conv2', [3, 3], 3, 3),
  ...batchNormParameters('norm2', 3),
  ...denseParameters('fc1', 3, 4),
  ...batchNormParameters('norm3', 4),
  ...denseParameters('fc2', 4, 2),
]);
const buffers = [
  ...batchNormBuffers('norm1', 3),
  ...batchNormBuffers('norm2', 3),
  ...batchNormBuffers('norm3', 4),
];

function network(
  { tf }: Engine,
  l: Layers,
  p: ParameterTensors,
  running: BufferStore,
  x: Tensor4D,
  mode: Mode,
): Tensor2D {
  let h = l.maxPool(l.relu(l.batchNorm(p, running, 'norm1', l.conv2d(p, 'conv1', x), mode)), [2, 3]);
  h = l.relu(tf.add(l.batchNorm(p, running, 'norm2', l.conv2d(p, 'conv2', h), mode), h) as Tensor4D);
  const top = tf.max(l.averagePool(h, [2, 2]), [1, 2]) as Tensor2D;
  return l.dense(p, 'fc2', l.relu(l.batchNorm(p, running, 'norm3', l.dense(p, 'fc1', top), mode)));
}

const torchName = (name: string): string => name.replace(/kernel$|gamma$/, 'weight').replace(/beta$/, 'bias');
const fromTorch = (values: Record<string, number[]>, { parameters }: ParameterLayout): Float32Array =>
  Float32Array.from(parameters.flatMap(({ name }) => values[torchName(name)]!));

const RULES: Record<string, OptimiserOptions> = {
  // With the usual epsilon, Adam would enlarge the rounding of gradients that are nearly 0.
  adam: { rule: { kind: 'adam', epsilon: 1e-3 }, decay: 1e-2 },
  nesterov: { rule: { kind: 'sgd', momentum: 0.9, form: 'nesterov' }, decay: 1e-2 },
  plain: { rule: { kind: 'sgd', momentum: 0.5 } },
};

for (const kind of ['of the engine', 'portable'] as const)
  test(`passes, gradients, updates and running values are PyTorch's (kernels ${kind})`, async () => {
    const engine = await loadEngine();
    const { tf } = engine;
    const layers = kind === 'portable' ? createLayers(engine, portableKernels(engine)) : createLayers(engine);
    const before = tf.memory().numTensors;
    const running = createBuffers(engine, buffers);
    const x = tf.tensor4d(torch.x, [4, 7, 9, 2]);
    const y = tf.tensor2d(torch.y, [4, 2]);
    let values = fromTorch(torch.start, layout);
    for (const { rule, losses, gradient, parameters } of torch.stages) {
      const optimiser = createOptimiser(engine, layout, values, RULES[rule]!);
      for (const expected of losses) {
        const made = lossGradient(engine, layout, optimiser.values, (p) =>
          binaryCrossEntropy(engine, network(engine, layers, p, running, x, 'train'), y),
        );
        const loss = made.loss.dataSync()[0]!;
        assert.ok(Math.abs(loss - expected) < 1e-6, `${rule}: loss ${loss}, expected ${expected}`);
        if (optimiser.updates === 0) {
          const difference = worst(made.gradient.dataSync(), fromTorch(gradient, layout));
          assert.ok(difference < 1e-5, `${rule}: gradient differs by ${difference}`);
        }
        optimiser.update(made.gradient, 1e-2);
        made.loss.dispose();
        made.gradient.dispose();
      }
      const difference = worst(optimiser.read().values, fromTorch(parameters, layout));
      assert.ok(difference < 1e-5, `${rule}: values differ by ${difference}`);
      values = fromTorch(parameters, layout);
      optimiser.dispose();
    }
    for (const { name } of buffers) {
      const key = name.replace('.mean', '.running_mean').replace('.variance', '.running_var');
      const difference = worst(running.get(name).dataSync(), torch.running[key]!);
      assert.ok(difference < 1e-4, `${name}: differs by ${difference}`);
    }
    const logits = tf.tidy(() => {
      const p = unpack(engine, layout, tf.tensor1d(values));
      return network(engine, layers, p, running, x, 'evaluate').dataSync();
    });
    assert.ok(worst(logits, torch.logits) < 1e-3, `logits differ by ${worst(logits, torch.logits)}`);
    running.dispose();
    x.dispose();
    y.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

test('gradients of every parameter agree with finite differences', async () => {
  const engine = await loadEngine();
  const layers = createLayers(engine);
  const { tf } = engine;
  const running = createBuffers(engine, buffers);
  const x = tf.tensor4d(torch.x, [4, 7, 9, 2]);
  const y = tf.tensor2d(torch.y, [4, 2]);
  const values = initialValues(layout, 3);
  const first = layout.parameters.map(({ name }) => layout.range(name).from);
  const checked = checkGradient(
    engine,
    layout,
    values,
    (p) => binaryCrossEntropy(engine, network(engine, layers, p, running, x, 'train'), y),
    first,
    [3e-4, 3e-5],
  );
  checked.forEach(({ analytic, numeric }, i) => {
    assert.ok(
      numeric.some((value) => Math.abs(analytic - value) < 1e-3 + 0.03 * Math.abs(value)),
      `${layout.parameters[i]!.name}: ${analytic} against ${numeric.join(', ')}`,
    );
  });
  [x, y, running].forEach((held) => held.dispose());
});

test('the portable convolution and its gradients are the native ones', async (t) => {
  const engine = await loadEngine();
  if (engine.name !== 'native') return t.skip('native TensorFlow is not in use');
  const { tf } = engine;
  const next = fastNormals(1, 'x');
  const draw = (shape: [number, number, number, number]): Tensor4D =>
    tf.tensor4d(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next), shape);
  for (const [padding, height, width] of [
    ['same', 3, 3],
    ['same', 1, 4],
    ['valid', 3, 2],
  ] as const) {
    tf.tidy(() => {
      const [x, w] = [draw([2, 6, 7, 3]), draw([height, width, 3, 2])];
      const probe = draw(tf.conv2d(x, w, 1, padding).shape);
      const run = (f: (a: Tensor4D, b: Tensor4D) => Tensor4D): Float32Array[] =>
        tf
          .grads((a, b) => tf.sum(tf.mul(f(a as Tensor4D, b as Tensor4D), probe)))([x, w])
          .map((tensor) => Float32Array.from(tensor.dataSync()));
      const native = run((a, b) => convolve(engine, a, b, { padding }));
      const portable = run((a, b) => portableConvolution(engine, a, b, padding));
      native.forEach((values, i) => assert.ok(worst(portable[i]!, values) < 1e-5));
    });
  }
});

test('hand examples: Nesterov, first Adam step, decay, rates, clipping', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const run = (
    options: OptimiserOptions,
    start: number[],
    gradients: number[][],
    rate: number,
    factors: Pick<Parameter, 'rate' | 'decay' | 'l1'> = {},
  ): number[] => {
    const own = createLayout([
      { name: 'a', shape: [1], start: { kind: 'constant', value: 0 } },
      { name: 'b', shape: [start.length - 1], start: { kind: 'constant', value: 0 }, ...factors },
    ]);
    const optimiser = createOptimiser(engine, own, Float32Array.from(start), options);
    for (const gradient of gradients) {
      const g = tf.tensor1d(gradient);
      optimiser.update(g, rate);
      g.dispose();
    }
    const { values } = optimiser.read();
    optimiser.dispose();
    return [...values];
  };
  const close = (actual: number[], expected: number[]): void =>
    actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${actual} / ${expected}`));
  const nesterov: OptimiserOptions = { rule: { kind: 'sgd', momentum: 0.9, form: 'nesterov' } };
  close(run(nesterov, [1, 1], [[1, 1]], 0.1), [0.81, 0.81]);
  close(run(nesterov, [1, 1], [[1, 1], [1, 1]], 0.1), [0.539, 0.539]); // prettier-ignore
  close(run({ rule: { kind: 'sgd' } }, [1, 1], [[1, 2]], 0.1), [0.9, 0.8]);
  close(run({ rule: { kind: 'adam' } }, [1, 1], [[3, -0.01]], 0.1), [0.9, 1.1]);
  close(run({ rule: { kind: 'sgd' }, decay: 0.5 }, [1, 1], [[1, 1]], 0.1, { decay: 'no' }), [0.85, 0.9]);
  close(run({ rule: { kind: 'sgd' } }, [1, 1], [[1, 1]], 0.1, { rate: 5 }), [0.9, 0.5]);
  close(run({ rule: { kind: 'sgd' } }, [1, -1], [[1, 1]], 0.1, { l1: 2 }), [0.9, -0.9]);
  const decoupled: OptimiserOptions = { rule: { kind: 'adam', form: 'keras' }, weightDecay: 0.5 };
  close(run(decoupled, [1, 1], [[3, -1]], 0.1, { decay: 'no' }), [0.85, 1.1]);
  close(run({ ...decoupled, rule: { kind: 'adam' } }, [1, 1], [[3, -1]], 0.1, { decay: 'no' }), [0.85, 1.1]);
  close(run({ rule: { kind: 'sgd' }, clipNorm: 1 }, [1, 1], [[3, 4]], 1), [0.4, 0.2]);
  close(run({ rule: { kind: 'sgd' }, clipNorm: 9 }, [1, 1], [[3, 4]], 1), [-2, -3]);
  assert.throws(() => run({ rule: { kind: 'sgd' }, clipNorm: 0 }, [1, 1], [], 1), /clipNorm 0/);
  assert.throws(() => run({ rule: { kind: 'sgd', momentum: 1 } }, [1, 1], [], 1), /momentum 1/);
});

test('Lookahead: after k updates slow values take their share, and both continue from there', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const own = createLayout([{ name: 'a', shape: [2], start: { kind: 'constant', value: 0 } }]);
  const before = tf.memory().numTensors;
  for (const rule of [{ kind: 'sgd' }, { kind: 'adam', form: 'keras' }] as const) {
    const lookahead = { updates: 3, share: 0.25 };
    const ahead = createOptimiser(engine, own, Float32Array.of(1, 0), { rule, lookahead });
    const plain = createOptimiser(engine, own, Float32Array.of(1, 0), { rule });
    const both = (size: number): void => {
      const gradient = tf.tensor1d([size, -1]);
      [ahead, plain].forEach((optimiser) => optimiser.update(gradient, 0.1));
      gradient.dispose();
    };
    [1, 2].forEach(both);
    assert.deepEqual(ahead.read().values, plain.read().values);
    both(3);
    const expected = plain.read().values.map((fast, i) => [1, 0][i]! + 0.25 * (fast - [1, 0][i]!));
    assert.ok(worst(ahead.read().values, expected) < 1e-6);
    assert.deepEqual(ahead.read().slots.at(-1), ahead.read().values);
    const resumed = createOptimiser(engine, own, new Float32Array(2), { rule, lookahead });
    resumed.write(ahead.read());
    for (const optimiser of [ahead, resumed])
      for (let i = 1; i <= 3; i++) tf.tidy(() => optimiser.update(tf.tensor1d([i, -1]), 0.1));
    assert.deepEqual(resumed.read(), ahead.read());
    [ahead, plain, resumed].forEach((optimiser) => optimiser.dispose());
  }
  assert.equal(tf.memory().numTensors, before);
  assert.throws(
    () =>
      createOptimiser(engine, own, new Float32Array(2), { rule: { kind: 'sgd' }, lookahead: { share: 0 } }),
    /lookahead share 0/,
  );
});

test('an optimiser read and written continues bit for bit', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const own = createLayout([{ name: 'a', shape: [50], start: { kind: 'uniform', low: -1, high: 1 } }]);
  const options: OptimiserOptions = { rule: { kind: 'adam', beta1: 0.8 }, decay: 0.1 };
  const before = tf.memory().numTensors;
  const step = (optimiser: ReturnType<typeof createOptimiser>): void => {
    const g = tf.tidy(() => tf.sin(tf.mul(optimiser.values, 3)));
    optimiser.update(g as typeof optimiser.values, 0.05);
    g.dispose();
  };
  const straight = createOptimiser(engine, own, initialValues(own, 1), options);
  for (let i = 0; i < 6; i++) step(straight);
  const first = createOptimiser(engine, own, initialValues(own, 1), options);
  for (let i = 0; i < 3; i++) step(first);
  const second = createOptimiser(engine, own, initialValues(own, 2), options);
  second.write(first.read());
  for (let i = 0; i < 3; i++) step(second);
  assert.deepEqual(second.read(), straight.read());
  const sgd = createOptimiser(engine, own, initialValues(own, 2), { rule: { kind: 'sgd' } });
  assert.throws(() => sgd.write(first.read()), /another rule/);
  [straight, first, second, sgd].forEach((optimiser) => optimiser.dispose());
  assert.equal(tf.memory().numTensors, before);
});

test('first values: limits, independence of the rest of the network, seeds', () => {
  const single = createLayout(denseParameters('fc', 100, 30));
  const values = initialValues(single, 5);
  const limit = 0.1;
  assert.ok(values.every((value) => Math.abs(value) <= limit));
  const spread = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  assert.ok(Math.abs(spread - limit / Math.sqrt(3)) < 0.002);
  const larger = createLayout([
    ...convolutionParameters('c', [3, 3], 1, 2),
    ...denseParameters('fc', 100, 30),
  ]);
  const { from } = larger.range('fc.kernel');
  assert.deepEqual(initialValues(larger, 5).subarray(from), values);
  assert.notDeepEqual(initialValues(single, 6), values);
  const glorot = createLayout([
    { name: 'k', shape: [40, 20], start: { kind: 'glorot', fanIn: 40, fanOut: 20 } },
  ]);
  const largest = Math.max(...initialValues(glorot, 1).map(Math.abs));
  assert.ok(largest <= Math.sqrt(0.1) && largest > 0.98 * Math.sqrt(0.1));
  assert.throws(() => createLayout([...denseParameters('x', 1, 1), ...denseParameters('x', 1, 1)]), /twice/);
});

test('dropout: share, scale, seed; nothing in evaluation', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const layers = createLayers(engine);
  tf.tidy(() => {
    const ones = tf.ones([100, 100]);
    const once = layers.dropout(ones, 0.25, 'train', 4).dataSync();
    const kept = once.filter((value) => value !== 0);
    assert.ok(Math.abs(kept.length / 10000 - 0.75) < 0.02);
    assert.ok(kept.every((value) => Math.abs(value - 4 / 3) < 1e-6));
    assert.deepEqual(layers.dropout(ones, 0.25, 'train', 4).dataSync(), once);
    assert.notDeepEqual(layers.dropout(ones, 0.25, 'train', 5).dataSync(), once);
    assert.equal(layers.dropout(ones, 0.25, 'evaluate', 4), ones);
  });
});

test('losses: softmax as PyTorch, extreme logits stay finite', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  tf.tidy(() => {
    const { logits, targets, loss } = torch.softmax;
    const rows = tf.oneHot(tf.tensor1d(targets, 'int32'), 3).cast('float32') as Tensor2D;
    const value = softmaxCrossEntropy(engine, tf.tensor2d(logits, [2, 3]), rows).dataSync()[0]!;
    assert.ok(Math.abs(value - loss) < 1e-5 * loss);
    const gradient = tf.grad((z) => binaryCrossEntropy(engine, z, tf.tensor1d([0, 1, 1])) as Scalar)(
      tf.tensor1d([500, -500, 0]),
    );
    assert.ok(worst(gradient.dataSync(), [1 / 3, -1 / 3, -1 / 6]) < 1e-6);
  });
});

test('pooling is clamped to short axes; empty input is named; one value per channel cannot train', async () => {
  assert.deepEqual(poolWindow([5, 1], [2, 3]), [2, 1]);
  assert.throws(() => poolWindow([0, 4], [2, 2]), /0 x 4 is empty/);
  const engine = await loadEngine();
  const { tf } = engine;
  const layers = createLayers(engine);
  const own = createLayout(batchNormParameters('n', 2));
  const running = createBuffers(engine, batchNormBuffers('n', 2));
  tf.tidy(() => {
    const flat = tf.tensor1d(initialValues(own, 1));
    assert.throws(
      () =>
        lossGradient(
          engine,
          own,
          flat,
          (p) => tf.sum(layers.batchNorm(p, running, 'n', tf.ones([1, 2]) as Tensor2D, 'train')) as Scalar,
        ),
      /n: needs more than one value/,
    );
  });
  running.dispose();
});

test('all of it on WebAssembly', (t) => {
  if (process.env.STM_LAB_ENGINE === 'wasm') return t.skip('this is that run');
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-reporter=tap', __filename],
    {
      encoding: 'utf8',
      env: { ...process.env, STM_LAB_ENGINE: 'wasm', NODE_TEST_CONTEXT: undefined },
    },
  );
  assert.equal(status, 0, stdout);
  assert.match(stdout, /# pass [1-9]/);
});
