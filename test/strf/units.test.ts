import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialFilters } from 'stm-lab/dist/features/strf/initial';
import { gaborKernel } from 'stm-lab/dist/features/strf/gabor';
import { bandsPerOctave, frameRate, SPEECH_LOG_MEL } from 'stm-lab/dist/features/mel/logMel';
import { filterTuning, modulationResponse, wrapCycles, type UnitContext } from 'stm-lab/dist/strf/units';
import { close, goldenFilter, SHAPE, URBAN_LOG_MEL } from './fixtures';

const context: UnitContext = { frameRate: 100, bandsPerOctave: bandsPerOctave(SPEECH_LOG_MEL), shape: SHAPE };

test('mel bands: density and spacing of the published front ends', () => {
  close(bandsPerOctave(SPEECH_LOG_MEL), 14.4837, 5e-5);
  const fsdd = { ...SPEECH_LOG_MEL, sampleRate: 8000, window: 200, hop: 80, bands: 32, highestHz: 4000 };
  close(bandsPerOctave(fsdd), 9.46, 5e-3);
  close(frameRate(URBAN_LOG_MEL), 39.98, 5e-3);
});

test('tuning of filter C on both grids', () => {
  const c = filterTuning(goldenFilter('C'), context);
  close(c.rateHz, 3.9789, 5e-5);
  close(c.cyclesPerBand, 0.06892, 5e-6);
  close(c.rateBandwidthHz, 100 / (2 * Math.PI * 12), 1e-12);
  const authors = filterTuning(goldenFilter('C'), { ...context, grid: 'authors' });
  close(authors.rateHz, 4.015, 5e-5);
  close(authors.cyclesPerBand, 0.07753, 5e-6);
});

test('signs: scale is 0 or more, for scale 0 the rate; opposite filters are one', () => {
  const filter = { carrier: 0.5, angle: -Math.PI / 3, sigmaFrequency: 3, sigmaTime: 12 };
  const up = filterTuning(filter, context);
  assert.ok(up.rateHz < 0 && up.scaleCycPerOct > 0);
  const opposite = filterTuning({ ...filter, carrier: -0.5 }, context);
  close(opposite.rateHz, up.rateHz, 1e-12);
  assert.ok(filterTuning({ ...filter, angle: Math.PI }, context).rateHz > 0);
});

test('carriers beyond half a cycle per tap come back from the other side', () => {
  close(wrapCycles(0.7), -0.3, 1e-15);
  close(wrapCycles(-0.5), -0.5, 0);
  const fast = filterTuning(
    { carrier: 2 * Math.PI * 0.7, angle: 0, sigmaFrequency: 3, sigmaTime: 12 },
    context,
  );
  close(fast.rateHz, 30, 1e-9);
});

test('initial tuning in physical units: published percentiles, both grids', () => {
  const filters = initialFilters(100000, { seed: 1 });
  const quantiles = (values: number[]): number[] => {
    const sorted = values.sort((a, b) => a - b);
    return [5, 25, 50, 75, 95].map((q) => sorted[Math.floor((q / 100) * sorted.length)]!);
  };
  for (const [grid, rates, scales] of [
    ['centred', [0.74, 3.52, 6.22, 10.7, 19.0], [0.007, 0.035, 0.062, 0.107, 0.189]],
    ['authors', [0.75, 3.56, 6.28, 10.8, 19.1], [0.008, 0.04, 0.07, 0.121, 0.213]],
  ] as const) {
    const tuned = filters.map((filter) => filterTuning(filter, { ...context, grid }));
    quantiles(tuned.map(({ rateHz }) => Math.abs(rateHz))).forEach((value, i) =>
      close(value, rates[i]!, 0.02 * rates[i]! + 0.01),
    );
    quantiles(tuned.map(({ cyclesPerBand }) => cyclesPerBand)).forEach((value, i) =>
      close(value, scales[i]!, 0.02 * scales[i]! + 6e-4),
    );
  }
});

test('the sampled kernel answers most where the numbers say, on both sides of the plane', () => {
  for (const [carrier, angle] of [
    [1.2, 1.2],
    [1.2, -1.2],
    [1.0, 2.0],
    [-1.1, 0.9],
  ] as const) {
    const filter = { carrier, angle, sigmaFrequency: 3, sigmaTime: 12 };
    const nominal = filterTuning(filter, context);
    const { power, bandCycles, frameCycles } = modulationResponse(gaborKernel(filter, SHAPE), SHAPE);
    const best = power.indexOf(Math.max(...power));
    close(context.frameRate * frameCycles[best % frameCycles.length]!, nominal.rateHz, 0.2);
    const cyclesPerBand = bandCycles[Math.floor(best / frameCycles.length)]!;
    close(context.bandsPerOctave * cyclesPerBand, nominal.scaleCycPerOct, 0.3);
  }
});

test('modulation response: the energy of the kernel, once for each half of the plane', () => {
  const kernel = gaborKernel(goldenFilter('C'), SHAPE);
  const { power, bandCycles, frameCycles } = modulationResponse(kernel, SHAPE);
  assert.equal(power.length, bandCycles.length * frameCycles.length);
  const total = power.reduce((sum, value, at) => {
    const row = Math.floor(at / frameCycles.length);
    return sum + value * (row === 0 || row === bandCycles.length - 1 ? 0.5 : 1);
  }, 0);
  close(total / (64 * 512), 1, 1e-12);
});
