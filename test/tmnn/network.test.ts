import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  binaryCrossEntropy,
  createBuffers,
  initialValues,
  createLayout,
  lossGradient,
  type ParameterTensors,
  unpack,
} from 'stm-lab/dist/training';
import { createFrontEnd } from 'stm-lab/dist/tmnn/frontEnd';
import { createModulation } from 'stm-lab/dist/tmnn/modulation';
import { createTmnn } from 'stm-lab/dist/tmnn/network';
import { resolveTmnn, type TmnnOptions } from 'stm-lab/dist/tmnn/spec';
import { checkGradient, countValues, golden, worst } from '../training/fixtures';
import { inTidy, noise } from './noise';

test('parameter counts, of every layer and in all', async () => {
  const engine = await loadEngine();
  const count = (options: Omit<TmnnOptions, 'outputs'>, outputs: number): number => {
    const { modulation = {}, ...rest } = options;
    const network = createTmnn(
      engine,
      resolveTmnn({ ...rest, modulation: { normalise: 'none', ...modulation }, outputs }),
    );
    network.dispose();
    return network.layout.size;
  };
  const harmonic = (harmonics: number) => ({ kind: 'harmonic', harmonics }) as const;
  const n6 = [3631551, 3638465, 3645379, 3652293, 3659207];
  n6.forEach((expected, filters) =>
    assert.equal(count({ frontEnd: harmonic(6), modulation: { filters } }, 50), expected),
  );
  assert.equal(count({ frontEnd: harmonic(6), modulation: { filters: 8 } }, 50), 3686863);
  assert.equal(count({ frontEnd: harmonic(1), modulation: { filters: 0 } }, 50), 3625781);
  assert.equal(count({ frontEnd: harmonic(1) }, 50), 3626935);
  assert.equal(count({ frontEnd: { kind: 'mel' }, modulation: { filters: 0 } }, 50), 3625780);
  assert.equal(count({ frontEnd: { kind: 'mel' } }, 50), 3626934);
  assert.equal(count({ frontEnd: harmonic(6) }, 35), 3634610);
  assert.equal(count({ frontEnd: harmonic(6), backEnd: { width: 16 } }, 50), 60625);
  assert.equal(count({ frontEnd: harmonic(2), backEnd: { width: 8 } }, 10), 15001);
  assert.equal(count({ frontEnd: { ...harmonic(2), perSemitone: 1 }, backEnd: { width: 8 } }, 8), 14967);

  const full = createTmnn(engine, resolveTmnn({ frontEnd: harmonic(6), outputs: 50 }));
  const of = (prefix: string): number => countValues(full.layout, prefix);
  assert.deepEqual(
    ['input.', 'modulation.', 'filtered.', ...[1, 2, 3, 4, 5, 6, 7].map((b) => `block${b}.`)].map(of),
    [12, 2, 12, 14208, 295680, 295680, 295680, 295680, 1181184, 1181184],
  );
  assert.deepEqual([of('fc1.kernel') + of('fc1.bias'), of('fc1.norm'), of('fc2')], [65792, 512, 12850]);
  assert.equal(full.layout.size, 3638465 + 12);
  full.dispose();
  // A Gaussian has one parameter a filter, a Gabor filter two; centres are 128, or 768 when free.
  const gaussian = { kind: 'gaussian', filters: 3 } as const;
  assert.equal(count({ frontEnd: harmonic(6), modulation: gaussian }, 50), 3652293 - 3);
  assert.equal(count({ frontEnd: { ...harmonic(6), centres: 'tied' } }, 50), 3638465 + 128);
  assert.equal(count({ frontEnd: { ...harmonic(6), centres: 'free' } }, 50), 3638465 + 768);
});

test('loss, gradient of every parameter and evaluation are those of the same network in PyTorch', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const torch = golden<{
    loss: number;
    parameters: Record<string, number[]>;
    gradient: Record<string, number[]>;
    logits: number[];
  }>('tmnn', 'torch.json');
  const spec = resolveTmnn({
    frontEnd: { kind: 'harmonic', harmonics: 2, perSemitone: 1 },
    modulation: { filters: 2 },
    backEnd: { width: 2 },
    outputs: 3,
    dropout: 0,
  });
  const network = createTmnn(engine, spec);
  const { parameters } = network.layout;
  assert.deepEqual(parameters.map(({ name }) => name).sort(), Object.keys(torch.parameters).sort());
  const values = Float32Array.from(parameters.flatMap(({ name }) => torch.parameters[name]!));
  const buffers = createBuffers(engine, network.buffers);
  const before = tf.memory().numTensors;
  inTidy(engine, () => {
    const power = tf.tensor3d(
      Float32Array.from(
        { length: 5 * 70 * 257 },
        (_, i) => 0.2 + (Math.sin(i * 0.7) + Math.sin(i * i * 1e-7)) ** 2,
      ),
      [5, 70, 257],
    );
    const labels = tf.tensor2d(
      Array.from({ length: 15 }, (_, i) => i % 2),
      [5, 3],
    );
    const { loss, gradient } = lossGradient(engine, network.layout, tf.tensor1d(values), (p) =>
      binaryCrossEntropy(engine, network.logits(p, buffers, power, 'train', 1), labels),
    );
    assert.ok(Math.abs(loss.dataSync()[0]! - torch.loss) < 1e-5, `${loss.dataSync()[0]} ${torch.loss}`);
    const found = gradient.dataSync();
    const scale = Math.max(...found.map(Math.abs));
    for (const { name } of parameters) {
      const { from, to } = network.layout.range(name);
      const expected = torch.gradient[name]!;
      const error = Math.max(...expected.map((value, i) => Math.abs(found[from + i]! - value)));
      assert.ok(error < 2e-4 * scale, `${name}: differs by ${error} of ${scale}`);
      assert.equal(to - from, expected.length);
    }
    const p = unpack(engine, network.layout, tf.tensor1d(values));
    const logits = network.logits(p, buffers, power, 'evaluate', 1).dataSync();
    assert.ok(worst(logits, torch.logits) < 1e-4, `${worst(logits, torch.logits)}`);
  });
  assert.equal(tf.memory().numTensors, before);
  buffers.dispose();
  network.dispose();
});

/** Front end, decibels and filters alone: a loss without kinks. */
test('gradients of every kind of front end and filter agree with finite differences', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const power = tf.tensor3d(
    noise(3 * 30 * 257).map((value) => 0.5 + value * value),
    [3, 30, 257],
  );
  const cases: Pick<TmnnOptions, 'frontEnd' | 'modulation'>[] = [
    {
      frontEnd: { kind: 'harmonic', harmonics: 2, perSemitone: 1, q: 0.3 },
      modulation: { filters: 2, taps: 21, bands: [{ lowHz: 2, highHz: 8 }, { lowHz: 6, highHz: 20 }] }, // prettier-ignore
    },
    {
      frontEnd: { kind: 'harmonic', harmonics: 2, perSemitone: 1, centres: 'tied', q: 0.3 },
      modulation: { kind: 'gabor', filters: 2, taps: 21, padding: 'reflect' },
    },
    {
      frontEnd: { kind: 'harmonic', harmonics: 1, perSemitone: 1, centres: 'free', q: 0.3 },
      modulation: { kind: 'gaussian', filters: 2, taps: 21 },
    },
  ];
  for (const [at, options] of cases.entries()) {
    const spec = resolveTmnn({ ...options, outputs: 1 });
    const frontEnd = createFrontEnd(engine, spec);
    const filters = createModulation(engine, spec);
    const layout = createLayout([...frontEnd.parameters, ...filters.parameters]);
    const values = initialValues(layout, 1);
    const probe = tf.tensor1d(noise(3 * frontEnd.bands * 30 * frontEnd.channels * 2, 5));
    const loss = (p: ParameterTensors): Scalar => {
      const decibels = tf.mul(tf.log(tf.add(frontEnd.apply(p, power), 1e-10)), 4.34) as Tensor4D;
      const centred = tf.sub(decibels, tf.mean(decibels)) as Tensor4D;
      const filtered = tf.reshape(filters.apply(p, centred), [-1]);
      return tf.mean(tf.mul(tf.square(filtered), tf.add(probe, 1))) as Scalar;
    };
    const every = Array.from({ length: layout.size }, (_, i) => i);
    // Of the many centres, some.
    const elements = every.filter((i) => layout.size < 10 || i < 1 || i >= layout.size - 4 || i % 17 === 0);
    const checked = checkGradient(engine, layout, values, loss, elements, [3e-3, 3e-4]);
    const scale = Math.max(...checked.map(({ analytic }) => Math.abs(analytic)));
    checked.forEach(({ analytic, numeric }, i) =>
      assert.ok(
        numeric.some((value) => Math.abs(analytic - value) < 0.02 * Math.abs(value) + 2e-3 * scale),
        `case ${at}, element ${elements[i]}: gradient ${analytic}, differences ${numeric.join(', ')}`,
      ),
    );
    [probe, frontEnd, filters].forEach((held) => held.dispose());
  }
  power.dispose();
});

test('the frame back end sees no order in time', async () => {
  const engine = await loadEngine();
  const { tf } = engine;
  const build = (filters: number): ((power: Float32Array) => number[]) => {
    const network = createTmnn(
      engine,
      resolveTmnn({
        frontEnd: { kind: 'mel', bands: 20 },
        modulation: { filters, ...(filters === 1 ? { bands: [{ lowHz: 2, highHz: 8 }] } : {}) },
        backEnd: { kind: 'frames', width: 16 },
        outputs: 2,
      }),
    );
    return (power) =>
      inTidy(engine, () => {
        const p = unpack(engine, network.layout, tf.tensor1d(initialValues(network.layout, 1)));
        const buffers = createBuffers(engine, network.buffers);
        const logits = network.logits(p, buffers, tf.tensor3d(power, [1, 80, 257]), 'evaluate', 1);
        const values = [...logits.dataSync()];
        buffers.dispose();
        return values;
      });
  };
  const power = noise(80 * 257).map((value) => value * value);
  const shuffled = power.slice();
  for (let frame = 0; frame < 80; frame++)
    shuffled.set(power.subarray(frame * 257, (frame + 1) * 257), ((frame * 27) % 80) * 257);
  const [without, filtered] = [build(0), build(1)];
  assert.ok(worst(without(shuffled), without(power)) < 1e-5, `${worst(without(shuffled), without(power))}`);
  assert.ok(worst(filtered(shuffled), filtered(power)) > 1e-3, `${filtered(shuffled)} ${filtered(power)}`);
});

test('options out of range are named', () => {
  const base: TmnnOptions = { frontEnd: { kind: 'mel' }, outputs: 2 };
  const refuse = (options: Partial<TmnnOptions>, message: RegExp): void => {
    assert.throws(() => resolveTmnn({ ...base, ...options }), message);
  };
  refuse({ modulation: { taps: 100 } }, /taps 100 must be odd/);
  refuse({ modulation: { highHz: 40 } }, /0.5 to 40 Hz; .* at most 31.25 Hz/);
  refuse({ modulation: { filters: 2, bands: [{ lowHz: 1, highHz: 4 }] } }, /1 pass bands for 2/);
  refuse({ modulation: { bands: [{ lowHz: 1, highHz: 1.5 }] } }, /1 to 1.5 Hz; it must be at least 1 Hz/);
  refuse({ outputs: 0 }, /outputs 0/);
  refuse({ dropout: 1 }, /dropout 1/);
  refuse({ frontEnd: { kind: 'harmonic', harmonics: 0 } }, /harmonics 0 .* from 1 to 12/);
  refuse({ frontEnd: { kind: 'harmonic', harmonics: 1, q: 0 } }, /q 0 must be above 0/);
});
