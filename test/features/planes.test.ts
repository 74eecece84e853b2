import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { regionColumns } from 'stm-lab/dist/ablation';
import { designResampler } from 'stm-lab/dist/audio';
import {
  amAxes,
  analysePlane,
  corticalAxes,
  createAmKernel,
  createCorticalBank,
  createCorticalKernel,
  createModulationPower,
  createMpsKernel,
  createStmKernel,
  describeFeatures,
  extractStm,
  extractStmTime,
  featureKind,
  FEATURE_KIND_NAMES,
  mpsAxes,
  planeCells,
  planeRows,
  standardise,
  stmAxes,
  type PlaneAxes,
} from 'stm-lab/dist/features';
import { stmPlane } from 'stm-lab/dist/features/stm/analysis';
import { gainTo } from 'stm-lab/dist/features/excerpts';
import { noise } from './corpus';
import { linearRipples, ripples } from './ripples';

const RATE = 16000;
// Those with modulation axes.
const PLANES = FEATURE_KIND_NAMES.filter((kind) => !['mel', 'embedding', 'strf', 'tmnn'].includes(kind));

type AmOptions = NonNullable<Parameters<typeof createAmKernel>[0]>;
const extractAm = async (samples: Float32Array, options: AmOptions = {}) => ({
  ...analysePlane(await createAmKernel(options), samples, RATE),
  axes: amAxes(options),
});

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
  const { features, axes } = await extractAm(clicks, { average: 'frequency' });
  const at = (hz: number): number => features[axes.rateHz.indexOf(hz)]!;
  for (const hz of [5, 10, 15, 20]) assert.ok(at(hz) > 2 && at(hz - 1.5) < -30, `${hz}: ${at(hz)}`);
  const flat = await extractAm(noise(3, 8, RATE), { average: 'frequency' });
  // The generator itself swings slowly.
  assert.ok(Math.max(...flat.features.subarray(2)) < -15);
  assert.equal(flat.excerpts, 2);
  const bands = await extractAm(noise(3, 8, RATE));
  flat.modulation.forEach((mean, rate) => {
    let sum = 0;
    for (let band = 0; band < 30; band++) sum += bands.modulation[band * 64 + rate]! / 30;
    assert.ok(Math.abs(sum / mean - 1) < 1e-9);
  });
});

/** 20 points of the plane as ten sounds, each of a ripple upward and one downward. */
const PAIRS = [0, 1].flatMap((half) =>
  [0.25, 0.5, 1, 2, 4].map((cycPerOct, s, scales) => {
    const place = (s + half) % 2;
    const up = { rateHz: [2, 8, 4, 16][2 * half + place]!, cycPerOct, direction: 'up' as const };
    const rateHz = [16, 4, 8, 2][2 * half + place]!;
    return [up, { rateHz, cycPerOct: scales[4 - s]!, direction: 'down' as const }] as const;
  }),
);

test('ripples at 20 points peak in their bin: cortical filters of both forms, the AM spectrum', async () => {
  const resampler = designResampler(RATE, RATE);
  const am = await createAmKernel();
  const cortical = [await createCorticalKernel(), await createCorticalKernel({ filters: 'gabor' })];
  const axes = corticalAxes();
  for (const [i, pair] of PAIRS.entries()) {
    const samples = ripples(pair);
    const gain = gainTo(0.1, samples);
    for (const kernel of i % 3 === 0 ? cortical : cortical.slice(0, 1)) {
      const plane = kernel.analyse(samples, gain, resampler)!;
      for (const { rateHz, cycPerOct, direction } of pair) {
        const sign = direction === 'up' ? -1 : 1;
        const best = largest(plane.map((value, cell) => (axes.rateHz[cell % 10]! * sign > 0 ? value : 0)));
        assert.equal(axes.rateHz[best % 10], sign * rateHz, JSON.stringify(pair));
        // The seed filters are an octave wide at least; next to the largest scale its neighbour passes as much.
        const found = axes.scaleCycPerOct![Math.floor(best / 10)]!;
        const wide = kernel === cortical[0] && cycPerOct === 4 && found === 8;
        assert.ok(found === cycPerOct || wide, `${JSON.stringify(pair)}: ${found} cyc/oct`);
      }
    }
    // Finer ripples vanish within a channel.
    const coarse = pair.filter(({ cycPerOct }) => cycPerOct <= 1);
    const bands = am.analyse(samples, gain, resampler)!;
    for (const { rateHz } of coarse)
      for (let band = 5; band < 25; band++) {
        const at = (hz: number): number => bands[band * 64 + 2 * hz - 1]!;
        assert.ok(at(rateHz) > 3 * Math.max(at(rateHz - 1), at(rateHz + 1)), `${rateHz} Hz, band ${band}`);
      }
  }
});

test('MPS: ripples along frequency at 20 points peak in their bin', async () => {
  const resampler = designResampler(RATE, RATE);
  const kernel = await createMpsKernel();
  const { rateHz: rates, scaleCycPerKHz: scales } = mpsAxes();
  for (const [r, upward] of [2, 8].entries())
    for (const [i, cycPerKHz] of [0.25, 0.5, 1, 2, 3].entries()) {
      const pair = [
        { rateHz: upward, cycPerKHz, direction: 'up' as const },
        { rateHz: [4, 12][r]!, cycPerKHz: [3, 2, 1, 0.5, 0.25][i]!, direction: 'down' as const },
      ];
      const samples = linearRipples(pair);
      const power = kernel.analyse(samples, gainTo(0.1, samples), resampler)!.slice(0, 49 * 41);
      for (const { rateHz, cycPerKHz: density, direction } of pair) {
        const sign = direction === 'up' ? -1 : 1;
        // What does not move is the sound's spectrum, and the ends of its band.
        const best = largest(power.map((value, cell) => (sign * rates[cell % 41]! >= 1.5 ? value : 0)));
        assert.equal(rates[best % 41], sign * rateHz, JSON.stringify(pair));
        assert.equal(scales![Math.floor(best / 41)], density, JSON.stringify(pair));
      }
    }
});

test('a chirp, an AM tone and a click train as theory has them: STM, MPS, cortical', async () => {
  const resampler = designResampler(RATE, RATE);
  const stm = stmAxes();
  const kinds = [
    {
      kernel: stmPlane(await createStmKernel()),
      rates: stm.rateHz,
      scales: stm.scaleCycPerOct,
      decibels: 20,
    },
    {
      kernel: await createMpsKernel(),
      rates: mpsAxes().rateHz,
      scales: mpsAxes().scaleCycPerKHz!,
      decibels: 10,
    },
    {
      kernel: await createCorticalKernel(),
      rates: corticalAxes().rateHz,
      scales: corticalAxes().scaleCycPerOct!,
      decibels: 20,
    },
  ];
  for (const [kind, { kernel, rates, scales, decibels }] of kinds.entries()) {
    const nearest = (axis: readonly number[], value: number): number =>
      axis.reduce((best, one, i) => (Math.abs(one - value) < Math.abs(axis[best]! - value) ? i : best), 0);
    const levels = (samples: Float32Array) => {
      const plane = kernel.analyse(samples, gainTo(0.1, samples), resampler)!;
      return (rateHz: number, scale: number): number =>
        decibels * Math.log10(plane[nearest(scales, scale) * rates.length + nearest(rates, rateHz)]!);
    };
    // Sweeps one after another: what crosses d ripples per octave (kHz) at v octaves (kHz) a second has the rate d v.
    let phase = 0;
    const isLinear = kind === 1;
    const chirp = levels(
      sound(4, (t) => {
        const hertz = isLinear ? 500 + 8000 * (t % 0.875) : 200 * 2 ** (8 * (t % 0.625));
        phase += (2 * Math.PI * hertz) / RATE;
        return Math.sin(phase);
      }),
    );
    for (const scale of [0.5, 1]) {
      const [up, down] = [chirp(-8 * scale, scale), chirp(8 * scale, scale)];
      assert.ok(up > down + 6, `kind ${kind}, ${scale}: upward ${up}, downward ${down}`);
      for (const other of [2, 0.5].filter((one) => 8 * scale * one <= 14))
        assert.ok(up > chirp(-8 * scale * other, scale), `kind ${kind}, ${scale}: rate ${8 * scale * other}`);
    }
    // A tone whose level swings at 8 Hz, and clicks at 8 Hz, go neither way.
    const tone = levels(sound(4, (t) => (1 + Math.cos(16 * Math.PI * t)) * Math.sin(2000 * Math.PI * t)));
    const clicks = levels(sound(4, (t) => (Math.round(t * RATE) % (RATE / 8) === 0 ? 1 : 0)));
    for (const one of [tone, clicks]) {
      const [up, down] = [one(-8, 0.5), one(8, 0.5)];
      assert.ok(Math.abs(up - down) < 2, `kind ${kind}: upward ${up}, downward ${down}`);
      assert.ok(up > one(-4, 0.5) + 3, `kind ${kind}: 8 Hz ${up}, 4 Hz ${one(-4, 0.5)}`);
    }
    // A tone is narrow and so has all scales; clicks have all frequencies, and so the lowest scales alone.
    const steepness = (one: typeof tone): number => one(8, scales[0]!) - one(8, 2);
    assert.ok(
      steepness(clicks) > steepness(tone) + 3,
      `kind ${kind}: ${steepness(clicks)}, ${steepness(tone)}`,
    );
  }
});

test('MPS: as its definition, window by window', async () => {
  const [bins, frames, window] = [6, 21, 9];
  const values = noise(1, 1, bins * frames);
  assert.ok(standardise(values));
  assert.ok(!standardise(new Float32Array(6).fill(3)));
  const rateHz = [-20, -10, 0, 10, 20];
  const found: Float64Array[] = [];
  const size = { bins, frames, frameRate: 100, windowFrames: window, rateHz, scales: 4 };
  const modulationPower = await createModulationPower(size);
  modulationPower(values, (power) => found.push(power.slice()));
  const least = Math.min(...values);
  assert.equal(found.length, 20);
  found.forEach((power, middle) => {
    power.forEach((value, cell) => {
      let [re, im] = [0, 0];
      for (let b = 0; b < bins; b++)
        for (let n = -4; n <= 4; n++) {
          const at = middle + n;
          const inside = at >= 0 && at < frames ? values[at * bins + b]! : least;
          const weight = Math.exp(-((n / 1.5) ** 2) / 2) / (1.5 * Math.sqrt(2 * Math.PI));
          const turns = (Math.floor(cell / 5) * b) / bins + (rateHz[cell % 5]! * n) / 100;
          re += weight * inside * Math.cos(2 * Math.PI * turns);
          im -= weight * inside * Math.sin(2 * Math.PI * turns);
        }
      assert.ok(Math.abs(value - re ** 2 - im ** 2) < 2e-5 * (1 + value));
    });
  });
});

test('cortical: Gabor filters as their definition; averages over less average to the plane', async () => {
  const [channels, frames, octaves, seconds] = [12, 20, 0.2, 0.02];
  const random = noise(2, 1, channels * frames);
  const bank = await createCorticalBank({ channels, frames, octaves, seconds, filters: 'gabor' });
  let worst = 0;
  bank.respond(random, (scale, channel, rate, magnitude) => {
    if (scale !== 1 || (rate !== 2 && rate !== 6)) return;
    const [hertz, density] = [rate === 2 ? -8 : 4, 0.5];
    for (let frame = 0; frame < frames; frame++) {
      let [re, im] = [0, 0];
      // As wide as the spectrogram, around its middle.
      for (let c = Math.max(0, channel - 5); c < Math.min(channels, channel + 7); c++)
        for (let n = Math.max(0, frame - 9); n < Math.min(frames, frame + 11); n++) {
          const [t, x] = [(frame - n) * seconds, (channel - c) * octaves];
          const [st, sx] = [0.5 / Math.abs(hertz), 0.5 / density];
          const gain = Math.exp(-((t / st) ** 2 + (x / sx) ** 2) / 2) / (2 * Math.PI * st * sx);
          const turn = 2 * Math.PI * (hertz * t + density * x);
          re += random[c * frames + n]! * gain * Math.cos(turn);
          im += random[c * frames + n]! * gain * Math.sin(turn);
        }
      worst = Math.max(worst, Math.abs(magnitude[frame]! - Math.hypot(re, im)));
    }
  });
  assert.ok(worst > 0 && worst < 1e-4, String(worst));
  const samples = noise(7, 4, RATE);
  const { modulation } = analysePlane(await createCorticalKernel(), samples, RATE);
  for (const average of ['time', 'frequency', 'none'] as const) {
    const parts = analysePlane(await createCorticalKernel({ average }), samples, RATE);
    const planes = corticalAxes({ average }).planes!.length;
    modulation.forEach((whole, cell) => {
      let sum = 0;
      for (let plane = 0; plane < planes; plane++) sum += parts.modulation[plane * 60 + cell]! / planes;
      assert.ok(Math.abs(sum / whole - 1) < 0.02, average);
    });
  }
});

test('time-resolved STM: a spectrum every hop, each that of its 4 s; a ripple that stops shows when', async () => {
  const moving = ripples([{ rateHz: 4, cycPerOct: 0.75, direction: 'up' }], 5);
  const quiet = randomState(1);
  const still = Float32Array.from({ length: 5 * RATE }, () => 10 * quiet.normal());
  const samples = Float32Array.from([...moving, ...still]);
  const result = await extractStmTime(samples, RATE, { keep: 'excerpts' });
  const starts = result.perExcerpt!.map(({ startSeconds }) => startSeconds);
  assert.deepEqual(
    starts,
    Array.from({ length: 13 }, (_, i) => i / 2),
  );
  assert.deepEqual([result.analysedSeconds, result.scannedSeconds, result.endSample], [10, 10, 10 * RATE]);
  const { features } = await extractStm(samples.slice(RATE, 5 * RATE), RATE);
  assert.deepEqual(result.perExcerpt![2]!.features.slice(0, 2420), features);
  // The ripple's cell: scale row 2 (0.747 cyc/oct), rate -4 Hz.
  const course = result.perExcerpt!.map(({ modulation }) => modulation[2 * 121 + 60 - 16]!);
  assert.ok(course[0]! > 10 * course[12]!);
  const deviation = result.features.subarray(2420);
  // More than at the same rate downward.
  assert.ok(deviation[2 * 121 + 60 - 16]! > 1.5 * deviation[2 * 121 + 60 + 16]!);
  await assert.rejects(extractStmTime(samples, RATE, { hopSeconds: 5 }), /hop 5: must be seconds above 0/);
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
