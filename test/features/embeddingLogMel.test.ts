import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { omit } from 'stm-lab/dist/base/omit';
import { readNpy } from 'stm-lab/dist/base/npy';
import type { EmbeddingDescription, EmbeddingLogMel } from 'stm-lab/dist/features/embedding';
import { createEmbeddingLogMel } from 'stm-lab/dist/features/embedding/logMel';
import { embeddingMelBank } from 'stm-lab/dist/features/embedding/melBank';
import { melFilterBank } from 'stm-lab/dist/features/mel';
import { htkMelBank } from 'stm-lab/dist/features/mel/htkBank';
import { findEmbeddingModel } from 'stm-lab/dist/pipeline';
import { excerptOf, goldenFolder, maxError, readMusicnnGolden } from './shared';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-log-mel-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const golden = readMusicnnGolden();
const preset = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', '..', 'experiments', 'embeddings', 'musicnn.json'), 'utf8'),
) as EmbeddingDescription;

test('the front end of musicnn is the spectrogram of its package, ends of the signal included', async () => {
  const { shape, data } = readNpy(path.join(goldenFolder('musicnn'), 'log_mel.npy'));
  assert.deepEqual(shape, [golden.sounds.length, golden.frames.length, 96]);
  const logMel = createEmbeddingLogMel(16000, preset.frontEnd as EmbeddingLogMel);
  for (const [s, sound] of golden.sounds.entries()) {
    const values = logMel(await excerptOf(sound, 16000));
    assert.equal(values.length, 251 * 96);
    const chosen = golden.frames.flatMap((frame) => [...values.subarray(96 * frame, 96 * (frame + 1))]);
    const size = chosen.length;
    assert.ok(maxError(chosen, Array.from(data.slice(s * size, (s + 1) * size), Number)) <= 1e-4);
  }
});

const signal = Float32Array.from(
  { length: 1000 },
  (_, i) => Math.sin(0.0004 * i * i) + 0.3 * Math.cos(0.7 * i),
);
const short: EmbeddingLogMel = {
  ...{ frame: 256, step: 100, fftLength: 256, bands: 6, lowestHz: 100, highestHz: 6000 },
  ...{ spectrum: 'power', hann: 'periodic', triangles: 'hz', compression: 'none' },
};
const relative = (actual: Float32Array, expected: readonly number[]): number => {
  const largest = Math.max(...expected);
  return maxError(
    actual.map((value) => value / largest),
    expected.map((value) => value / largest),
  );
};

test("scales, bands and centring are librosa's, each at its default and at another value", () => {
  const variants: Record<string, Partial<EmbeddingLogMel>> = {
    'slaney area mirrored': { melScale: 'slaney', bandGain: 'area', frames: 'centred' },
    'slaney area zeros': { melScale: 'slaney', bandGain: 'area', frames: 'centred', ends: 'zeros' },
    'slaney height inside': { melScale: 'slaney' },
    'htk area inside': { bandGain: 'area' },
    'htk height mirrored': { frames: 'centred', ends: 'mirrored' },
  };
  assert.deepEqual(Object.keys(variants), Object.keys(golden.librosa));
  for (const [name, own] of Object.entries(variants)) {
    const values = createEmbeddingLogMel(16000, { ...short, ...own })(signal);
    const difference = relative(values, golden.librosa[name]!);
    assert.ok(difference <= 1e-6, `${name}: ${difference}`);
  }
});

test('the bank is the one of the other front ends where they have the same', () => {
  const common = { fftLength: 512, bands: 40, lowestHz: 0, highestHz: 8000, triangles: 'hz' } as const;
  const slaney = embeddingMelBank(16000, { ...common, melScale: 'slaney', bandGain: 'area' });
  const expected = new Float64Array(slaney.length);
  melFilterBank(16000, 512, 40).bands.forEach(({ firstBin, weights }, band) =>
    expected.set(weights, band * 257 + firstBin),
  );
  assert.ok(maxError(slaney, expected) <= 1e-12);
  const htk = embeddingMelBank(16000, common);
  const { weights } = htkMelBank(16000, 512, 40);
  assert.ok(
    htk.every((value, i) => Math.abs(value - weights[(i % 257) * 40 + Math.floor(i / 257)]!) <= 1e-12),
  );
  // By default the sides are straight in mel: higher than straight in Hz on the rising side of a band, where mel bends.
  const curved = embeddingMelBank(16000, omit(common, 'triangles'));
  assert.ok(maxError(curved, htk) > 0.005);
});

test('bands are compressed as f(max(value * gain, floor) + offset)', () => {
  const plain = createEmbeddingLogMel(16000, short)(signal);
  const untold = omit(short, 'compression');
  const compressed = (own: Partial<EmbeddingLogMel>): Float32Array =>
    createEmbeddingLogMel(16000, { ...untold, ...own })(signal);
  const expect = (own: Partial<EmbeddingLogMel>, f: (value: number) => number): void =>
    assert.ok(maxError(compressed(own), plain.map(f)) <= 1e-5, JSON.stringify(own));
  expect({ compression: 'log' }, Math.log);
  expect({}, Math.log);
  expect({ compression: 'log10' }, Math.log10);
  expect({ compression: 'log10', gain: 10000, offset: 1 }, (value) => Math.log10(1 + 10000 * value));
  const middle = plain.slice().sort()[plain.length / 2]!;
  expect({ compression: 'log', gain: 2, floor: middle, offset: 0.5 }, (value) =>
    Math.log(Math.max(2 * value, middle) + 0.5),
  );
  assert.ok(plain.some((value) => 2 * value < middle));
});

test('centred frames of a signal shorter than half a frame: its mirror image turns back again', () => {
  const at = (position: number): number => [1, 5, 2][[0, 1, 2, 1][((position % 4) + 4) % 4]!]!;
  const centred = createEmbeddingLogMel(16000, { ...short, frames: 'centred' })(Float32Array.of(1, 5, 2));
  const inside = createEmbeddingLogMel(
    16000,
    short,
  )(Float32Array.from({ length: 256 }, (_, i) => at(i - 128)));
  assert.deepEqual([...centred], [...inside]);
});

test('a wrong value in a description is refused in one sentence that names it', () => {
  fs.copyFileSync(path.join(goldenFolder('embedding'), 'bands.onnx'), path.join(folder, 'bands.onnx'));
  const refuses = (own: object, message: RegExp): void => {
    const frontEnd = { ...preset.frontEnd, ...own };
    const description = { ...omit(preset, 'sha256', 'output'), name: 'bands', frontEnd };
    fs.writeFileSync(path.join(folder, 'bands.json'), JSON.stringify(description));
    assert.throws(() => findEmbeddingModel(path.join(folder, 'bands.onnx')), message);
  };
  refuses({ melScale: 'bark' }, /bands\.json: frontEnd\.melScale must be one of htk, slaney$/);
  refuses({ triangles: 'erb' }, /frontEnd\.triangles must be one of mel, hz$/);
  refuses({ bandGain: 'energy' }, /frontEnd\.bandGain must be one of height, area$/);
  refuses({ frames: 'padded' }, /frontEnd\.frames must be one of inside, centred$/);
  refuses({ ends: 'reflect' }, /frontEnd\.ends must be one of mirrored, zeros$/);
  refuses({ compression: 'ln' }, /frontEnd\.compression must be one of log, log10, none$/);
  refuses({ gain: 0 }, /frontEnd\.gain must be > 0$/);
  refuses(
    { frames: 'inside' },
    /frontEnd\.ends says what centred frames hear beyond the signal; give frames "centred"/,
  );
  refuses({ lowestHz: 8000 }, /frontEnd\.highestHz \(8000\) must be above frontEnd\.lowestHz \(8000\)$/);
});
