import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { cochleagram, extractStm, shortModulation } from 'stm-lab/dist/features';

test('a window of 4 s has the published spectrum; a shorter one has coarser rates and a ripple at its own', async () => {
  const random = randomState(3);
  const rate = 16000;
  const ripple = Float32Array.from(
    { length: 4 * rate },
    (_, n) => 0.1 * (1 + 0.9 * Math.sin((2 * Math.PI * 8 * n) / rate)) * random.normal(),
  );
  const { values, channelHz } = await cochleagram(ripple, rate);
  const whole = shortModulation(values, channelHz.length);
  const published = await extractStm(ripple, rate);
  assert.deepEqual(whole.rateHz, published.axes.rateHz);
  const largest = Math.max(...published.modulation);
  whole.values.forEach((value, i) =>
    assert.ok(Math.abs(value - published.modulation[i]!) < 1e-5 * largest, `cell ${i}`),
  );
  // 0.5 s: steps of 2 Hz, and the modulation of 8 Hz stands out.
  const frames = 62;
  const part = new Float32Array(channelHz.length * frames);
  channelHz.forEach((_, c) => part.set(values.subarray(c * 500 + 125, c * 500 + 125 + frames), c * frames));
  const short = shortModulation(part, channelHz.length);
  assert.equal(short.rateHz.length, 15);
  assert.ok(Math.abs(short.rateHz[8]! - 125 / 62) < 1e-12);
  const flat = Array.from(short.values.subarray(8, 15));
  assert.equal(flat.indexOf(Math.max(...flat)), 3);
});
