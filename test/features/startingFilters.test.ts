import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { designResampler, writeWav } from 'stm-lab/dist/audio';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  analysePlane,
  createStrfFeatureKernel,
  createTmnnFeatureKernel,
  describeFeatures,
  extractCorpus,
  strfFeatureAxes,
  tmnnFeatureAxes,
} from 'stm-lab/dist/features';
import { createLogMel, SPEECH_LOG_MEL } from 'stm-lab/dist/features/mel/logMel';
import { createPowerSpectrogram, PUBLISHED_ANALYSIS } from 'stm-lab/dist/features/spectrogram';
import { initialFilters } from 'stm-lab/dist/features/strf/initial';
import { createStrfLayer } from 'stm-lab/dist/strf';
import type { ParameterTensors } from 'stm-lab/dist/training';
import { createFrontEnd } from 'stm-lab/dist/tmnn/frontEnd';
import { createModulation } from 'stm-lab/dist/tmnn/modulation';
import { resolveTmnn } from 'stm-lab/dist/tmnn';
import { temporaryFolder } from '../pipeline/support';
import { noise, results, rowFor } from './corpus';

const RATE = 16000;
const asItIs = designResampler(RATE, RATE);
/** Noise whose loudness beats. */
const beating = (seconds: number, rateHz: number, depth = 0.9): Float32Array =>
  noise(3, seconds, RATE).map(
    (value, i) => 0.3 * value * (1 + depth * Math.sin((2 * Math.PI * rateHz * i) / RATE)),
  );
const means = (values: ArrayLike<number>, size: number): number[] =>
  Array.from({ length: values.length / size }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += values[i * size + j]! / size;
    return sum;
  });
/** For a layer without parameters. */
const NONE: ParameterTensors = () => {
  throw new Error('a frozen layer asks for no parameters');
};
const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, relative: number): void => {
  assert.equal(got.length, wanted.length);
  Array.from(wanted).forEach((value, i) =>
    assert.ok(
      Math.abs(got[i]! - value) <= relative * Math.abs(value) + 1e-9,
      `${i}: ${got[i]}, not ${value}`,
    ),
  );
};

test('starting STRFs: each response is that of the frozen layer, averaged over time', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const samples = beating(4, 5);
  const got = createStrfFeatureKernel().analyse(samples, 0.5, asItIs)!;
  const { values, bands, frames } = createLogMel(SPEECH_LOG_MEL).compute(samples);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const start = initialFilters(64, { seed: 1 }).slice(0, 5);
  const layer = createStrfLayer(engine, {
    variant: 'frozen',
    filters: 5,
    start,
    output: 'modulus',
    path: 'plain',
  });
  // (bands, frames, filters) to filters x bands x frames.
  const response = tf.tidy(() => {
    const x = tf.tensor3d(
      values.map((value) => value - mean),
      [1, bands, frames],
    );
    const maps = layer.apply(NONE, x);
    return tf.transpose(tf.squeeze(maps, [0]), [2, 0, 1]).dataSync();
  });
  layer.dispose();
  near(got.subarray(0, 5 * bands), means(response, frames), 2e-4);
  const averaged = createStrfFeatureKernel({ average: 'time-frequency' }).analyse(samples, 0.5, asItIs)!;
  near(averaged, means(got, bands), 1e-12);
});

test('starting TMNN filters: mean squares of what the layer makes of the mel decibels', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const samples = beating(4, 5);
  const got = (await createTmnnFeatureKernel()).analyse(samples, 1, asItIs)!;
  const spec = resolveTmnn({ frontEnd: { kind: 'mel' }, modulation: { filters: 3 }, outputs: 2 });
  const [frontEnd, modulation] = [createFrontEnd(engine, spec), createModulation(engine, spec)];
  const power = (await createPowerSpectrogram(PUBLISHED_ANALYSIS)).compute(samples);
  const bins = PUBLISHED_ANALYSIS.fftLength / 2 + 1;
  const squares = tf.tidy(() => {
    const p = ((name: string) => {
      const { start } = modulation.parameters.find((one) => one.name === name)!;
      assert.ok(start.kind === 'values');
      return tf.tensor1d(Float32Array.from(start.values));
    }) as unknown as ParameterTensors;
    const melPower = frontEnd.apply(p, tf.tensor3d(power, [1, power.length / bins, bins]));
    const decibels = tf.mul(tf.log(tf.maximum(melPower, 1e-10)), 10 / Math.LN10);
    const filtered = modulation.apply(p, tf.sub(decibels, tf.mean(decibels)));
    return tf.transpose(tf.mean(tf.square(filtered), 2), [0, 2, 1]).dataSync();
  });
  [frontEnd, modulation].forEach((layer) => layer.dispose());
  near(got, squares, 2e-3);
  const averaged = (await createTmnnFeatureKernel({ average: 'time-frequency' })).analyse(
    samples,
    1,
    asItIs,
  )!;
  near(averaged, means(got, 128), 1e-12);
});

test('TMNN filters: the one whose band has the rate answers most, whatever the level', async () => {
  const largestOf = (features: ArrayLike<number>): number => {
    const all = Array.from(features);
    return all.indexOf(Math.max(...all));
  };
  const kernel = await createTmnnFeatureKernel({ average: 'time-frequency' });
  const { passBandHz } = tmnnFeatureAxes({ average: 'time-frequency' });
  for (const [rateHz, filter] of [
    [1, 0],
    [4, 1],
    [16, 2],
  ] as const) {
    const samples = beating(4, rateHz, 0.5);
    const { features } = analysePlane(kernel, samples, RATE);
    const { lowHz, highHz } = passBandHz[filter]!;
    assert.ok(lowHz < rateHz && rateHz < highHz);
    // Noise fluctuates at all rates: what beating adds is compared.
    const still = analysePlane(kernel, beating(4, rateHz, 0), RATE);
    assert.equal(largestOf(features.map((value, i) => value - still.features[i]!)), filter, `${rateHz} Hz`);
    const quiet = analysePlane(
      kernel,
      samples.map((value) => value / 50),
      RATE,
    );
    near(quiet.features, features, 1e-3);
  }
});

test('shape and axes: filters x bands, or filters', () => {
  for (const [kind, filters, bands] of [
    ['strf', 64, 64],
    ['tmnn', 3, 128],
  ] as const) {
    const whole = describeFeatures(kind);
    const { features, average, bandHz } = whole.axes as Record<string, unknown> & { bandHz: number[] };
    assert.deepEqual(
      [whole.rowLength, features, average, bandHz.length],
      [filters * bands, kind, 'time', bands],
    );
    assert.ok(bandHz.every((hz, i) => hz > (bandHz[i - 1] ?? 0) && hz < 8000));
    const averaged = describeFeatures(kind, { average: 'time-frequency' });
    assert.deepEqual([averaged.rowLength, 'bandHz' in averaged.axes], [filters, false]);
  }
  const average = { average: 'time-frequency' } as const;
  const { features } = analysePlane(createStrfFeatureKernel(average), beating(4, 8), RATE);
  const axes = strfFeatureAxes(average);
  assert.deepEqual([features.length, axes.filters.length], [64, 64]);
  // The carrier of a filter in Hz and cycles per octave: within half the frame rate.
  assert.ok(axes.filters.every(({ rateHz }) => Math.abs(rateHz) <= 50));
});

for (const kind of ['strf', 'tmnn'] as const)
  test(`${kind} features: the same bytes from any number of workers, and resumed`, async () => {
    const folder = temporaryFolder(kind);
    const rows = [1, 2].map((seed) => {
      const file = path.join(folder, `${seed}.wav`);
      writeWav(file, noise(seed, 4.2, RATE), RATE);
      return rowFor(file, seed);
    });
    const parameters = { average: 'time-frequency' };
    const at = (name: string): string => path.join(folder, name);
    const run = (name: string, more: object = {}): ReturnType<typeof extractCorpus> =>
      extractCorpus({ rows, features: kind, parameters, outFolder: at(name), workers: 1, ...more });
    assert.equal((await run('whole')).accepted, 2);
    const stop = new AbortController();
    const onProgress = ({ filesDone }: { filesDone: number }): void =>
      filesDone > 0 ? stop.abort() : undefined;
    await assert.rejects(
      run('part', { signal: stop.signal, onProgress }),
      /extraction stopped; run it again/,
    );
    const resumed = await run('part', { workers: 2 });
    assert.ok(resumed.reused > 0, `${resumed.reused} reused`);
    assert.deepEqual(results(at('part')), results(at('whole')));
  });
