import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cochleagram, extractStm, stmAxes, stmFilterBank } from 'stm-lab/dist/features/stm';
import { ripples } from './ripples';
import { maxError } from './shared';

const RATE = 16000;

const ripple = (rateHz: number, cycPerOct: number, direction: 'up' | 'down'): Float32Array =>
  ripples([{ rateHz, cycPerOct, direction }]);

/** Largest cell, the one at rate 0 and scale 0 and the stationary column set aside. */
function peak(modulation: Float64Array): { rateHz: number; cycPerOct: number } {
  const { rateHz, scaleCycPerOct } = stmAxes();
  let best = -1;
  for (let i = 0; i < modulation.length; i++) {
    if (rateHz[i % 121] === 0) continue;
    if (best < 0 || modulation[i]! > modulation[best]!) best = i;
  }
  return { rateHz: rateHz[best % 121]!, cycPerOct: scaleCycPerOct[Math.floor(best / 121)]! };
}

test('ripples peak at their rate, scale and direction', async () => {
  const { scaleCycPerOct } = stmAxes();
  for (const rateHz of [2, 4, 8]) {
    for (const row of [1, 3]) {
      for (const direction of ['up', 'down'] as const) {
        // The printed scales are 28 / 28.31 of the true ones.
        const cycPerOct = (scaleCycPerOct[row]! * (24 * 151)) / 128 / 28;
        const { modulation } = await extractStm(ripple(rateHz, cycPerOct, direction), RATE);
        const found = peak(modulation);
        assert.equal(Math.abs(found.rateHz), rateHz, `${rateHz} Hz ${direction}`);
        assert.equal(found.cycPerOct, scaleCycPerOct[row], `${rateHz} Hz ${direction}`);
        assert.equal(Math.sign(found.rateHz), direction === 'up' ? -1 : 1);
      }
    }
  }
});

test('reversing time mirrors the rates', async () => {
  const sound = ripple(4, 0.75, 'up');
  const forward = (await extractStm(sound, RATE)).modulation;
  const backward = (await extractStm(sound.slice().reverse(), RATE)).modulation;
  const mirrored = forward.map((_, i) => forward[i - (i % 121) + 120 - (i % 121)]!);
  // Only the frame at either end differs, which the small cells see: look at those above a hundredth of the ripple's.
  const ripples = [...forward.keys()].filter((i) => i % 121 !== 60);
  const top = Math.max(...ripples.map((i) => mirrored[i]!));
  const large = ripples.filter((i) => mirrored[i]! > top / 100);
  const ratios = (of: Float64Array): number[] => large.map((i) => of[i]! / mirrored[i]!);
  const ones = large.map(() => 1);
  assert.ok(large.length > 20);
  assert.ok(maxError(ratios(backward), ones) < 0.15, String(maxError(ratios(backward), ones)));
  assert.ok(maxError(ratios(forward), ones) > 0.9);
});

test('gain does not change features', async () => {
  const sound = ripple(3, 0.4, 'down');
  const { features } = await extractStm(sound, RATE);
  const quiet = (
    await extractStm(
      sound.map((value) => value * 1e-3),
      RATE,
    )
  ).features;
  assert.ok(maxError(features, quiet) < 1e-4);
});

test('a tone stands in the channel of its frequency, at its level', async () => {
  const { centreHz, peakHz } = stmFilterBank();
  for (const channel of [3, 70, 140]) {
    const tone = Float32Array.from({ length: 4 * RATE }, (_, i) =>
      Math.sin((2 * Math.PI * peakHz[channel]! * i) / RATE),
    );
    const { values, channelHz, seconds } = await cochleagram(tone, RATE);
    assert.deepEqual(channelHz, [...centreHz]);
    assert.equal(seconds.length, 500);
    assert.equal(seconds[499], 3.992);
    const level = channelHz.map((_, c) => values[c * 500 + 250]!);
    assert.equal(level.indexOf(Math.max(...level)), channel);
    // RMS 0.1 is an envelope of 0.1 sqrt(2), in a response that peaks at 2/2.
    assert.ok(Math.abs(level[channel]! - (20 * Math.log10(0.1 * Math.SQRT2) + 80)) < 0.01);
  }
});

test('the bank of the paper has 128 channels from 170 to 7000 Hz, and its own axes and features', async () => {
  const bank = stmFilterBank('paper');
  assert.equal(bank.centreHz.length, 128);
  assert.ok(Math.abs(bank.centreHz[0]! - 170) < 1e-9 && Math.abs(bank.centreHz[127]! - 7000) < 1e-9);
  const sound = ripple(4, 1.1, 'up');
  const result = await extractStm(sound, RATE, { channels: 'paper' });
  assert.equal(result.features.length, 2420);
  const step = result.axes.scaleCycPerOct[1]!;
  assert.ok(Math.abs(step - (2 * (127 / Math.log2(7000 / 170))) / 128) < 1e-12);
  assert.ok(maxError(result.features, (await extractStm(sound, RATE)).features) > 0.01);
});

test('excerpts: offsets, limits, the silence rule and what is kept beside the mean', async () => {
  const sound = new Float32Array(14 * RATE);
  for (let k = 0; k < 3; k++) sound.set(ripple(2 + k, 0.4, 'up'), k * 4 * RATE + RATE);
  const all = await extractStm(sound, RATE, { startSeconds: 1, keep: 'excerpts' });
  assert.equal(all.excerpts, 3);
  assert.equal(all.endSample, 13 * RATE);
  assert.deepEqual(
    all.perExcerpt!.map((excerpt) => excerpt.startSeconds),
    [1, 5, 9],
  );
  const mean = all.modulation.map(
    (_, i) => all.perExcerpt!.reduce((sum, e) => sum + e.modulation[i]!, 0) / 3,
  );
  assert.ok(maxError(mean, all.modulation) < 1e-6);
  const two = await extractStm(sound, RATE, { startSeconds: 1, maxExcerpts: 2 });
  assert.equal(two.excerpts, 2);
  assert.equal(two.scannedSeconds, 8);

  const paused = ripple(4, 0.4, 'up');
  paused.fill(0, RATE, 2.5 * RATE);
  await assert.rejects(
    extractStm(paused, RATE),
    /longest silence 1\.5\d s \(limit 1 s\) in the only excerpt/,
  );
  assert.equal((await extractStm(paused, RATE, { maxSilenceSeconds: 2 })).excerpts, 1);
  await assert.rejects(
    extractStm(paused, RATE, { silenceLevel: 10, maxSilenceSeconds: 2 }),
    /longest silence 4\.00 s/,
  );
  await assert.rejects(extractStm(sound.slice(0, 1000), RATE), /too short: lasts 0\.06 s, 4 s are needed/);
  await assert.rejects(extractStm(new Float32Array(4 * RATE), RATE), /longest silence 4\.00 s/);
  paused[20000] = NaN;
  await assert.rejects(extractStm(paused, RATE), /not finite/);
});
