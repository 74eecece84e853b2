import assert from 'node:assert/strict';
import { test } from 'node:test';
import { melFilterBank } from 'stm-lab/dist/features/mel';
import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { createLogMel, frameCount, SPEECH_LOG_MEL } from 'stm-lab/dist/features/mel/logMel';
import { samplesFor } from 'stm-lab/dist/strf/tasks/sounds';
import { close, golden, URBAN_LOG_MEL } from './fixtures';

const tone = (seconds: number, rate: number, hz: number): Float32Array =>
  Float32Array.from({ length: seconds * rate }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));

for (const length of [1, 2, 7, 12, 97, 200, 400, 2822])
  test(`Fourier transform of ${length}: the sum that defines it`, () => {
    const re = Float64Array.from({ length }, (_, i) => Math.sin(i * i * 0.37));
    const im = Float64Array.from({ length }, (_, i) => Math.cos(i * 1.37));
    const [a, b] = [re.slice(), im.slice()];
    fourierTransform(length).transform(a, b);
    for (let k = 0; k < length; k += Math.max(1, length >> 4)) {
      let [x, y] = [0, 0];
      for (let i = 0; i < length; i++) {
        const turn = (-2 * Math.PI * ((k * i) % length)) / length;
        x += re[i]! * Math.cos(turn) - im[i]! * Math.sin(turn);
        y += re[i]! * Math.sin(turn) + im[i]! * Math.cos(turn);
      }
      close(a[k]!, x, 1e-11);
      close(b[k]!, y, 1e-11);
    }
  });

for (const { window, frames, floor, decibels } of golden.frontEnd)
  test(`1 kHz tone through the front end, window ${window}: published decibels`, () => {
    const { values, frames: got } = createLogMel({ ...SPEECH_LOG_MEL, window }).compute(tone(2, 16000, 1000));
    assert.equal(got, frames);
    assert.equal(values.length, 64 * frames);
    for (const [channel, wanted] of Object.entries(decibels))
      close(values[Number(channel) * frames + 100]!, wanted, 2e-6);
    close(Math.min(...values), floor, 2e-6);
  });

test('mel bands: published row sums, and an upper edge below half the rate', () => {
  const { bands } = melFilterBank(16000, 400, 64);
  for (const [row, wanted] of Object.entries(golden.melRowSums))
    close(
      bands[Number(row)]!.weights.reduce((a, b) => a + b, 0),
      wanted,
      5e-7,
    );
  const { centreHz } = melFilterBank(44100, 2822, 64, 8000);
  close(centreHz[63]!, 7626.16, 5e-3);
});

test('standardising: neither level nor a constant offset matters; as it is, level does', () => {
  const sound = tone(0.5, 16000, 440);
  const loud = sound.map((x) => 7 * x + 3);
  const standardised = createLogMel(SPEECH_LOG_MEL);
  const [a, b] = [sound, loud].map((samples) => standardised.compute(samples).values);
  a!.forEach((value, i) => close(value, b![i]!, 0.02));
  const asIs = createLogMel({ ...SPEECH_LOG_MEL, waveform: 'as-is', topDb: 40 });
  const [c, d] = [sound, sound.map((x) => 2 * x)].map((samples) => asIs.compute(samples).values);
  close(Math.max(...d!) - Math.max(...c!), 20 * Math.log10(2), 1e-4);
  close(Math.max(...c!) - Math.min(...c!), 40, 1e-4);
});

test('centred frames mirror the ends', () => {
  const short = tone(1, 44100, 500);
  const { frames, values } = createLogMel(URBAN_LOG_MEL).compute(short);
  assert.equal(frames, 1 + Math.floor(44100 / 1103));
  const mirrored = Float32Array.from({ length: 44100 + 2822 }, (_, i) => {
    const place = Math.abs(i - 1411);
    return short[place > 44099 ? 2 * 44099 - place : place]!;
  });
  const inside = createLogMel({ ...URBAN_LOG_MEL, frames: 'inside' }).compute(mirrored);
  for (let i = 0; i < values.length; i++)
    close(values[i]!, inside.values[Math.floor(i / frames) * inside.frames + (i % frames)]!, 1e-4);
});

test('frame counts and inputs that cannot be used', () => {
  assert.equal(frameCount(32000, SPEECH_LOG_MEL), 198);
  assert.equal(frameCount(399, SPEECH_LOG_MEL), 0);
  for (const parameters of [SPEECH_LOG_MEL, URBAN_LOG_MEL]) {
    const samples = samplesFor(50, parameters);
    assert.deepEqual([frameCount(samples, parameters), frameCount(samples - 1, parameters)], [50, 49]);
  }
  assert.ok(samplesFor(400, URBAN_LOG_MEL) <= 10 * 44100 && samplesFor(401, URBAN_LOG_MEL) > 10 * 44100);
  const kernel = createLogMel(SPEECH_LOG_MEL);
  assert.throws(() => kernel.compute(new Float32Array(100)), /100 samples do not fill one window of 400/);
  assert.throws(() => kernel.compute(new Float32Array(800).fill(NaN)), /not all finite/);
});
