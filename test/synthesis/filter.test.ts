import assert from 'node:assert/strict';
import { test } from 'node:test';
import { designResampler, resample } from 'stm-lab/dist/audio';
import { startResampling } from 'stm-lab/dist/audio/streamResample';
import { randomState } from 'research-basics/random/mt19937';
import { extractStm, stmAxes } from 'stm-lab/dist/features/stm';
import { createModulationFilter, filterModulations, parseRegion } from 'stm-lab/dist/synthesis';
import { concatenate } from 'stm-lab/dist/base/concatenate';
import { startBlocks } from 'stm-lab/dist/synthesis/blocks';
import { ripples, RIPPLE_RATE, type Ripple } from '../features/ripples';

const slow: Ripple = { rateHz: 2, cycPerOct: 0.7467, direction: 'up' };
const fast: Ripple = { rateHz: 8, cycPerOct: 1.4933, direction: 'down' };

/** Level of a ripple in a sound's modulation spectrum, dB. */
async function levelOf(samples: Float32Array, { rateHz, cycPerOct, direction }: Ripple): Promise<number> {
  const { modulation } = await extractStm(samples, RIPPLE_RATE, { maxSilenceSeconds: 4 });
  const axes = stmAxes();
  const column = axes.rateHz.indexOf(direction === 'up' ? -rateHz : rateHz);
  const row = Math.round(cycPerOct / axes.scaleCycPerOct[1]!);
  return 20 * Math.log10(modulation[row * axes.rateHz.length + column]!);
}

const keep = (text: string): ReturnType<typeof parseRegion> => parseRegion('keep', text);

test('a ripple inside the region passes, one outside falls, and of a sum exactly the one is left', async () => {
  const both = ripples([slow, fast]);
  const { samples, report } = await filterModulations(both, RIPPLE_RATE, { region: keep('rate<=4') });
  const [slowBefore, slowAfter] = [await levelOf(both, slow), await levelOf(samples, slow)];
  const [fastBefore, fastAfter] = [await levelOf(both, fast), await levelOf(samples, fast)];
  assert.ok(Math.abs(slowAfter - slowBefore) < 1, `inside: ${slowBefore} to ${slowAfter} dB`);
  assert.ok(fastAfter < fastBefore - 20, `outside: ${fastBefore} to ${fastAfter} dB`);
  assert.ok(report.suppressionDb < -20 && report.distortionDb < -14, JSON.stringify(report));
  assert.equal(samples.length, both.length);
});

test('fine scales fall also where the lowest and the highest channel differ in level', async () => {
  const random = randomState(5);
  let last = 0;
  const tilted = Float32Array.from({ length: 32000 }, (_, n) => {
    last = 0.9 * last + random.normal();
    return 0.05 * last * (1 + 0.9 * Math.sin((2 * Math.PI * 3 * n) / 16000));
  });
  const { report } = await filterModulations(tilted, 16000, { region: keep('scale<=4') });
  assert.ok(report.suppressionDb < -9.5 && report.distortionDb < -20, JSON.stringify(report));
});

test('a region by direction takes one of two ripples that differ in nothing else', async () => {
  const up: Ripple = { rateHz: 4, cycPerOct: 0.7467, direction: 'up' };
  const down: Ripple = { ...up, direction: 'down' };
  const both = ripples([up, down]);
  const { samples } = await filterModulations(both, RIPPLE_RATE, { region: keep('up') });
  assert.ok(Math.abs((await levelOf(samples, up)) - (await levelOf(both, up))) < 1);
  assert.ok((await levelOf(samples, down)) < (await levelOf(both, down)) - 20);
});

test('a region that keeps everything returns the cochleagram of the recording', async () => {
  const sound = ripples([slow]);
  const { report } = await filterModulations(sound, RIPPLE_RATE, { region: () => 1, iterations: 5 });
  assert.ok(report.distortionDb < -25, `${report.distortionDb} dB`);
  assert.ok(report.meanAbsoluteDb < 0.5, `${report.meanAbsoluteDb} dB`);
  assert.ok(Number.isNaN(report.suppressionDb));
});

test('gain does not matter, and the level of the recording is kept', async () => {
  const sound = ripples([fast], 2);
  const options = { region: keep('rate<=4'), iterations: 10 };
  const loud = await filterModulations(sound, RIPPLE_RATE, options);
  const quiet = await filterModulations(
    sound.map((value) => value / 1024),
    RIPPLE_RATE,
    options,
  );
  assert.ok(Math.abs(loud.report.suppressionDb - quiet.report.suppressionDb) < 0.01);
  loud.samples.forEach((value, i) => assert.ok(Math.abs(value / 1024 - quiet.samples[i]!) < 1e-4));
});

test('the same sound comes out however it goes in, and noise carriers follow their seed', async () => {
  const random = randomState(3);
  const sound = Float32Array.from({ length: 44100 * 2 }, () => 0.1 * random.normal());
  const kernel = await createModulationFilter({
    region: keep('rate<=4'),
    iterations: 3,
    carrier: 'noise',
    seed: 5,
  });
  const run = (sizes: number): Float32Array => {
    const filter = kernel.start(44100);
    const pieces: Float32Array[] = [];
    for (let i = 0; i < sound.length; i += sizes) pieces.push(filter.push(sound.subarray(i, i + sizes)));
    return concatenate([...pieces, filter.finish().samples]);
  };
  const whole = run(sound.length);
  assert.deepEqual(run(997), whole);
  const other = await filterModulations(sound, 44100, {
    ...{ region: keep('rate<=4'), iterations: 3, carrier: 'noise', seed: 6 },
  });
  assert.notDeepEqual(other.samples, whole);
});

test('what a region keeps and what its complement keeps do not add up to the sound', async () => {
  const sound = ripples([slow, fast], 2);
  const options = { iterations: 5 };
  const inside = await filterModulations(sound, RIPPLE_RATE, { ...options, region: keep('rate<=4') });
  const outside = await filterModulations(sound, RIPPLE_RATE, {
    ...options,
    region: parseRegion('remove', 'rate<=4'),
  });
  let [error, energy] = [0, 0];
  sound.forEach((value, i) => {
    error += (inside.samples[i]! + outside.samples[i]! - value) ** 2;
    energy += value ** 2;
  });
  assert.ok(error > 0.1 * energy);
});

test('sound outside the channels is left out by default and passed on request', async () => {
  const sound = Float32Array.from({ length: 2 * RIPPLE_RATE }, (_, i) =>
    Math.sin((2 * Math.PI * 60 * i) / RIPPLE_RATE),
  );
  const hum = (samples: Float32Array): number => {
    let [re, im] = [0, 0];
    samples.forEach((value, i) => {
      re += value * Math.cos((2 * Math.PI * 60 * i) / RIPPLE_RATE);
      im += value * Math.sin((2 * Math.PI * 60 * i) / RIPPLE_RATE);
    });
    return Math.hypot(re, im) / (samples.length / 2);
  };
  const options = { region: () => 1, iterations: 1 };
  const passed = await filterModulations(sound, RIPPLE_RATE, { ...options, passOutOfBand: true });
  const left = await filterModulations(sound, RIPPLE_RATE, options);
  assert.ok(Math.abs(hum(passed.samples) - 1) < 0.05, `${hum(passed.samples)}`);
  assert.ok(hum(left.samples) < 0.05, `${hum(left.samples)}`);
});

test('sounds that have no modulations are refused or stay silent', async () => {
  const options = { region: keep('rate<=4') };
  await assert.rejects(filterModulations(new Float32Array(100), 16000, options), /too short: lasts 0.01 s/);
  await assert.rejects(filterModulations(new Float32Array(8000).fill(NaN), 16000, options), /not finite/);
  const { samples } = await filterModulations(new Float32Array(8000), 16000, options);
  assert.ok(samples.length === 8000 && samples.every((value) => value === 0));
});

test('blocks that nothing is done to join to the signal they were cut from, whatever its length', () => {
  const random = randomState(2);
  for (const length of [1, 130, 8191, 100_000, 131_072, 122_880, 123_000, 131_073, 229_376, 300_000]) {
    const signal = Float32Array.from({ length }, () => random.double());
    const stream = startBlocks(({ samples }) => samples);
    const pieces: Float32Array[] = [];
    for (let at = 0; at < length; at += 50_000) pieces.push(stream.push(signal.subarray(at, at + 50_000)));
    const joined = concatenate([...pieces, stream.finish()]);
    assert.equal(joined.length, length);
    joined.forEach((value, i) => assert.ok(Math.abs(value - signal[i]!) < 1e-6, `sample ${i} of ${length}`));
  }
});

test('resampling block by block gives what resampling the whole gives', () => {
  const random = randomState(4);
  for (const rate of [8000, 16000, 22050, 44100, 48000]) {
    const signal = Float32Array.from({ length: 9001 }, () => random.normal());
    const stream = startResampling(rate, 16000);
    const pieces: Float32Array[] = [];
    for (let at = 0; at < signal.length; at += 123) pieces.push(stream.push(signal.subarray(at, at + 123)));
    assert.deepEqual(
      concatenate([...pieces, stream.finish()]),
      resample(signal, designResampler(rate, 16000)),
      `${rate} Hz`,
    );
  }
});
