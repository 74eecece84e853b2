import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionColumns } from 'stm-lab/dist/ablation';
import {
  describeFeatures,
  extractAm,
  featureKind,
  FEATURE_KIND_NAMES,
  findFeatures,
  planeCells,
  planeRows,
  type PlaneAxes,
} from 'stm-lab/dist/features';
import { noise } from './corpus';
import { ripples } from './ripples';

const RATE = 16000;
// Those with modulation axes.
const PLANES = FEATURE_KIND_NAMES.filter((kind) => !['mel', 'embedding'].includes(kind));

const largest = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
};

const sound = (seconds: number, at: (t: number) => number): Float32Array =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => at(i / RATE));

test('AM: a modulated tone has its depth at its rate in its band, whatever the level', async () => {
  for (const [rateHz, depth, carrier, level] of [
    [6, 1, 1000, 1],
    [2.5, 0.5, 400, 1e-3],
    [30, 0.1, 4000, 0.1],
  ] as const) {
    const { features, axes } = await extractAm(
      sound(4, (t) => {
        const envelope = 1 + depth * Math.cos(2 * Math.PI * rateHz * t);
        return level * envelope * Math.sin(2 * Math.PI * carrier * t);
      }),
      RATE,
    );
    const distance = axes.channelHz!.map((hz) => Math.abs(Math.log2(hz / carrier)));
    const band = distance.indexOf(Math.min(...distance));
    const spectrum = features.subarray(band * 64, band * 64 + 64);
    assert.equal(axes.rateHz[largest(spectrum)], rateHz);
    const expected = 20 * Math.log10(depth);
    // The filters pass less of the side bands the faster these are.
    assert.ok(Math.abs(Math.max(...spectrum) - expected) < 1, `${Math.max(...spectrum)} for ${expected} dB`);
  }
});

test('AM: a click train has its rate and the multiples, alike; noise has none; the mean is that of the bands', async () => {
  const clicks = sound(4, (t) => (Math.round(t * RATE) % (RATE / 5) === 0 ? 1 : 0));
  const { features, axes } = await extractAm(clicks, RATE, { average: 'frequency' });
  const at = (hz: number): number => features[axes.rateHz.indexOf(hz)]!;
  for (const hz of [5, 10, 15, 20]) assert.ok(at(hz) > 2 && at(hz - 1.5) < -30, `${hz}: ${at(hz)}`);
  const flat = await extractAm(noise(3, 8, RATE), RATE, { average: 'frequency' });
  // The generator itself swings slowly.
  assert.ok(Math.max(...flat.features.subarray(2)) < -15);
  assert.equal(flat.excerpts, 2);
  const bands = await extractAm(noise(3, 8, RATE), RATE);
  flat.modulation.forEach((mean, rate) => {
    let sum = 0;
    for (let band = 0; band < 30; band++) sum += bands.modulation[band * 64 + rate]! / 30;
    assert.ok(Math.abs(sum / mean - 1) < 1e-9);
  });
});

test('AM: ripples of both directions peak at their rate in every band that they reach', async () => {
  for (const rateHz of [2, 8])
    for (const direction of ['up', 'down'] as const) {
      const { features, axes } = await extractAm(ripples([{ rateHz, cycPerOct: 0.75, direction }]), RATE);
      for (let band = 0; band < 30; band++)
        assert.equal(axes.rateHz[largest(features.subarray(band * 64, band * 64 + 64))], rateHz);
    }
});

test('every kind on planes: axes give the length of a row, name the kind, and make masks of every plane', () => {
  for (const kind of PLANES) {
    const { settings } = featureKind(kind);
    const [name, values] = Object.entries(settings).find(([, one]) => one !== 'number')!;
    for (const value of values) {
      const { axes, rowLength } = describeFeatures(kind, { [name]: value });
      const plane = axes as unknown as PlaneAxes;
      const count = plane.planes?.length ?? 1;
      assert.equal(rowLength, count * planeCells(plane));
      assert.equal(rowLength, count * planeRows(plane).values.length * plane.rateHz.length);
      const text = JSON.stringify(axes);
      assert.deepEqual(
        findFeatures((one) => JSON.stringify(one) === text),
        { kind, parameters: findFeatures((one) => JSON.stringify(one) === text)!.parameters },
      );
      const low = regionColumns(plane, { pass: 'low', rateHz: 4 });
      const high = regionColumns(plane, { pass: 'high', rateHz: 4 });
      assert.deepEqual(
        [...low, ...high].sort((a, b) => a - b),
        [...Array(rowLength).keys()],
      );
      for (const column of low) assert.ok(Math.abs(plane.rateHz[column % plane.rateHz.length]!) <= 4);
      if (plane.scaleCycPerOct === undefined)
        assert.throws(() => regionColumns(plane, { pass: 'low', scaleCycPerOct: 2 }), /no axis in cyc\/oct/);
    }
  }
});

test('every kind on planes: blocks do not matter, excerpts average to the recording, and a hum is refused', async () => {
  const samples = noise(5, 9, RATE);
  for (const kind of PLANES) {
    const { parameters, rowLength } = describeFeatures(kind);
    const analyser = await featureKind(kind).prepare(parameters, 'excerpts');
    const run = async (block: number, values: Float32Array) => {
      const analysis = analyser.start(RATE, 0);
      for (let i = 0; i < values.length; i += block) await analysis.push(values.subarray(i, i + block));
      return analysis.finish();
    };
    const whole = await run(samples.length, samples);
    const cut = await run(7919, samples);
    assert.ok(!('reason' in whole) && !('reason' in cut), kind);
    assert.equal(whole.features.length, rowLength);
    assert.deepEqual(whole.features, cut.features);
    assert.ok(whole.features.every(Number.isFinite));
    assert.equal(whole.perExcerpt!.length, whole.excerpts);
    const hum = await run(
      16000,
      sound(4, () => 0.1),
    );
    assert.ok('reason' in hum && /without any modulation/.test(hum.reason), kind);
  }
});
