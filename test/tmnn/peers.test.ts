import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { loadEngine } from 'stm-lab/dist/engine';
import { readTmnnExperiment, type TmnnExperiment, tmnnStudyStage } from 'stm-lab/dist/pipeline';
import { createTrainer, inputWidth, resolveTmnn, sampleSource, type TmnnOptions } from 'stm-lab/dist/tmnn';
import { filterState } from 'stm-lab/dist/tmnn/filterState';
import { createFrontEnd } from 'stm-lab/dist/tmnn/frontEnd';
import { createTmnn } from 'stm-lab/dist/tmnn/network';
import { systemSpec } from 'stm-lab/dist/tmnn/stage/experiment';
import { createBuffers, createLayout, initialValues, unpack } from 'stm-lab/dist/training';
import { fastDoubles, fastNormals } from 'stm-lab/dist/training/random';
import { cacheSound } from 'stm-lab/dist/audio/soundCache';
import { inTidy } from './noise';

const SAMPLES: Pick<TmnnOptions, 'frontEnd' | 'backEnd' | 'modulation'> = {
  frontEnd: { kind: 'waveform' },
  backEnd: { kind: 'samples' },
  modulation: { filters: 0 },
};

test('parameter counts of SampleCNN and of the network on sinc filters', async () => {
  const engine = await loadEngine();
  const count = (options: TmnnOptions): number => {
    const network = createTmnn(engine, resolveTmnn(options));
    network.dispose();
    return network.layout.size;
  };
  // Convolutions (3 in out + out), their normalisations (2 out), and 512 x 50 + 50.
  const layers = [768, 49536, 49536, 99072, ...Array<number>(5).fill(197376), 394752, 263680, 25650];
  assert.equal(
    count({ ...SAMPLES, outputs: 50 }),
    layers.reduce((a, b) => a + b, 0),
  );
  // The mel network's 3,625,780 and two edges a filter; with one modulation filter and its normalisation 1156 more.
  const sinc = { kind: 'sinc' } as const;
  assert.equal(count({ frontEnd: sinc, modulation: { filters: 0 }, outputs: 50 }), 3625780 + 2 * 128);
  assert.equal(count({ frontEnd: sinc, outputs: 50 }), 3626934 + 2 + 2 * 128);
  assert.equal(
    count({
      frontEnd: { ...sinc, filters: 40, taps: 101, stride: 8 },
      modulation: { filters: 0 },
      outputs: 50,
    }),
    3625780 + 80,
  );
});

test('SampleCNN sees every third sample in the middle of a run, and pools 59049 samples to one value', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const network = createTmnn(
    engine,
    resolveTmnn({ ...SAMPLES, backEnd: { kind: 'samples', width: 1 }, outputs: 1, dropout: 0 }),
  );
  // Every convolution hands on the middle of its first channel, and the last layer its first number.
  const values = new Float32Array(network.layout.size);
  for (const { name, shape } of network.layout.parameters) {
    const { from } = network.layout.range(name);
    if (name.endsWith('gamma')) values.fill(1, from, from + shape[0]!);
    if (name === 'fc2.kernel') values[from] = 1;
    if (!name.endsWith('conv.kernel')) continue;
    const [, taps, inputs, outputs] = shape as [number, number, number, number];
    values[from + (inputs === 3 ? 1 : ((taps - 1) / 2) * inputs * outputs)] = 1;
  }
  const answer = (at: number, length: number): number =>
    inTidy(engine, () => {
      const x = new Float32Array(length);
      x[at] = 2;
      const buffers = createBuffers(engine, network.buffers);
      const p = unpack(engine, network.layout, tf.tensor1d(values));
      const logit = network.logits(p, buffers, tf.tensor3d(x, [1, length, 1]), 'evaluate', 1).dataSync()[0]!;
      buffers.dispose();
      return logit;
    });
  // Eleven normalisations by a running variance of 1.
  const kept = 2 / Math.sqrt(1 + 1e-5) ** 11;
  for (const at of [0, 3, 29523, 59046]) assert.ok(Math.abs(answer(at, 59049) - kept) < 1e-5, `${at}`);
  for (const at of [1, 2, 59047, 59048]) assert.equal(answer(at, 59049), 0);
  // A second of 16 kHz, and a few samples: pools are as long as there is.
  assert.ok(Math.abs(answer(8001, 16000) - kept) < 1e-5);
  assert.ok(Math.abs(answer(3, 4) - kept) < 1e-5);
  network.dispose();
});

test('sinc filters give the power of a tone in its band, and nothing far from it', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const spec = resolveTmnn({ frontEnd: { kind: 'sinc', filters: 20 }, outputs: 2 });
  const frontEnd = createFrontEnd(engine, spec);
  const layout = createLayout(frontEnd.parameters);
  inTidy(engine, () => {
    const p = unpack(engine, layout, tf.tensor1d(initialValues(layout, 1)));
    const edges = frontEnd.edges!(p);
    const [low, high] = [edges.low.dataSync(), edges.high.dataSync()];
    // The widest band's middle, so that the tone lies far from its edges.
    const band = 18;
    const hz = (low[band]! + high[band]!) / 2;
    const tone = Float32Array.from(
      { length: 5000 },
      (_, i) => 0.3 * Math.sin((2 * Math.PI * hz * i) / 16000),
    );
    const power = frontEnd.apply(p, tf.tensor3d(tone, [1, 5000, 1]));
    assert.deepEqual(power.shape, [1, 20, Math.floor(5000 / 256), 1]);
    const at = (b: number, frame: number): number => power.arraySync()[0]![b]![frame]![0]!;
    // Amplitude 0.3: power 0.045.
    assert.ok(Math.abs(at(band, 9) - 0.045) < 1e-3, `${at(band, 9)}`);
    for (const other of [0, 5, 10, 14]) assert.ok(at(other, 9) < 1e-5 * 0.045, `${other}: ${at(other, 9)}`);
  });
  frontEnd.dispose();
});

/** Tones around 500 or 1500 Hz in noise, 1536 samples each. */
function tones(seed: number, count: number): { power: Float32Array; labels: Float32Array } {
  const [next, normal] = [fastDoubles(seed, 'tone'), fastNormals(seed, 'noise')];
  const power = new Float32Array(count * 1536);
  const labels = new Float32Array(count * 2);
  for (let clip = 0; clip < count; clip++) {
    labels[2 * clip + (clip % 2)] = 1;
    const hz = (clip % 2 === 0 ? 500 : 1500) * (0.9 + 0.2 * next());
    const phase = 2 * Math.PI * next();
    for (let i = 0; i < 1536; i++)
      power[clip * 1536 + i] = 0.3 * Math.sin((2 * Math.PI * hz * i) / 16000 + phase) + 0.1 * normal();
  }
  return { power, labels };
}

test('both learn to tell two tones apart, and the sinc filters move', async () => {
  const engine = await loadEngine();
  const systems: TmnnOptions[] = [
    { ...SAMPLES, backEnd: { kind: 'samples', width: 4 }, outputs: 2, dropout: 0 },
    {
      frontEnd: { kind: 'sinc', filters: 12, taps: 101, stride: 8 },
      modulation: { filters: 0 },
      backEnd: { kind: 'frames', width: 8 },
      rates: { centres: 100 },
      outputs: 2,
      dropout: 0,
    },
  ];
  for (const options of systems) {
    const spec = resolveTmnn(options);
    assert.equal(inputWidth(spec), 1);
    const before = engine.tf.memory().numTensors;
    const trainer = createTrainer(engine, spec, 'classes', { rule: { kind: 'adam' } }, { seed: 1 });
    const first = filterState(engine, trainer);
    for (let step = 0; step < 60; step++)
      trainer.step({ rows: 16, frames: 1536, ...tones(step + 1, 16) }, 0.01, step + 1);
    const { power, labels } = tones(1000, 40);
    const logits = trainer.logits(power, 40, 1536);
    const right = Array.from({ length: 40 }, (_, clip) => clip).filter(
      (clip) => logits[2 * clip]! > logits[2 * clip + 1]! === (labels[2 * clip] === 1),
    ).length;
    assert.ok(right >= 36, `${spec.frontEnd.kind}: ${right} of 40`);
    const { edgesHz, q } = filterState(engine, trainer);
    assert.equal(q, undefined);
    assert.equal(edgesHz === undefined, spec.frontEnd.kind === 'waveform');
    edgesHz?.forEach(([low, high], f) => assert.ok(low >= 50 && high >= low + 50 && high <= 8000, `${f}`));
    if (edgesHz !== undefined) assert.notDeepEqual(edgesHz, first.edgesHz);
    trainer.dispose();
    assert.equal(engine.tf.memory().numTensors, before);
  }
});

test('a study of spectrograms and waveforms: short clips lie where asked, a broken file is named once', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-peers-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const lines = ['path,label,group'];
  for (let source = 0; source < 4; source++)
    for (const [kind, hz] of [
      ['tief', 300],
      ['hoch', 2000],
    ] as const) {
      // prettier-ignore
      const samples = Float32Array.from({ length: 3000 + 100 * source }, (_, i) =>
        i === 0 ? 0.5 : 0.3 * Math.sin((2 * Math.PI * hz * i) / 16000),
      );
      writeWav(path.join(folder, `${kind}-${source}.wav`), samples, 16000);
      lines.push(`${kind}-${source}.wav,${kind},source ${source}`);
    }
  fs.writeFileSync(path.join(folder, 'broken.wav'), 'no sound');
  const root = path.join(folder, 'manifest.csv');
  fs.writeFileSync(root, `${[...lines, 'broken.wav,tief,source 0'].join('\n')}\n`);

  const sound = await cacheSound(path.join(folder, 'sounds'), path.join(folder, 'tief-0.wav'), 16000);
  const middle = sampleSource([sound], 3100, 'spectrograms');
  assert.deepEqual([middle.bins, middle.frames(0), middle.waveform], [1, 3100, undefined]);
  const target = new Float32Array(3100);
  middle.read(0, 0, 3100, target);
  assert.equal(
    target.findIndex((value) => value !== 0),
    50,
  );
  const anywhere = sampleSource([sound], 3100, 'waveforms');
  anywhere.read(0, -80, 3100, target);
  assert.equal(
    target.findIndex((value) => value !== 0),
    80,
  );
  const part = new Float32Array(10);
  anywhere.read(0, 2995, 10, part);
  assert.ok(part[4] !== 0 && part.subarray(5).every((value) => value === 0));

  const experiment: TmnnExperiment = {
    name: 'peers-tiny',
    title: 'three inputs',
    data: { kind: 'manifest', folds: 2, validationFolds: 2 },
    segmentSeconds: 0.2,
    network: { backEnd: { width: 2 } },
    fit: { stages: [{ rule: 'adam', learningRate: 1e-2, epochs: 2 }], batchSize: 2, windows: 1 },
    testWindows: 2,
    seeds: [1],
    systems: [
      { name: 'mel', frontEnd: { kind: 'mel', bands: 12 }, modulation: { filters: 0 } },
      { name: 'SampleCNN', ...SAMPLES, modulation: { filters: 0 }, backEnd: { kind: 'samples' } },
      { name: 'sinc', frontEnd: { kind: 'sinc', filters: 8, taps: 51, stride: 16 }, modulation: { taps: 5 } },
    ],
    comparisons: [['sinc', 'SampleCNN']],
  };
  const spec = systemSpec(experiment, experiment.systems[1]!, 2);
  assert.deepEqual(spec.backEnd, { kind: 'samples', width: 2 });
  const warnings: string[] = [];
  const study = await tmnnStudyStage(
    { experiment, root, out: path.join(folder, 'out'), resamples: 20 },
    { warn: (line) => warnings.push(line) },
  );
  assert.equal(warnings.filter((line) => line.includes('broken.wav')).length, 1);
  assert.deepEqual(
    study.cells.map(({ system, test }) => [system, test.length]),
    [['mel', 4], ['SampleCNN', 4], ['sinc', 4]], // prettier-ignore
  );
  assert.deepEqual(
    study.cells.map(({ learned }) => learned.edgesHz?.length),
    [undefined, undefined, 8],
  );
});

test('front and back ends that do not fit are refused, and the preset of peers is read', () => {
  const refuse = (options: Partial<TmnnOptions>, message: RegExp): void => {
    assert.throws(() => resolveTmnn({ frontEnd: { kind: 'mel' }, outputs: 2, ...options }), message);
  };
  refuse({ frontEnd: { kind: 'waveform' }, modulation: { filters: 0 } }, /waveform with back end resnet/);
  refuse({ backEnd: { kind: 'samples' } }, /mel with back end samples/);
  refuse({ ...SAMPLES, modulation: { filters: 1 } }, /1 modulation filters for the front end waveform/);
  refuse({ frontEnd: { kind: 'sinc', taps: 100 } }, /frontEnd.taps 100 must be odd/);
  refuse({ frontEnd: { kind: 'sinc', stride: 3 } }, /stride 3 must divide the hop of 256/);
  refuse({ frontEnd: { kind: 'sinc', filters: 0 } }, /frontEnd.filters 0/);
  const { systems } = readTmnnExperiment('peers');
  assert.deepEqual(
    systems.map(({ frontEnd }) => frontEnd.kind),
    ['mel', 'mel', 'waveform', 'sinc', 'sinc'],
  );
});
