import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { designResampler, resample, resampledLength } from 'stm-lab/dist/audio';
import { readJson } from 'research-basics/files';

interface Case {
  rate: number;
  length: number;
  outputs: number;
  at: number[];
  values: number[];
}

test('resampling equals scipy.signal.resample_poly', () => {
  const { cases } = readJson<{ cases: Case[] }>(
    path.resolve(__dirname, '..', 'golden', 'audio', 'resampled.json'),
  );
  assert.equal(cases.length, 8);
  for (const { rate, length, outputs, at, values } of cases) {
    const samples = Float32Array.from(
      { length },
      (_, i) => Math.sin((0.07 * i * i) % 7) + 0.3 * Math.cos(1.3 * i),
    );
    const result = resample(samples, designResampler(rate, 16000));
    assert.equal(result.length, outputs, `${rate} Hz`);
    at.forEach((index, k) => {
      assert.ok(Math.abs(result[index]! - values[k]!) < 1e-6, `${rate} Hz, sample ${index}`);
    });
  }
});

test('a constant keeps its level and the delay is compensated', () => {
  for (const [from, to] of [
    [44100, 16000],
    [8000, 16000],
    [16000, 11025],
  ] as const) {
    const resampler = designResampler(from, to);
    const flat = resample(new Float32Array(from).fill(1), resampler);
    assert.equal(flat.length, resampledLength(resampler, from));
    assert.ok(Math.abs(flat[Math.floor(to / 2)]! - 1) < 1e-3);
    const slow = Float32Array.from({ length: from }, (_, i) => Math.sin((2 * Math.PI * 50 * i) / from));
    const result = resample(slow, resampler);
    const middle = Math.floor(to / 2);
    assert.ok(Math.abs(result[middle]! - Math.sin((2 * Math.PI * 50 * middle) / to)) < 1e-3);
  }
});

test('a resampler is designed once while it is in use', () => {
  const first = designResampler(44100, 16000);
  for (let i = 0; i < 20; i++) {
    assert.equal(designResampler(44100, 16000), first);
    designResampler(8000 + i, 16000);
  }
  for (let i = 0; i < 20; i++) designResampler(9000 + i, 16000);
  const again = designResampler(44100, 16000);
  assert.notEqual(again, first, 'few are held');
  assert.deepEqual(again, first);
});

test('unusable rates are refused', () => {
  for (const rate of [0, -1, 1.5, NaN])
    assert.throws(() => designResampler(rate, 16000), /must be a positive integer/);
});
