import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cochleagram, extractStm } from 'stm-lab/dist/features/stm';
import { soundFromCochleagram, soundFromModulation } from 'stm-lab/dist/synthesis';
import { ripples, RIPPLE_RATE } from '../features/ripples';

const ripple = ripples([{ rateHz: 4, cycPerOct: 0.7467, direction: 'up' }]);

/** Correlation of two lists. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const centred = (list: ArrayLike<number>): number[] => {
    const values = Array.from(list);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centred(a), centred(b)];
  const product = (p: number[], q: number[]): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

test('a cochleagram alone gives a sound that has it, the same for a seed', async () => {
  const peak = ripple.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const { values } = await cochleagram(
    ripple.map((value) => (0.3 * value) / peak),
    RIPPLE_RATE,
  );
  const made = await soundFromCochleagram(values, { iterations: 20 });
  assert.equal(made.samples.length, 4 * made.sampleRate);
  const again = await cochleagram(made.samples, made.sampleRate);
  const like = correlation(values, again.values);
  assert.ok(like > 0.9, `correlation ${like}`);
  const same = await soundFromCochleagram(values, { iterations: 20 });
  assert.deepEqual(same.samples, made.samples);
});

test('magnitudes alone give a texture with the same strongest modulation, at another time for another seed', async () => {
  const { modulation } = await extractStm(ripple, RIPPLE_RATE);
  const strongest = (values: Float64Array): number =>
    values.reduce((best, value, i) => (i !== 60 && value > (values[best] ?? 0) ? i : best), 0);
  const made = await soundFromModulation(modulation, { iterations: 10 });
  const back = await extractStm(made.samples, made.sampleRate);
  assert.equal(strongest(back.modulation), strongest(modulation));
  const other = await soundFromModulation(modulation, { iterations: 1, seed: 2 });
  assert.notDeepEqual(other.target, made.target);
});

test('what is not a cochleagram and no modulation spectrum is refused in one sentence', async () => {
  await assert.rejects(
    soundFromCochleagram(new Float32Array(149)),
    /149 values: must be 150 channels x 1 to/,
  );
  await assert.rejects(soundFromCochleagram(new Float32Array(150).fill(NaN)), /not finite/);
  await assert.rejects(soundFromModulation([1, 2]), /2 values: must have 2420/);
  await assert.rejects(soundFromModulation(new Float64Array(2420).fill(-1)), /not negative/);
});
