import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensor3D } from '@tensorflow/tfjs';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  binaryCrossEntropy,
  createBuffers,
  initialValues,
  createLayout,
  lossGradient,
  unpack,
} from 'stm-lab/dist/training';
import { harmonicBank, harmonicGrid } from 'stm-lab/dist/tmnn/maths/harmonicBank';
import {
  gaborKernel,
  gaussianKernel,
  type PassBand,
  sincKernel,
} from 'stm-lab/dist/features/tmnn/filterBank';
import { createModulation, toeplitz } from 'stm-lab/dist/tmnn/modulation';
import { createTmnn } from 'stm-lab/dist/tmnn/network';
import { resolveTmnn, type TmnnOptions } from 'stm-lab/dist/tmnn/spec';
import { worst } from '../training/fixtures';
import { inTidy, noise } from './noise';

test('tensor kernels and filter banks are those of the formulas', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const bands: PassBand[] = [
    { lowHz: 1, highHz: 8 },
    { lowHz: 4, highHz: 16 },
    { lowHz: 0, highHz: 31.25 },
  ];
  const cases: [TmnnOptions['modulation'], Float64Array[]][] = [
    [{ filters: 3, bands }, bands.map(({ lowHz, highHz }) => sincKernel(lowHz, highHz, 62.5, 101))],
    [{ kind: 'gaussian', filters: 1 }, [gaussianKernel(Math.sqrt(0.05 * 0.4), 101)]],
    [{ kind: 'gabor', filters: 2, taps: 51 }, [gaborKernel(0.5, 25, 62.5, 51), gaborKernel(16, 2, 62.5, 51)]],
  ];
  const before = tf.memory().numTensors;
  for (const [modulation, expected] of cases) {
    const spec = resolveTmnn({
      frontEnd: { kind: 'harmonic', harmonics: 6, q: 2 },
      modulation: modulation!,
      outputs: 1,
    });
    const network = createTmnn(engine, spec);
    inTidy(engine, () => {
      const p = unpack(engine, network.layout, tf.tensor1d(initialValues(network.layout, 1)));
      const kernels = network.modulationKernels(p)!.dataSync();
      assert.ok(worst(kernels, Float64Array.from(expected.flatMap((kernel) => [...kernel]))) < 2e-6);
      const bank = harmonicBank(harmonicGrid(16000, 6).centreHz, 2, 16000, 512);
      assert.ok(worst(network.filterBank(p)!.dataSync(), bank) < 1e-4);
    });
    network.dispose();
  }
  for (const centres of ['tied', 'free'] as const) {
    const spec = resolveTmnn({ frontEnd: { kind: 'harmonic', harmonics: 2, centres }, outputs: 1 });
    const network = createTmnn(engine, spec);
    inTidy(engine, () => {
      const p = unpack(engine, network.layout, tf.tensor1d(initialValues(network.layout, 1)));
      const bank = harmonicBank(harmonicGrid(16000, 2).centreHz, 1, 16000, 512);
      // Float32 exponentials: some mHz at 8 kHz.
      assert.ok(worst(network.filterBank(p)!.dataSync(), bank) < 5e-4);
    });
    network.dispose();
  }
  assert.equal(tf.memory().numTensors, before);
});

test('the matrix form filters as a convolution does, with zeros or reflection beyond the ends', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  for (const [taps, frames, padding] of [
    [7, 20, 'zero'],
    [101, 63, 'zero'],
    [101, 30, 'zero'],
    [7, 20, 'reflect'],
    [51, 27, 'reflect'],
  ] as const) {
    const spec = resolveTmnn({
      frontEnd: { kind: 'mel' },
      modulation: { filters: 2, taps, padding },
      outputs: 1,
    });
    const layer = createModulation(engine, spec);
    inTidy(engine, () => {
      const layout = createLayout(layer.parameters);
      const p = unpack(engine, layout, tf.tensor1d(initialValues(layout, 1)));
      const x = noise(2 * 3 * frames * 2);
      const y = layer.apply(p, tf.tensor4d(x, [2, 3, frames, 2]));
      assert.deepEqual(y.shape, [2, 3, frames, 4]);
      const kernels = layer.kernels(p).dataSync();
      const half = (taps - 1) / 2;
      const value = (line: number, channel: number, t: number): number => {
        if (t < 0 || t >= frames) {
          if (padding === 'zero') return 0;
          t = t < 0 ? -t : 2 * (frames - 1) - t;
        }
        return x[(line * frames + t) * 2 + channel]!;
      };
      const expected = Float64Array.from({ length: y.size }, (_, place) => {
        const [filter, channel] = [Math.floor((place % 4) / 2), place % 2];
        const [line, t] = [Math.floor(place / 4 / frames), Math.floor(place / 4) % frames];
        let total = 0;
        for (let i = 0; i < taps; i++)
          total += kernels[filter * taps + i]! * value(line, channel, t + half - i);
        return total;
      });
      assert.ok(worst(y.dataSync(), expected) < 2e-6, `${taps} ${frames} ${padding}`);
    });
    layer.dispose();
  }
  const short = createModulation(
    engine,
    resolveTmnn({ frontEnd: { kind: 'mel' }, modulation: { padding: 'reflect' }, outputs: 1 }),
  );
  inTidy(engine, () => {
    const layout = createLayout(short.parameters);
    const p = unpack(engine, layout, tf.tensor1d(initialValues(layout, 1)));
    assert.throws(() => short.apply(p, tf.zeros([1, 1, 50, 1])), /50 frames cannot be reflected/);
    // A kernel that is not symmetric tells convolution from correlation.
    const skew = toeplitz(tf, tf.tensor1d([1, 2, 3]), 4, 4, 0).arraySync() as number[][];
    assert.deepEqual(skew, [
      [2, 3, 0, 0],
      [1, 2, 3, 0],
      [0, 1, 2, 3],
      [0, 0, 1, 2],
    ]);
  });
  short.dispose();
});

test('a band without bins has gradient 0; full pass band is identity; no filters, no block', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const spec = resolveTmnn({
    frontEnd: { kind: 'harmonic', harmonics: 1, centres: 'free' },
    outputs: 2,
    backEnd: { width: 2 },
    modulation: { filters: 1, bands: [{ lowHz: 0, highHz: 31.25 }] },
  });
  const network = createTmnn(engine, spec);
  const values = initialValues(network.layout, 4);
  const buffers = createBuffers(engine, network.buffers);
  inTidy(engine, () => {
    const power = tf.tensor3d(
      noise(4 * 24 * 257).map((value) => value * value),
      [4, 24, 257],
    );
    const { gradient } = lossGradient(engine, network.layout, tf.tensor1d(values), (p) =>
      binaryCrossEntropy(engine, network.logits(p, buffers, power, 'train', 1), tf.zeros([4, 2])),
    );
    const { from } = network.layout.range('frontEnd.midi');
    assert.equal(Math.abs(gradient.dataSync()[from + 12]!), 0);
    assert.notEqual(gradient.dataSync()[from + 100], 0);
  });
  const layer = createModulation(engine, spec);
  inTidy(engine, () => {
    const p = unpack(engine, network.layout, tf.tensor1d(values));
    const x = tf.tensor4d(noise(4 * 63), [2, 2, 63, 1]);
    assert.ok(worst(layer.apply(p, x).dataSync(), x.dataSync()) < 1e-6);
  });
  // Moved input, moved output, away from the ends.
  const narrow = createModulation(
    engine,
    resolveTmnn({ frontEnd: { kind: 'mel' }, modulation: { taps: 11 }, outputs: 1 }),
  );
  inTidy(engine, () => {
    const layout = createLayout(narrow.parameters);
    const p = unpack(engine, layout, tf.tensor1d(initialValues(layout, 1)));
    const x = noise(60);
    const filter = (from: number): Float32Array =>
      narrow.apply(p, tf.tensor4d(x.slice(from, from + 50), [1, 1, 50, 1])).dataSync() as Float32Array;
    assert.ok(worst(filter(3).subarray(5, 40), filter(0).subarray(8, 43)) < 1e-6);
  });
  [layer, narrow, network, buffers].forEach((held) => held.dispose());

  const none = createTmnn(
    engine,
    resolveTmnn({ frontEnd: { kind: 'mel' }, modulation: { filters: 0 }, outputs: 2, backEnd: { width: 2 } }),
  );
  assert.equal(none.channels, 1);
  inTidy(engine, () => {
    const p = unpack(engine, none.layout, tf.tensor1d(initialValues(none.layout, 1)));
    assert.equal(none.modulationKernels(p), undefined);
    const buffers = createBuffers(engine, none.buffers);
    const logits = none.logits(p, buffers, tf.ones([2, 63, 257]) as Tensor3D, 'evaluate', 1);
    assert.deepEqual(logits.shape, [2, 2]);
    buffers.dispose();
  });
  none.dispose();
});
