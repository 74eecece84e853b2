import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { loadEngine } from 'stm-lab/dist/engine';
import { hammingWindow, responseAt, sincKernel } from 'stm-lab/dist/features/tmnn/filterBank';
import { filterWaveforms, sincBank, sincEdges, sincKernels } from 'stm-lab/dist/training';
import { worst } from './fixtures';

const RATE = 16000;
const decibels = (gain: number): number => 20 * Math.log10(gain);

test('a filter on waveforms passes its band at 0 dB, halves at its edges, and attenuates the rest', async () => {
  const { tf } = await loadEngine();
  const bank = sincBank({ tf }, 'sinc', { filters: 2, taps: 251, sampleRate: RATE });
  const bands = [
    [1000, 2000],
    [3000, 3400],
  ] as const;
  const kernels = tf.tidy(() => {
    // What is trained lies below the edges by the smallest lower edge and the smallest bandwidth.
    const a = tf.tensor1d(bands.map(([low]) => low - 50));
    const b = tf.tensor1d(bands.map(([low, high]) => high - low - 50));
    const edges = bank.edges(a, b);
    assert.deepEqual([...edges.low.dataSync()], [1000, 3000]);
    assert.deepEqual([...edges.high.dataSync()], [2000, 3400]);
    return bank.kernels(edges).arraySync() as number[][];
  });
  for (const [i, [low, high]] of bands.entries()) {
    const at = (hz: number): number => decibels(responseAt(kernels[i]!, hz, RATE));
    // The Hamming window's transition is 3.3 x 16000 / 251 = 210 Hz wide.
    for (const hz of [low + 120, (low + high) / 2, high - 120])
      assert.ok(Math.abs(at(hz)) < 0.05, `${hz} Hz: ${at(hz)} dB`);
    for (const hz of [low, high]) assert.ok(Math.abs(at(hz) + 6.02) < 0.1, `${hz} Hz: ${at(hz)} dB`);
    for (const hz of [0, low - 400, low - 120, high + 120, high + 1000, 7900])
      assert.ok(at(hz) < -50, `${hz} Hz: ${at(hz)} dB`);
    const reference = sincKernel(low, high, RATE, 251).map((value) => (value * (high - low)) / (RATE / 2));
    assert.ok(worst(kernels[i]!, reference) < 1e-6);
  }
  // Negative values of what is trained count by their size; nothing passes half the sampling rate.
  tf.tidy(() => {
    const edges = sincEdges({ tf }, tf.tensor1d([-950, 7990]), tf.tensor1d([-950, 500]), {
      minLowHz: 50,
      minBandHz: 50,
      nyquistHz: 8000,
    });
    assert.deepEqual([...edges.low.dataSync()], [1000, 7950]);
    assert.deepEqual([...edges.high.dataSync()], [2000, 8000]);
  });
});

test('gradients of kernels in their edges are those of the formula', async () => {
  const { tf } = await loadEngine();
  const taps = 41;
  const bank = sincBank({ tf }, 'sinc', { filters: 1, taps, sampleRate: RATE });
  const window = hammingWindow(taps);
  for (const tap of [20, 21, 27, 5]) {
    const [da, db] = tf.tidy(() =>
      tf
        .grads((a, b) => tf.slice(bank.kernels(bank.edges(a, b)), [0, tap], [1, 1]).asScalar())([
          tf.tensor1d([950]),
          tf.tensor1d([750]),
        ])
        .map((gradient) => gradient.dataSync()[0]!),
    ) as [number, number];
    // Of (sin 2 pi f2 t - sin 2 pi f1 t) / (pi t fs), windowed; a moves both edges, b the upper one.
    const slope = (hz: number): number =>
      (window[tap]! * 2 * Math.cos((2 * Math.PI * hz * (tap - 20)) / RATE)) / RATE;
    const [low, high] = [slope(1000), slope(1800)];
    const size = Math.abs(low) + Math.abs(high);
    assert.ok(Math.abs(db - high) < 1e-3 * size, `tap ${tap}: ${db}, ${high}`);
    assert.ok(Math.abs(da - (high - low)) < 1e-3 * size, `tap ${tap}: ${da}, ${high - low}`);
  }
});

test('a loss on filtered waveforms has the gradient of its finite differences', async () => {
  const { tf } = await loadEngine();
  const bank = sincBank({ tf }, 'sinc', { filters: 2, taps: 101, sampleRate: RATE });
  const x = tf.tensor2d(
    Float32Array.from({ length: 2 * 900 }, (_, i) => Math.sin(i * i * 3e-4) + Math.sin(i)),
    [2, 900],
  );
  const start = [
    [400, 2100],
    [900, 1300],
  ] as const;
  const loss = (a: Tensor1D, b: Tensor1D): Scalar =>
    tf.mean(tf.square(filterWaveforms({ tf }, x, bank.kernels(bank.edges(a, b)), 4)));
  const at = (values: readonly (readonly number[])[]): number =>
    tf.tidy(() => loss(tf.tensor1d([...values[0]!]), tf.tensor1d([...values[1]!])).dataSync()[0]!);
  const gradients = tf.tidy(() =>
    tf
      .grads(loss as never)([tf.tensor1d([...start[0]]), tf.tensor1d([...start[1]])])
      .map((gradient) => [...gradient.dataSync()]),
  );
  for (const part of [0, 1])
    for (const filter of [0, 1]) {
      const moved = (by: number): number[][] =>
        start.map((values, p) => values.map((hz, f) => (p === part && f === filter ? hz + by : hz)));
      const numeric = (at(moved(8)) - at(moved(-8))) / 16;
      const analytic = gradients[part]![filter]!;
      assert.ok(
        Math.abs(analytic - numeric) < 0.03 * Math.max(Math.abs(numeric), 1e-5),
        `${analytic} ${numeric}`,
      );
    }
  x.dispose();
});

test('filters start adjoining on the mel scale from 80 Hz, and filter as a plain sum does', async () => {
  const { tf } = await loadEngine();
  const bank = sincBank({ tf }, 'sinc', { filters: 80, taps: 251, sampleRate: RATE, rate: 7 });
  const [low, band] = bank.parameters.map(({ start, rate, decay }) => {
    // Decay would pull edges of thousands of Hz down to the lowest band.
    assert.deepEqual([rate, decay], [7, 'no']);
    assert.ok(start.kind === 'values');
    return Float64Array.from(start.values);
  }) as [Float64Array, Float64Array];
  assert.equal(low[0], 30);
  assert.ok(Math.abs(low[79]! + band[79]! - 7900) < 1e-9);
  const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
  for (let f = 1; f < 80; f++) {
    assert.ok(Math.abs(low[f - 1]! + band[f - 1]! - low[f]!) < 1e-9);
    assert.ok(Math.abs(mel(low[f]!) - mel(low[f - 1]!) - (mel(7900) - mel(30)) / 80) < 1e-6);
  }
  const samples = Float32Array.from({ length: 2 * 53 }, (_, i) => Math.sin(i * i));
  const kernels = Float32Array.from({ length: 3 * 7 }, (_, i) => Math.cos(i * i));
  for (const stride of [1, 3, 5, 7, 9]) {
    const found = tf.tidy(() => {
      const y = filterWaveforms({ tf }, tf.tensor2d(samples, [2, 53]), tf.tensor2d(kernels, [3, 7]), stride);
      assert.deepEqual(y.shape, [2, Math.floor((53 - 7) / stride) + 1, 3]);
      return y.arraySync();
    });
    found.forEach((rows, b) =>
      rows.forEach((row, at) =>
        row.forEach((value, f) => {
          let expected = 0;
          for (let i = 0; i < 7; i++) expected += samples[b * 53 + at * stride + i]! * kernels[f * 7 + i]!;
          assert.ok(Math.abs(value - expected) < 1e-5);
        }),
      ),
    );
  }
  const short = (): Tensor2D => tf.zeros([1, 6]);
  assert.throws(() => filterWaveforms({ tf }, short(), tf.zeros([1, 7]), 1), /6 samples are fewer than 7/);
  assert.throws(() => sincBank({ tf }, 'x', { filters: 2, taps: 250, sampleRate: RATE }), /250 taps/);
  assert.throws(() => sincBank({ tf }, 'x', { filters: 0, taps: 251, sampleRate: RATE }), /0 filters/);
  assert.throws(() => sincBank({ tf }, 'x', { filters: 2, taps: 251, sampleRate: 200 }), /200 Hz/);
  const kernel = tf.tidy(
    () =>
      sincKernels({ tf }, { low: tf.tensor2d([[1]]), high: tf.tensor2d([[8]]) }, 62.5, 101).arraySync()[0]!,
  );
  assert.ok(worst(kernel, sincKernel(1, 8, 62.5, 101)) < 1e-6);
});
