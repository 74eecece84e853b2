import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import {
  initialValues,
  createLayout,
  lossGradient,
  unpack,
  type ParameterTensors,
} from 'stm-lab/dist/training';
import { randomState } from 'research-basics/random/mt19937';
import type { GridName } from 'stm-lab/dist/features/strf/grid';
import { initialFilters } from 'stm-lab/dist/features/strf/initial';
import type { GaborFilter, KernelNorm } from 'stm-lab/dist/features/strf/gabor';
import { gaborKernel } from 'stm-lab/dist/features/strf/gabor';
import { createStrfLayer, type StrfOptions, type StrfOutput } from 'stm-lab/dist/strf/layer';
import { gaborFactors, kernelTensor } from 'stm-lab/dist/strf/tensors';
import { filterTuning } from 'stm-lab/dist/strf/units';
import { close, golden, goldenFilter, SHAPE } from './fixtures';

let engine: Engine;
before(async () => {
  engine = await loadEngine();
});

/** Runs a layer once on host values; asserts that no tensor is left behind. */
function run(
  options: StrfOptions,
  x: (m: number, t: number) => number,
  [bands, frames]: readonly [number, number],
  form: 'apply' | 'stack' = 'apply',
): Float32Array {
  const { tf } = engine;
  const before = tf.memory().numTensors;
  const layer = createStrfLayer(engine, options);
  const result = tf.tidy(() => {
    const values = Float32Array.from({ length: bands * frames }, (_, i) =>
      x(Math.floor(i / frames), i % frames),
    );
    const input = tf.tensor3d(values, [1, bands, frames]);
    return layer[form](parametersOf(layer.parameters, 1), input).dataSync() as Float32Array;
  });
  layer.dispose();
  assert.equal(tf.memory().numTensors, before);
  return result;
}

function parametersOf(parameters: Parameters<typeof createLayout>[0], seed: number): ParameterTensors {
  if (parameters.length === 0)
    return () => {
      throw new Error('this layer has no parameters');
    };
  const layout = createLayout(parameters);
  return unpack(engine, layout, engine.tf.tensor1d(initialValues(layout, seed)));
}

for (const path of ['plain', 'separable'] as const)
  for (const { grid, values, ripple } of golden.outputs)
    test(`layer output and direction, ${grid} grid, ${path} path: published values`, () => {
      const options: StrfOptions = { filters: 1, start: [goldenFilter('C')], grid, norm: 'area', path };
      const output = run(options, (m, t) => Math.sin(0.3 * m + 0.05 * t), [64, 200]);
      for (const [m, t, re, im] of values) {
        close(output[(m! * 200 + t!) * 2]!, re!, 3e-7);
        close(output[(m! * 200 + t!) * 2 + 1]!, im!, 3e-7);
      }
      const { cyclesPerFrame, cyclesPerBand } = filterTuning(goldenFilter('C'), {
        frameRate: 100,
        bandsPerOctave: 14,
        shape: SHAPE,
        grid,
      });
      [1, -1].forEach((direction, i) => {
        const wave = (m: number, t: number): number =>
          Math.cos(2 * Math.PI * (direction * cyclesPerFrame * t + cyclesPerBand * m));
        const modulus = run({ ...options, output: 'modulus' }, wave, [64, 200]);
        close(modulus[32 * 200 + 100]!, ripple[i]!, i === 0 ? 3e-6 : 1.5e-4);
      });
    });

test('kernel tensors equal the double-precision kernels, both norms and grids', () => {
  const { tf } = engine;
  const filters = initialFilters(5, { seed: 2 });
  for (const grid of ['centred', 'authors'] as GridName[])
    for (const norm of ['area', 'l2'] as KernelNorm[])
      tf.tidy(() => {
        const column = (name: keyof GaborFilter): Tensor1D =>
          tf.tensor1d(filters.map((filter) => filter[name]));
        const tensors = {
          carrier: column('carrier'),
          angle: column('angle'),
          sigmaFrequency: column('sigmaFrequency'),
          sigmaTime: column('sigmaTime'),
        };
        const kernel = kernelTensor(engine, gaborFactors(engine, tensors, SHAPE, grid, norm));
        assert.deepEqual(kernel.shape, [9, 111, 1, 10]);
        const values = kernel.dataSync();
        filters.forEach((filter, k) => {
          const exact = gaborKernel(filter, SHAPE, { grid, norm });
          for (let at = 0; at < 999; at++) {
            close(values[at * 10 + k]!, exact.real[at]!, 1e-7);
            close(values[at * 10 + 5 + k]!, exact.imaginary[at]!, 1e-7);
          }
        });
      });
});

for (const { grid, part, values } of golden.gradients)
  test(`gradients of the ${part} kernel C, ${grid} grid: published value and derivatives`, () => {
    const { tf } = engine;
    const { carrier, angle, sigmaFrequency, sigmaTime } = goldenFilter('C');
    tf.tidy(() => {
      const ramp = Array.from({ length: 9 }, (_, i) =>
        Array.from({ length: 111 }, (_, j) => [[(((i + 1) / 9) * (j + 1)) / 111]]),
      );
      const weights = tf.tensor4d(ramp);
      const loss = (...parameters: Tensor[]): Tensor => {
        const [c, a, f, t] = parameters as [Tensor1D, Tensor1D, Tensor1D, Tensor1D];
        const tensors = { carrier: c, angle: a, sigmaFrequency: f, sigmaTime: t };
        const kernel = kernelTensor(engine, gaborFactors(engine, tensors, SHAPE, grid, 'area'));
        return tf.sum(tf.mul(tf.slice(kernel, [0, 0, 0, part === 'real' ? 0 : 1], [9, 111, 1, 1]), weights));
      };
      const start = [carrier, angle, sigmaFrequency, sigmaTime].map((value) => tf.tensor1d([value]));
      const { value, grads } = tf.valueAndGrads(loss as never)(start);
      [value, ...grads].forEach((tensor, i) =>
        close(tensor.dataSync()[0]!, values[i]!, 1e-4 * Math.max(0.01, Math.abs(values[i]!))),
      );
    });
  });

const SMALL = { filters: 3, shape: { frequencyTaps: 9, timeTaps: 11 }, initial: { seed: 4 } } as const;
const noise = (seed: number): ((m: number, t: number) => number) => {
  const state = randomState(seed);
  const held = Array.from({ length: 12 * 30 }, () => state.normal());
  return (m, t) => held[m * 30 + t]!;
};

for (const output of ['concat', 'real', 'imaginary', 'modulus'] as StrfOutput[])
  test(`both paths and both forms agree, ${output}`, () => {
    const [plain, separable] = (['plain', 'separable'] as const).map((path) =>
      run({ ...SMALL, output, path, norm: 'l2' }, noise(1), [12, 30]),
    );
    const maps = output === 'concat' ? 6 : 3;
    assert.equal(plain!.length, 12 * 30 * maps);
    plain!.forEach((value, i) => close(separable![i]!, value, 2e-6));
    for (const path of ['plain', 'separable'] as const) {
      const stacked = run({ ...SMALL, output, path, norm: 'l2' }, noise(1), [12, 30], 'stack');
      for (let map = 0; map < maps; map++)
        for (let m = 0; m < 12; m++)
          for (let t = 0; t < 30; t++) {
            // Rows by filter, part, band; maps by part, filter.
            const [filter, part] = output === 'concat' ? [map % 3, Math.floor(map / 3)] : [map, 0];
            const row = (filter * (output === 'concat' ? 2 : 1) + part) * 12 + m;
            close(stacked[row * 30 + t]!, plain![(m * 30 + t) * maps + map]!, 2e-6);
          }
    }
  });

for (const variant of ['frozen', 'fixed', 'free', 'pass'] as const)
  test(`variant ${variant}: parameters, maps, both forms`, () => {
    const layer = createStrfLayer(engine, { ...SMALL, variant });
    assert.equal(layer.parameters.length, variant === 'free' ? 1 : 0);
    assert.equal(layer.maps, variant === 'pass' ? 1 : 6);
    assert.equal(layer.filters(() => []).length, variant === 'frozen' ? 3 : 0);
    layer.dispose();
    const maps = variant === 'pass' ? 1 : 6;
    const output = run({ ...SMALL, variant }, noise(2), [12, 30]);
    assert.equal(output.length, 360 * maps);
    const stacked = run({ ...SMALL, variant }, noise(2), [12, 30], 'stack');
    close(
      stacked.reduce((a, b) => a + Math.abs(b), 0),
      output.reduce((a, b) => a + Math.abs(b), 0),
      1e-2,
    );
    if (variant === 'frozen')
      assert.deepEqual(output, run({ ...SMALL, variant: 'learn' }, noise(2), [12, 30]));
    if (variant === 'pass') assert.equal(output[31], Math.fround(noise(2)(1, 1)));
  });

for (const [path, output] of [
  ['plain', 'concat'],
  ['separable', 'concat'],
  ['separable', 'modulus'],
  ['separable', 'imaginary'],
] as const)
  for (const norm of ['area', 'l2'] as const)
    test(`gradients of a weighted sum against differences, ${path} ${output} ${norm}`, () => {
      const { tf } = engine;
      const before = tf.memory().numTensors;
      const layer = createStrfLayer(engine, { ...SMALL, path, output, norm });
      const layout = createLayout(layer.parameters);
      const values = initialValues(layout, 1);
      const x = tf.tensor3d(
        Float32Array.from(
          { length: 720 },
          (_, i) => noise(3)(Math.floor(i / 30) % 12, i % 30) * (i < 360 ? 1 : -0.5),
        ),
        [2, 12, 30],
      ) as Tensor3D;
      const weights = tf.tensor(
        Float32Array.from({ length: 720 * layer.maps }, (_, i) => Math.cos(i * 0.7)),
        [2, 12, 30, layer.maps],
      );
      const at = (point: Float32Array): { loss: number; gradient: Float32Array } =>
        tf.tidy(() => {
          const { loss, gradient } = lossGradient(engine, layout, tf.tensor1d(point), (parameters) =>
            tf.sum(tf.mul(layer.apply(parameters, x), weights)),
          );
          return { loss: loss.dataSync()[0]!, gradient: Float32Array.from(gradient.dataSync()) };
        });
      const { gradient } = at(values);
      const size = Math.hypot(...gradient);
      assert.ok(gradient.every((g) => g !== 0));
      values.forEach((_, i) => {
        const moved = (h: number): number => at(values.map((v, j) => (j === i ? v + h : v))).loss;
        // The modulus bends sharply where it is small.
        const step = output === 'modulus' ? 2e-3 : 1e-2;
        close(gradient[i]!, (moved(step) - moved(-step)) / (2 * step), 5e-3 * size);
      });
      tf.dispose([x, weights]);
      layer.dispose();
      assert.equal(tf.memory().numTensors, before);
    });

test('options that cannot be used are named', () => {
  assert.throws(() => createStrfLayer(engine, { filters: 0 }), /0 filters/);
  assert.throws(
    () => createStrfLayer(engine, { shape: { frequencyTaps: 8, timeTaps: 11 } }),
    /8 x 11 taps; both must be odd/,
  );
  assert.throws(
    () => createStrfLayer(engine, { filters: 2, start: [goldenFilter('A')] }),
    /1 starting filters for 2/,
  );
});
