import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harmonicBank, harmonicGrid, bandwidthHz } from 'stm-lab/dist/tmnn/maths/harmonicBank';
import { htkMelBank } from 'stm-lab/dist/features/mel/htkBank';
import {
  adjoiningBands,
  gaborKernel,
  gaussianKernel,
  hammingWindow,
  responseAt,
  sincKernel,
  spaced,
} from 'stm-lab/dist/features/tmnn/filterBank';
import { createPowerSpectrogram, frameCount, PUBLISHED_ANALYSIS } from 'stm-lab/dist/features/spectrogram';
import { worst } from '../training/fixtures';

const near = (actual: number, expected: number, tolerance: number, what = ''): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual}, expected ${expected}`);
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const bank = (harmonics: number, q = 1): { weights: Float64Array; bands: number; total: number } => {
  const { centreHz } = harmonicGrid(16000, harmonics);
  const weights = harmonicBank(centreHz, q, 16000, 512);
  return { weights, bands: centreHz.length, total: sum(weights) };
};
const column = (weights: Float64Array, bands: number, c: number): number[] =>
  Array.from({ length: 257 }, (_, bin) => weights[bin * bands + c]!);

test('harmonic grids: bands, highest centres', () => {
  const table = [
    [1, 190, 119, 7677.174, 7677.174],
    [2, 166, 107, 3838.587, 7677.174],
    [3, 152, 100, 2561.95, 7685.849],
    [4, 142, 95, 1919.294, 7677.174],
    [5, 134, 91, 1523.344, 7616.722],
    [6, 128, 88, 1280.975, 7685.849],
  ];
  for (const [n, bands, high, base, highest] of table) {
    const grid = harmonicGrid(16000, n!);
    assert.equal(grid.bands, bands);
    assert.equal(grid.highestMidi, high);
    near(grid.centreHz[bands! - 1]!, base!, 1e-3);
    near(grid.centreHz.at(-1)!, highest!, 1e-3);
  }
  // Whole tones, the small configuration.
  assert.equal(harmonicGrid(16000, 2, 1).bands, 83);
});

test('harmonic filter bank: sums, non-zeros, empty bands, spot values', () => {
  for (const [n, total, nonZero] of [
    [1, 537.8712, 1074],
    [2, 822.1651, 1644],
    [3, 1098.5847, 2201],
    [6, 1890.4163, 3786],
  ] as const) {
    const { weights, bands, total: actual } = bank(n);
    near(actual, total, 5e-5, `n=${n}`);
    assert.equal(weights.filter((value) => value > 0).length, nonZero);
    [0.89704, 0.82977, 0.76104, 0.69083, 0.61912].forEach((expected, k) =>
      near(sum(column(weights, bands, k)), expected, 5e-6),
    );
    assert.equal(sum(column(weights, bands, 12)), 0);
  }
  for (const [q, total, empty] of [
    [0.5, 3780.305, 0],
    [2, 941.427, 70],
    [4, 456.377, 217],
  ] as const) {
    const { weights, bands, total: actual } = bank(6, q);
    near(actual, total, 5e-4, `Q=${q}`);
    const none = Array.from({ length: bands }, (_, c) => sum(column(weights, bands, c))).filter(
      (s) => s === 0,
    );
    assert.equal(none.length, empty);
  }
  const { weights, bands } = bank(6);
  const { centreHz } = harmonicGrid(16000, 6);
  for (const [h, k, hz, bw, first, last, total, largest] of [
    [1, 0, 32.703, 28.229, 1, 1, 0.89704, 0.89704],
    [1, 24, 65.406, 31.757, 2, 2, 0.81696, 0.81696],
    [1, 90, 440, 72.176, 13, 15, 1.19885, 0.93072],
    [1, 127, 1280.975, 162.917, 39, 43, 2.69484, 0.99662],
    [6, 0, 196.219, 45.872, 6, 7, 0.63751, 0.61985],
    [6, 127, 7685.849, 854.003, 233, 256, 13.32276, 0.99613],
  ] as const) {
    const c = (h - 1) * 128 + k;
    near(centreHz[c]!, hz, 5e-4);
    near(bandwidthHz(centreHz[c]!, 1), bw, 5e-4);
    const values = column(weights, bands, c);
    assert.equal(
      values.findIndex((value) => value > 0),
      first,
    );
    assert.equal(257 - 1 - [...values].reverse().findIndex((value) => value > 0), last);
    near(sum(values), total, 5e-6);
    near(Math.max(...values), largest, 5e-6);
  }
});

test('HTK mel bank', () => {
  for (const [bands, total] of [
    [128, 252.7851],
    [96, 251.9218],
  ] as const)
    near(sum(htkMelBank(16000, 512, bands).weights), total, 5e-5);
  const { weights } = htkMelBank(16000, 512, 128);
  [0, 0.76601, 0.23399, 0.62437, 0.37563, 0.56835].forEach((expected, band) =>
    near(sum(column(weights, 128, band)), expected, 5e-6),
  );
});

test('power spectrogram: a sine, silence, shape; peaks of the harmonic bands', async () => {
  const kernel = await createPowerSpectrogram(PUBLISHED_ANALYSIS);
  const sine = (hz: number): Float32Array =>
    Float32Array.from({ length: 80000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 16000));
  assert.equal(frameCount(80000, PUBLISHED_ANALYSIS), 313);
  assert.equal(frameCount(16000, PUBLISHED_ANALYSIS), 63);
  const power = kernel.compute(sine(1000));
  assert.equal(power.length, 313 * 257);
  const frame = power.subarray(156 * 257, 157 * 257);
  near(frame[32]!, 16384, 16384e-6);
  near(frame[31]!, 4096, 4096e-6);
  near(frame[33]!, 4096, 4096e-6);
  // Single precision: 24 bits below the peak's amplitude.
  assert.ok(frame[34]! < 16384 * 2 ** -44);
  assert.ok(kernel.compute(new Float32Array(16000)).every((value) => value === 0));
  assert.throws(() => kernel.compute(new Float32Array(256)), /256 samples are fewer than the 257/);

  const a4 = kernel.compute(sine(440)).subarray(156 * 257, 157 * 257);
  const { weights, bands } = bank(6);
  const peaks = Array.from({ length: 6 }, (_, h) => {
    const decibels = Array.from({ length: 128 }, (_v, k) => {
      const inBand = column(weights, bands, h * 128 + k).reduce((total, w, bin) => total + w * a4[bin]!, 0);
      return 10 * Math.log10(Math.max(inBand, 1e-10));
    });
    const highest = Math.max(...decibels);
    return { k: decibels.indexOf(highest), highest };
  });
  assert.deepEqual(
    peaks.map(({ k }) => k),
    [90, 66, 52, 42, 34, 28],
  );
  [42.1418, 42.1418, 42.0909, 42.1418, 42.2628, 42.0909].forEach((expected, h) =>
    near(peaks[h]!.highest, expected, 1e-4),
  );
});

test('the spectrogram reflects the ends and agrees with a direct transform', async () => {
  const analysis = { sampleRate: 8000, fftLength: 64, hop: 24 };
  const kernel = await createPowerSpectrogram(analysis);
  const x = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i * 0.01));
  const power = kernel.compute(x);
  const frames = frameCount(200, analysis);
  assert.equal(power.length, frames * 33);
  const at = (i: number): number => x[i < 0 ? -i : i >= 200 ? 398 - i : i]!;
  const expected = Float64Array.from({ length: power.length }, (_, place) => {
    const [frame, bin] = [Math.floor(place / 33), place % 33];
    let [re, im] = [0, 0];
    for (let i = 0; i < 64; i++) {
      const value = at(frame * 24 - 32 + i) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 64));
      re += value * Math.cos((2 * Math.PI * bin * i) / 64);
      im -= value * Math.sin((2 * Math.PI * bin * i) / 64);
    }
    return re * re + im * im;
  });
  assert.ok(worst(power, expected) < 1e-6);
});

test('Hamming window and sinc kernels: taps, responses, edges', () => {
  const window = hammingWindow(101);
  near(window[0]!, 0.08, 1e-12);
  near(window[50]!, 1, 1e-12);
  near(sum(window), 54.08, 1e-9);
  const kernel = sincKernel(1, 8, 62.5, 101);
  [
    0.017882, 0.004405, -0.095501, -0.243613, -0.357734, -0.347888, -0.163402, 0.173348, 0.566051, 0.880162,
    1,
  ].forEach((expected, i) => near(kernel[40 + i]!, expected, 1e-6));
  near(kernel[0]!, 0.00349878, 1e-8);
  near(kernel[100]!, 0.00349878, 1e-8);
  const hz = [0, 0.5, 1, 2, 4, 8, 16, 24, 31.25];
  for (const [low, high, ...expected] of [
    [1, 8, 0.0453, 0.5814, 2.2315, 4.4352, 4.4735, 2.2322, 0.0031, 0.0021, 0.0026],
    [4, 16, 0.001, 0.0011, 0.0012, 0.0008, 1.3005, 2.6056, 1.3025, 0.0022, 0.0021],
    [0, 4, 7.8106, 7.8132, 7.8144, 7.8137, 3.911, 0.0021, 0.0024, 0.0027, 0.004],
    [0.5, 31.25, 0.2691, 0.5127, 0.8805, 1.0187, 1.015, 1.016, 1.0164, 1.0161, 1.016],
  ] as const) {
    const own = sincKernel(low, high, 62.5, 101);
    hz.forEach((f, i) => near(responseAt(own, f, 62.5), expected[i]!, 6e-5, `${low}-${high} at ${f}`));
  }
  const impulse = sincKernel(0, 31.25, 62.5, 101);
  impulse.forEach((value, i) => near(value, i === 50 ? 1 : 0, 1e-6));
});

test('Gaussian and Gabor kernels; spacings', () => {
  const gaussian = gaussianKernel(0.2, 101);
  near(sum(gaussian), 1, 1e-12);
  near(gaussian[60]! / gaussian[50]!, Math.exp(-0.5), 1e-12);
  const gabor = gaborKernel(4, 10, 62.5, 101);
  const peak = [2, 3, 4, 5, 6].map((f) => responseAt(gabor, f, 62.5));
  assert.equal(peak.indexOf(Math.max(...peak)), 2);
  near(peak[2]!, 0.5, 2e-3);
  // Two standard deviations in frequency (1 / (2 pi sigma) cycles a frame) down: exp(-2).
  near(responseAt(gabor, 4 + (2 * 62.5) / (2 * Math.PI * 10), 62.5) / peak[2]!, Math.exp(-2), 5e-3);
  const edges = (filters: number): number[] => {
    const bands = adjoiningBands(filters, 0.5, 30.25, 'log');
    return [...bands.map(({ lowHz }) => lowHz), bands.at(-1)!.highHz];
  };
  for (const expected of [
    [0.5, 30.25],
    [0.5, 3.889, 30.25],
    [0.5, 1.963, 7.706, 30.25],
    [0.5, 1.394, 3.889, 10.846, 30.25],
  ])
    edges(expected.length - 1).forEach((edge, i) => near(edge, expected[i]!, 5e-4));
  assert.deepEqual(spaced(1, 3, 3, 'linear'), [1, 2, 3]);
  near(spaced(1, 9, 1, 'log')[0]!, 3, 1e-12);
});
