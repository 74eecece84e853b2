import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { before, test } from 'node:test';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import { maskedBinaryCrossEntropy, type ParameterTensors, weightedCrossEntropy } from 'stm-lab/dist/training';
import {
  classTargets,
  createCallNetwork,
  createSceneNetwork,
  createSpeakerNetwork,
  createSpeechNetwork,
  fitFrames,
  inverseFrequencyWeights,
  logMelScale,
  maskStripes,
  predictStrf,
  type SoundSet,
  standardise,
  type StrfDevelopment,
  type StrfNetwork,
  type StrfOptions,
  type StrfTraining,
  type TrainingRecord,
  trainStrf,
} from 'stm-lab/dist/strf';
import { createFront, type FrontOptions } from 'stm-lab/dist/strf/networks';
import { sha256 } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { countValues } from '../training/fixtures';
import { close } from './fixtures';

let engine: Engine;
before(async () => {
  engine = await loadEngine();
});

const counted = (network: StrfNetwork, prefix?: string): number => {
  network.dispose();
  return countValues(network.layout, prefix);
};

test('numbers of parameters at full size: the published counts', () => {
  const speech = createSpeechNetwork(engine);
  assert.equal(countValues(speech.layout, 'strf.'), 256);
  assert.equal(countValues(speech.layout, 'contraction.'), 524352);
  assert.equal(countValues(speech.layout, 'recurrent1'), 197632);
  assert.equal(countValues(speech.layout, 'recurrent2'), 263168);
  assert.equal(counted(speech), 990658);
  const speaker = createSpeakerNetwork(engine, { speakers: 10 });
  const trunk = countValues(speaker.layout, 'frame') + countValues(speaker.layout, 'embedding');
  assert.equal(trunk, 4310456);
  speaker.dispose();
  const plain = createSpeakerNetwork(engine, { speakers: 10, form: 'plain' });
  assert.equal(countValues(plain.layout, 'frame') + countValues(plain.layout, 'embedding'), 4306908);
  plain.dispose();
  const scene = createSceneNetwork(engine, { tags: 31 });
  assert.equal(countValues(scene.layout) - countValues(scene.layout, 'strf.'), 5037983);
  scene.dispose();
  assert.equal(counted(createSceneNetwork(engine, { tags: 31, strf: { variant: 'pass' } })), 4964831);
  const real = createSceneNetwork(engine, { tags: 31, strf: { variant: 'frozen', output: 'real' } });
  assert.equal(counted(real), 5001119);
  const modulus = createFront(engine, { strf: { output: 'modulus' } });
  assert.equal(
    modulus.parameters
      .filter(({ name }) => name.startsWith('contraction'))
      .reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0),
    262208,
  );
  modulus.dispose();
  // PyanNet's trunk: directions side by side, so that the second memory and the first tanh layer read 256.
  const pyannet = createSpeechNetwork(engine, { merge: 'concat', dense: [128, 128] });
  assert.equal(countValues(pyannet.layout, 'recurrent2'), 2 * 4 * 128 * (256 + 128 + 1));
  assert.equal(countValues(pyannet.layout, 'dense1'), 257 * 128);
  pyannet.dispose();
});

const REDUCED: StrfOptions = { filters: 16, shape: { frequencyTaps: 9, timeTaps: 51 } };

test('numbers of parameters of the reduced configuration', () => {
  const front = { bands: 32, contraction: 32, strf: REDUCED };
  assert.equal(counted(createSpeechNetwork(engine, { ...front, recurrent: [32, 32] })), 68322);
  const stages = [
    { outputs: 64, taps: 5 },
    { outputs: 64, taps: 3, dilation: 2 },
    { outputs: 64, taps: 3, dilation: 3 },
    { outputs: 64, taps: 1 },
    { outputs: 128, taps: 1 },
  ];
  const speaker = createSpeakerNetwork(engine, {
    ...front,
    speakers: 6,
    stages,
    embedding: 64,
    form: 'plain',
  });
  assert.equal(countValues(speaker.layout, 'speakers'), 6 * 64);
  assert.equal(counted(speaker), 96800 + 6 * 64);
});

const XS: StrfOptions = { filters: 4, shape: { frequencyTaps: 5, timeTaps: 15 } };
const front = { bands: 16, contraction: 8, strf: XS };
const build: Record<string, (strf?: StrfOptions) => StrfNetwork> = {
  speech: (strf = XS) => createSpeechNetwork(engine, { ...front, strf, recurrent: [6], dense: [5] }),
  speaker: (strf = XS) =>
    createSpeakerNetwork(engine, {
      ...front,
      strf,
      speakers: 2,
      stages: [{ outputs: 8, taps: 3, dilation: 2 }],
      embedding: 6,
    }),
  call: (strf = XS) => createCallNetwork(engine, { ...front, strf, classes: 2, recurrent: 6, dense: 5 }),
  scene: (strf = XS) =>
    createSceneNetwork(engine, {
      tags: 2,
      bands: 16,
      strf,
      blocks: [4, 6],
      dense: 8,
      dropout: { block: 0.1, dense: 0.1 },
    }),
};

/** Two kinds of sound: ripples that differ in direction. */
function ripples(network: Pick<StrfNetwork, 'targetsPer'>, rows = 8): SoundSet {
  const state = randomState(7);
  const values = Float32Array.from({ length: rows * 16 * 40 }, (_, i) => {
    const [row, m, t] = [Math.floor(i / 640), Math.floor(i / 40) % 16, i % 40];
    return Math.cos(2 * Math.PI * ((row % 2 ? 1 : -1) * 0.1 * t + 0.15 * m) + row) + 0.3 * state.normal();
  });
  const frames = network.targetsPer === 'frame' ? 40 : 1;
  const labels = Array.from({ length: rows * frames }, (_, i) => Math.floor(i / frames) % 2);
  return { values, rows, bands: 16, frames: 40, targets: classTargets(labels, 2), targetSize: 2 * frames };
}

for (const [name, make] of Object.entries(build))
  test(`${name} network: the loss of a fixed batch falls, all four kinds of filter number move, nothing leaks`, async () => {
    const before = engine.tf.memory().numTensors;
    const network = make();
    const data = ripples(network);
    const training = { steps: 12, batch: 8, learningRate: 0.01, recordEvery: 4, seed: 2 };
    const trained = await trainStrf(engine, network, data, training);
    assert.deepEqual(
      trained.records.map(({ step }) => step),
      [0, 4, 8, 12],
    );
    assert.ok(trained.records[3]!.loss < 0.9 * trained.records[0]!.loss);
    const [first, last] = [trained.records[0]!.filters, trained.records[3]!.filters];
    for (const key of ['carrier', 'angle', 'sigmaFrequency', 'sigmaTime'] as const)
      assert.ok(
        first.some((filter, k) => Math.abs(filter[key] - last[k]![key]) > 1e-4),
        key,
      );
    const { probabilities, embeddings } = await predictStrf(engine, network, trained, data, { batch: 3 });
    assert.equal(probabilities.length, data.targets.length);
    assert.equal(embeddings.length, name === 'speaker' ? 8 * 6 : 0);
    const { probabilities: whole } = await predictStrf(engine, network, trained, data);
    probabilities.forEach((p, i) => close(p, whole[i]!, 2e-6));
    network.dispose();
    assert.equal(engine.tf.memory().numTensors, before);
  });

test('behind the filters: maps are dropped whole in training alone, the spectrogram is appended', () => {
  const { tf } = engine;
  const before = tf.memory().numTensors;
  const x = tf.randomNormal([3, 16, 20], 0, 1, 'float32', 5) as Tensor3D;
  const options = { ...front, strf: { ...XS, variant: 'frozen', output: 'modulus' } } as const;
  const columns = (more: FrontOptions, seed?: number): Tensor2D =>
    tf.tidy(() => {
      const made = createFront(engine, { ...options, ...more });
      // Each of the 8 numbers is the sum of one map over bands; the other maps go to number 0.
      const kernel = tf.buffer([4 * 16, 8]);
      for (let row = 0; row < 64; row++) kernel.set(1, row, Math.floor(row / 16));
      const values: Record<string, Tensor> = {
        'contraction.kernel': kernel.toTensor(),
        'contraction.bias': tf.zeros([8]),
      };
      const found = made.columns(((name: string) => values[name]!) as ParameterTensors, x, seed);
      assert.equal(found.shape[0], made.width);
      made.dispose();
      return found;
    });
  const [whole, evaluated, trained, again, other] = [
    columns({}),
    columns({ mapDropout: 0.5 }),
    columns({ mapDropout: 0.5 }, 3),
    columns({ mapDropout: 0.5 }, 3),
    columns({ mapDropout: 0.5 }, 4),
  ];
  assert.deepEqual(evaluated.arraySync(), whole.arraySync());
  assert.deepEqual(again.arraySync(), trained.arraySync());
  assert.notDeepEqual(other.arraySync(), trained.arraySync());
  const [all, some] = [whole, trained].map((tensor) => tensor.arraySync());
  let dropped = 0;
  for (let map = 0; map < 4; map++)
    for (let example = 0; example < 3; example++) {
      const frames = Array.from({ length: 20 }, (_, t) => 20 * example + t);
      const gone = some![map]![20 * example] === 0;
      dropped += gone ? 1 : 0;
      for (const t of frames) close(some![map]![t]!, gone ? 0 : 2 * all![map]![t]!, 1e-4);
    }
  assert.ok(dropped > 0 && dropped < 12, `${dropped} of 12 maps dropped`);
  const appended = columns({ appendSpectrogram: true });
  assert.deepEqual(appended.shape, [8 + 16, 60]);
  const [filtered, passed] = tf.tidy(() => tf.split(appended, [8, 16], 0).map((part) => part.arraySync()));
  assert.deepEqual(filtered, whole.arraySync());
  assert.deepEqual(
    passed,
    tf.tidy(() => tf.reshape(tf.transpose(x, [1, 0, 2]), [16, 60]).arraySync()),
  );
  [x, whole, evaluated, trained, again, other, appended].forEach((tensor) => tensor.dispose());
  assert.equal(tf.memory().numTensors, before);
  assert.throws(() => createFront(engine, { mapDropout: 1 }), /mapDropout 1 must lie in 0 \.\. <1/);
});

test('cepstral coefficients: an orthonormal cosine transform over bands; no scene network has them', () => {
  const { tf } = engine;
  tf.tidy(() => {
    const x = tf.randomNormal([2, 12, 5], 0, 1, 'float32', 6) as Tensor3D;
    const made = createFront(engine, { bands: 12, strf: { variant: 'mfcc' } });
    assert.deepEqual([made.width, made.parameters.length, made.layer.count], [12, 0, 0]);
    const found = made.columns((() => tf.scalar(0)) as unknown as ParameterTensors, x);
    // As many coefficients as bands: lengths are kept; the first is the mean times the root of the bands.
    const lengths = (tensor: Tensor, axis: number): ArrayLike<number> =>
      tf.sum(tf.square(tensor), axis).dataSync();
    const [a, b] = [lengths(found, 0), lengths(x, 1)];
    for (let i = 0; i < 10; i++) close(a[i]!, b[i]!, 1e-4);
    const means = tf.mul(tf.mean(x, 1), Math.sqrt(12)).dataSync();
    for (let i = 0; i < 10; i++) close(found.dataSync()[i]!, means[i]!, 1e-5);
    made.dispose();
    const wide = createFront(engine, { strf: { variant: 'mfcc' } });
    assert.equal(wide.width, 20);
    wide.dispose();
  });
  assert.throws(() => createSceneNetwork(engine, { tags: 2, strf: { variant: 'mfcc' } }), /mfcc is one of/);
});

for (const variant of ['frozen', 'fixed', 'free', 'pass', 'mfcc'] as const)
  test(`control ${variant} trains in every network`, async () => {
    for (const [name, make] of Object.entries(build)) {
      if (variant === 'mfcc' && name === 'scene') continue;
      const network = make({ ...XS, variant });
      const data = ripples(network);
      const { records, values } = await trainStrf(engine, network, data, { steps: 2, batch: 4 });
      assert.ok(Number.isFinite(records.at(-1)!.loss) && values.length === network.layout.size);
      assert.deepEqual(records[0]!.filters, records.at(-1)!.filters);
      network.dispose();
    }
  });

test('a training that was stopped continues to the same values, buffers included', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-'));
  const network = build['scene']!();
  const data = ripples(network);
  const training = { steps: 6, batch: 4, recordEvery: 2, seed: 3 };
  const whole = await trainStrf(engine, network, data, training);
  const stop = new AbortController();
  const checkpoint = { folder, identity: 'one' };
  await assert.rejects(
    trainStrf(engine, network, data, training, {
      checkpoint,
      signal: stop.signal,
      onRecord: ({ step }) => {
        if (step === 2) stop.abort();
      },
    }),
    /training stopped/,
  );
  const resumed = await trainStrf(engine, network, data, training, { checkpoint });
  assert.deepEqual(resumed, whole);
  await assert.rejects(
    trainStrf(engine, network, data, training, { checkpoint: { folder, identity: 'two' } }),
    /belongs to a training with another network/,
  );
  const other = await trainStrf(engine, network, data, { ...training, seed: 4 });
  assert.notDeepEqual(other.values, whole.values);
  network.dispose();
  fs.rmSync(folder, { recursive: true });
});

test('the best record is kept, patience ends a training, and both continue alike after a stop', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-best-'));
  const network = build['scene']!();
  const data = ripples(network);
  const training = { steps: 20, batch: 4, recordEvery: 2, seed: 3 };
  const scores = [0.1, 0.9, 0.3, 0.2, 0.95];
  // Told by the values which record it is: also in a process that resumes it.
  const seen: string[] = [];
  const development: StrfDevelopment = {
    direction: 'maximise',
    value: async ({ values }) => {
      const name = sha256([...values]);
      if (!seen.includes(name)) seen.push(name);
      return Promise.resolve(scores[seen.indexOf(name)]!);
    },
  };
  const best = { ...training, epoch: 'best', patience: 2 } as const;
  const whole = await trainStrf(engine, network, data, best, { development });
  assert.deepEqual([whole.step, whole.records.at(-1)!.step], [4, 8]);
  assert.deepEqual(
    whole.records.map(({ chosen }) => chosen === true),
    [false, false, true, false, false],
  );
  const short = await trainStrf(engine, network, data, { ...training, steps: 4 });
  assert.deepEqual([whole.values, whole.buffers], [short.values, short.buffers]);
  assert.deepEqual(
    whole.records.map((record) => record.development),
    [undefined, 0.1, 0.9, 0.3, 0.2],
  );
  const patient = await trainStrf(
    engine,
    network,
    data,
    { ...best, steps: 10, patience: 3 },
    { development },
  );
  assert.deepEqual([patient.step, patient.records.at(-1)!.step], [10, 10]);
  const lowest = { development: { ...development, direction: 'minimise' } } as const;
  assert.equal((await trainStrf(engine, network, data, { ...best, steps: 10 }, lowest)).step, 2);
  const stop = new AbortController();
  const checkpoint = { folder, identity: 'best' };
  const onRecord = ({ step }: TrainingRecord): void => {
    if (step === 6) stop.abort();
  };
  await assert.rejects(
    trainStrf(engine, network, data, best, { development, checkpoint, signal: stop.signal, onRecord }),
    /training stopped/,
  );
  assert.deepEqual(await trainStrf(engine, network, data, best, { development, checkpoint }), whole);
  await assert.rejects(trainStrf(engine, network, data, best), /no development part/);
  await assert.rejects(trainStrf(engine, network, data, { patience: 2 }), /patience is 2: it needs/);
  network.dispose();
  fs.rmSync(folder, { recursive: true });
});

test('a schedule reaches the updates: the first of a cycle from 0 moves nothing', async () => {
  const network = build['call']!();
  const data = ripples(network);
  const values = async (steps: number, schedule?: StrfTraining['schedule']): Promise<Float32Array> => {
    const given = { steps, batch: 4, ...(schedule === undefined ? {} : { schedule }) };
    return (await trainStrf(engine, network, data, given)).values;
  };
  const cyclic = { schedule: 'cyclic', cycleUpdates: 4 } as const;
  const start = await values(0);
  assert.deepEqual(await values(1, cyclic), start);
  assert.notDeepEqual(await values(1), start);
  assert.notDeepEqual(await values(2, cyclic), start);
  await assert.rejects(values(1, { schedule: 'cyclic' }), /training option cycleUpdates/);
  network.dispose();
});

test('losses: weights of classes, rows and tags that are not known', () => {
  const { tf } = engine;
  tf.tidy(() => {
    const logits = tf.tensor2d([2, 0, 0, 1, 5, 5], [3, 2]);
    const p = [Math.log(1 + Math.exp(-2)), Math.log(1 + Math.exp(-1))] as const;
    const weighted = weightedCrossEntropy(engine, logits, tf.tensor2d([3, 0, 0, 1, 0, 0], [3, 2]));
    close(weighted.dataSync()[0]!, (3 * p[0] + p[1]) / 4, 1e-6);
    const tags = maskedBinaryCrossEntropy(engine, logits, tf.tensor2d([1, -1, -1, 0, -1, -1], [3, 2]));
    close(tags.dataSync()[0]!, (p[0] + Math.log(1 + Math.exp(1))) / 2, 1e-6);
  });
  assert.deepEqual([...inverseFrequencyWeights([0, 0, 0, 1], 3)], [Math.fround(2 / 3), 2, 0]);
});

test('spectrograms: scale from what is there, fitted around the middle, stripes of limited width', () => {
  const fitted = fitFrames(Float32Array.of(1, 2, 3, 4), 2, 5);
  assert.deepEqual([...fitted], [NaN, 1, 2, NaN, NaN, NaN, 3, 4, NaN, NaN]);
  assert.deepEqual([...fitFrames(Float32Array.of(1, 2, 3, 4, 5), 1, 3)], [2, 3, 4]);
  const scale = logMelScale(fitted);
  assert.deepEqual(logMelScale(Float32Array.of(3, 5), 'raw'), { mean: 0, deviation: 1 });
  close(scale.mean, 2.5, 1e-12);
  close(scale.deviation, Math.sqrt(1.25), 1e-12);
  close(standardise(fitted, scale)[0]!, 0, 0);
  close(standardise(fitted, scale)[1]!, -1.5 / Math.sqrt(1.25), 1e-6);
  const state = randomState(1);
  const masked = new Float32Array(16 * 40).fill(1);
  maskStripes(masked, { bands: 16, frames: 40 }, () => state.double(), { stripes: 1, frames: 5, bands: 3 });
  const silent = masked.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
  assert.ok(silent <= 4 * 16 + 2 * 40);
});
