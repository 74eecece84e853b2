import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import type { Scalar, Tensor3D } from '@tensorflow/tfjs';
import { randomState } from 'research-basics/random/mt19937';
import { writeWav } from 'stm-lab/dist/audio';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  prepareStrfTask,
  readStrfExperiment,
  strfTaskStage,
  type StrfExperiment,
} from 'stm-lab/dist/pipeline';
import { createSceneNetwork, createSpeakerNetwork } from 'stm-lab/dist/strf';
import { createSincNet, sincNetSteps } from 'stm-lab/dist/strf/networks/sincnet';
import { checkCondition } from 'stm-lab/dist/strf/stage/experiment';
import { inputOf } from 'stm-lab/dist/strf/tasks/soundInput';
import { createLayout, initialValues, type ParameterTensors, unpack } from 'stm-lab/dist/training';
import { checkGradient } from '../training/fixtures';
import { close, voice, VOICE_RATE } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-sincnet-'));
after(() => fs.rmSync(folder, { recursive: true }));

test('SincNet of the published sizes: parameters, steps, and the x-vector behind it', async () => {
  const engine = await loadEngine();
  // Two edges and a normalisation per filter; convolutions 80 x 5 x 60 and 60 x 5 x 60 with bias; two normalisations.
  const net = createSincNet(engine, 16000);
  const { size } = createLayout(net.parameters);
  assert.equal(size, 160 + 160 + 24060 + 120 + 18060 + 120);
  assert.equal(net.width, 60);
  // 3 s at 16 kHz: 9550 filtered values, 3183, 3179, 1059, 1055, 351.
  assert.equal(sincNetSteps(48000), 351);
  assert.equal(sincNetSteps(4120), 26);
  assert.equal(sincNetSteps(2520, { taps: 101, stride: 4 }), 20);
  const speakers = createSpeakerNetwork(engine, { speakers: 7, strf: { variant: 'sincnet' } });
  // The x-vector's trunk on 64 numbers has 4,310,456 with its 164,864 of the first layer; here 60 numbers enter.
  assert.equal(speakers.layout.size, 4310456 - 164864 + (60 * 5 * 512 + 1024) + size + 7 * 512);
  assert.deepEqual([speakers.layer.count, speakers.layer.parameters.length], [0, 0]);
  speakers.dispose();
  const settings = readStrfExperiment('full').speaker;
  const input = inputOf('sincnet', settings);
  assert.deepEqual([input.bands, input.frames], [1, (settings.frames - 1) * 160 + 400]);
  assert.deepEqual(
    [inputOf('pass', settings).bands, inputOf(undefined, settings).frames],
    [64, settings.frames],
  );
});

test('what leaves does not depend on how loud a sound is, and gradients agree with finite differences', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const net = createSincNet(engine, VOICE_RATE, { filters: 6, taps: 41, stride: 4, outputs: 4 });
  const layout = createLayout(net.parameters);
  const values = initialValues(layout, 1);
  const steps = sincNetSteps(900, { taps: 41, stride: 4 });
  // Standardised as a chunk is: the guard inside the root is then small.
  const sound = voice(900, 0.2, 1)
    .slice(0, 900)
    .map((value) => 20 * value);
  const x = tf.keep(tf.tensor3d(sound, [1, 1, 900]));
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const p = unpack(engine, layout, tf.tensor1d(values));
    const y = net.apply(p, x);
    assert.deepEqual(y.shape, [1, steps, 4]);
    const louder = net.apply(p, tf.mul(x, 7) as Tensor3D);
    assert.ok((tf.max(tf.abs(tf.sub(louder, y))).dataSync()[0] ?? 1) < 0.05);
    assert.ok((tf.max(tf.abs(y)).dataSync()[0] ?? 0) > 0.1);
  });
  const probe = tf.keep(tf.tensor3d(Float32Array.from({ length: steps * 4 }, (_, i) => Math.sin(i * i)), [1, steps, 4])); // prettier-ignore
  const loss = (p: ParameterTensors): Scalar => tf.mean(tf.mul(probe, tf.square(net.apply(p, x)))) as Scalar;
  // Of every array some; edges are checked against their formula in training/sinc.test.ts.
  const elements = layout.parameters.slice(2).flatMap(({ name }) => {
    const { from, to } = layout.range(name);
    return [from, to - 1];
  });
  const checked = checkGradient(engine, layout, values, loss, elements, [1e-3, 1e-4]);
  const scale = Math.max(...checked.map(({ analytic }) => Math.abs(analytic)));
  assert.ok(scale > 1e-3);
  checked.forEach(({ analytic, numeric }, i) =>
    assert.ok(
      numeric.some((value) => Math.abs(analytic - value) < 0.03 * Math.abs(value) + 5e-3 * scale),
      `element ${elements[i]}: gradient ${analytic}, differences ${numeric.join(', ')}`,
    ),
  );
  assert.equal(tf.memory().numTensors, before + 1);
  [x, probe].forEach((tensor) => tensor.dispose());
  assert.throws(
    () => net.apply((() => tf.scalar(0)) as never, tf.zeros([1, 1, 60])),
    /nothing is left of 60/,
  );
});

function tiny(changes: Partial<StrfExperiment['speaker']> = {}): StrfExperiment {
  const small = readStrfExperiment('small');
  const frontEnd = { sampleRate: VOICE_RATE, window: 200, hop: 80, bands: 16, highestHz: 4000 };
  return {
    ...small,
    speaker: {
      ...small.speaker,
      frontEnd: { ...small.speaker.frontEnd, ...frontEnd },
      frames: 30,
      strf: { filters: 2, frequencyTaps: 5, timeTaps: 7 },
      contraction: 8,
      stages: [{ outputs: 16, taps: 3 }],
      embedding: 8,
      sincnet: { filters: 16, taps: 101, outputs: 12, rate: 100 },
      training: { steps: 40, batch: 8, learningRate: 0.004, recordEvery: 10 },
      conditions: ['sincnet', 'pass'],
      seeds: 1,
      ...changes,
    },
  };
}

/** A tone that is switched on and off in noise: instance normalisation takes a channel's level away, not its course. */
function gated(hz: number, seconds: number, seed: number): Float32Array {
  const state = randomState(seed);
  const start = state.double();
  return Float32Array.from({ length: Math.round(seconds * VOICE_RATE) }, (_, i) => {
    const isOn = Math.sin(2 * Math.PI * ((10 * i) / VOICE_RATE + start)) > 0;
    return 0.02 * state.normal() + (isOn ? 0.2 * Math.sin((2 * Math.PI * hz * i) / VOICE_RATE) : 0);
  });
}

/** Two speakers on two days each. */
const manifest = path.join(folder, 'speakers.csv');
const lines = ['path,label,group'];
for (const [speaker, hz] of [
  ['Åsa', 500],
  ['Bo', 1700],
] as const)
  // prettier-ignore
  for (let i = 0; i < 16; i++) {
    // One is shorter than the network's window.
    writeWav(path.join(folder, `${speaker}-${i}.wav`), gated(hz, i === 0 ? 0.2 : 0.4, i + hz), VOICE_RATE);
    lines.push(`${speaker}-${i}.wav,${speaker},day ${i % 2}`);
  }
fs.writeFileSync(manifest, `${lines.join('\n')}\n`);

test('the condition sincnet learns two voices from their waveforms; its settings touch no other condition', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const out = path.join(folder, 'out');
  const run = (experiment: StrfExperiment) =>
    strfTaskStage({ task: 'speaker', source: manifest, out, experiment, resamples: 20 });
  const first = await run(tiny());
  const score = (name: string): number =>
    first.conditions.find(({ condition }) => condition === name)!.scores['accuracy']!.value;
  assert.ok(score('sincnet') >= 0.9, `${score('sincnet')}`);
  const cell = (condition: string): number =>
    fs.statSync(path.join(out, 'cells', `${condition}-seed1`, 'cell.json')).mtimeMs;
  const [kept, old] = [cell('pass'), cell('sincnet')];
  await run(tiny({ sincnet: { filters: 12, taps: 101, outputs: 12, rate: 100 } }));
  assert.equal(cell('pass'), kept);
  assert.notEqual(cell('sincnet'), old);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('speakers of trials are verified from waveforms too', async () => {
  const engine = await loadEngine();
  fs.writeFileSync(
    path.join(folder, 'trials.txt'),
    ['1 Cy-0.wav Cy-1.wav', '1 Di-0.wav Di-1.wav', '0 Cy-0.wav Di-0.wav', '0 Cy-1.wav Di-1.wav'].join('\n'),
  );
  const verified = path.join(folder, 'verified.csv');
  const more = [
    ['Cy', 700],
    ['Di', 2600],
  ].flatMap(([speaker, hz]) =>
    // prettier-ignore
    [0, 1].map((i) => {
      writeWav(path.join(folder, `${speaker}-${i}.wav`), gated(Number(hz), 0.4, i + 1), VOICE_RATE);
      return `${speaker}-${i}.wav,${speaker},day ${i}`;
    }),
  );
  fs.writeFileSync(verified, `${[...lines, ...more].join('\n')}\n`);
  const prepared = await prepareStrfTask('speaker', verified, tiny({ verification: { windowEvery: 0.1 } }));
  const { metrics, outputs } = await prepared.run(engine, { variant: 'sincnet' }, 1, {});
  assert.equal(outputs['scores']!.length, 4);
  close(metrics['eer']!, 0, 1e-6);
});

test('other tasks refuse the condition, and name the task that has it', async () => {
  const engine = await loadEngine();
  checkCondition('sincnet', 'speaker');
  for (const task of ['speech', 'birds', 'urban'] as const)
    assert.throws(
      () => checkCondition('sincnet', task),
      /"sincnet" is a condition of the task speaker alone/,
    );
  assert.throws(() => checkCondition('sincnets', 'speaker'), /must be one of learn, .*mfcc, sincnet/);
  assert.throws(
    () => createSceneNetwork(engine, { tags: 2, strf: { variant: 'sincnet' } }),
    /sincnet is one/,
  );
});
