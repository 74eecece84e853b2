import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { smoothRates, smoothScales, stmAxes } from 'stm-lab/dist/features';

const { rateHz, scaleCycPerOct } = stmAxes();
const RATES = rateHz.length;

test('one cell spreads as a Gaussian of the stated deviation in Hz, within its own scale', () => {
  for (const deviation of [0.25, 0.5, 1]) {
    const features = new Float32Array(3 * RATES);
    const centre = rateHz.indexOf(2.5);
    features[RATES + centre] = 1;
    const smoothed = smoothRates(features, rateHz, deviation);
    const own = smoothed.subarray(RATES, 2 * RATES);
    const sum = own.reduce((total, value) => total + value, 0);
    const mean = own.reduce((total, value, j) => total + value * rateHz[j]!, 0);
    const variance = own.reduce((total, value, j) => total + value * (rateHz[j]! - mean) ** 2, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6);
    assert.ok(Math.abs(mean - 2.5) < 1e-5);
    assert.ok(Math.abs(Math.sqrt(variance) - deviation) < 1e-3 * deviation, String(deviation));
    assert.ok(smoothed.every((value, i) => Math.floor(i / RATES) === 1 || value === 0));
  }
});

test('a constant stays, up to the ends of the axis; noise falls as theory says', () => {
  const constant = smoothRates(new Float32Array(2 * RATES).fill(0.7), rateHz, 0.75);
  assert.ok(constant.every((value) => Math.abs(value - 0.7) < 1e-6));
  const random = randomState(4);
  const noise = Float32Array.from({ length: 2000 * RATES }, () => random.normal());
  const deviation = 0.5;
  const smoothed = smoothRates(noise, rateHz, deviation);
  let power = 0;
  let cells = 0;
  for (let i = 0; i < smoothed.length; i++) {
    if (Math.abs(rateHz[i % RATES]!) > 12) continue;
    power += smoothed[i]! ** 2;
    cells++;
  }
  // Sum of the squared weights of a Gaussian sampled every 0.25 Hz.
  const expected = 0.25 / (2 * deviation * Math.sqrt(Math.PI));
  assert.ok(Math.abs(power / cells / expected - 1) < 0.02, `${power / cells} for ${expected}`);
});

test('deviations and features that do not fit are refused', () => {
  assert.throws(
    () => smoothRates(new Float32Array(RATES), rateHz, 0),
    /rate smoothing of 0 Hz: must be above 0/,
  );
  assert.throws(
    () => smoothRates(new Float32Array(RATES + 1), rateHz, 1),
    /122 values are not whole runs of 121/,
  );
});

test('along scale, too: one cell spreads within its own rate, and a constant stays', () => {
  const scales = scaleCycPerOct.length;
  for (const deviation of [0.375, 0.75]) {
    const features = new Float32Array(2 * scales * RATES);
    const [k, j] = [9, 30];
    features[(scales + k) * RATES + j] = 1;
    const smoothed = smoothScales(features, scaleCycPerOct, RATES, deviation);
    let [sum, variance] = [0, 0];
    for (let i = 0; i < scales; i++) {
      const value = smoothed[(scales + i) * RATES + j]!;
      sum += value;
      variance += value * (scaleCycPerOct[i]! - scaleCycPerOct[k]!) ** 2;
    }
    assert.ok(Math.abs(sum - 1) < 1e-3);
    assert.ok(Math.abs(Math.sqrt(variance) / deviation - 1) < 0.02, String(Math.sqrt(variance)));
    assert.ok(smoothed.every((value, i) => value === 0 || (i >= scales * RATES && i % RATES === j)));
  }
  const constant = smoothScales(new Float32Array(scales * 7).fill(0.3), scaleCycPerOct, 7, 2);
  assert.ok(constant.every((value) => Math.abs(value - 0.3) < 1e-6));
  assert.throws(() => smoothScales(constant, scaleCycPerOct, 7, NaN), /scale smoothing of NaN cycles/);
  assert.throws(() => smoothScales(constant, scaleCycPerOct, 8, 1), /not whole sets of 20 scales x 8 rates/);
});
