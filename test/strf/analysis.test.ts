import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bankTransfer,
  densityDistance,
  describeBank,
  displacements,
  initialFilters,
  jensenShannonDistance,
  modulationDensity,
  modulationGrid,
  nullDistances,
  type UnitContext,
} from 'stm-lab/dist/strf';
import { close } from './fixtures';

const units: UnitContext = {
  frameRate: 100,
  bandsPerOctave: 14.4837,
  shape: { frequencyTaps: 9, timeTaps: 61 },
};
const filter = (carrier: number, angle: number, sigma = 3): ReturnType<typeof initialFilters>[number] => ({
  carrier,
  angle,
  sigmaFrequency: sigma,
  sigmaTime: 10,
});

test('density: sums to 1, peaks where the filters are, is the same for a filter and its other name', () => {
  const grid = modulationGrid();
  const points = [
    { rateHz: 8, scaleCycPerOct: 1 },
    { rateHz: 8.5, scaleCycPerOct: 1.1 },
    { rateHz: -5, scaleCycPerOct: 0.02 },
    { rateHz: 5, scaleCycPerOct: 0.01, weight: 0.5 },
  ];
  const density = modulationDensity(points, grid);
  close(
    density.reduce((a, b) => a + b, 0),
    1,
    1e-12,
  );
  const at = (rate: number, scale: number): number =>
    density[Math.round(scale / 0.04) * 101 + Math.round((rate + 25) / 0.5)]!;
  assert.ok(at(8, 1) > 5 * at(-8, 1));
  const mirrored = modulationDensity(
    points.map((p) => ({ ...p, rateHz: -p.rateHz, scaleCycPerOct: -p.scaleCycPerOct })),
    grid,
  );
  density.forEach((value, i) => close(value, mirrored[i]!, 1e-15));
  const heavy = modulationDensity(
    points.map((p, i) => ({ ...p, weight: i < 2 ? 10 : 1 })),
    grid,
  );
  assert.ok(heavy[25 * 101 + 66]! > at(8, 1));
  assert.throws(() => modulationDensity([{ rateHz: 1, scaleCycPerOct: 1 }], grid), /1 filters; two or more/);
});

test('Jensen-Shannon distance: 0 for equals, 1 for densities that share nothing, symmetric', () => {
  assert.equal(jensenShannonDistance([0.5, 0.5], [0.5, 0.5]), 0);
  close(jensenShannonDistance([1, 0], [0, 1]), 1, 1e-12);
  close(
    jensenShannonDistance([1, 0], [0.5, 0.5]),
    Math.sqrt(0.5 * Math.log2(4 / 3) + 0.25 * Math.log2(2 / 3) + 0.25),
    1e-12,
  );
  close(jensenShannonDistance([0.2, 0.8], [0.6, 0.4]), jensenShannonDistance([0.6, 0.4], [0.2, 0.8]), 1e-15);
});

test('null distances shrink with more filters and repeat with the seed', () => {
  const grid = modulationGrid();
  const of = (filters: number): { filters: number; units: UnitContext } => ({ filters, units });
  const few = nullDistances([of(8), of(8)], densityDistance(grid), { draws: 20 });
  const many = nullDistances([of(64), of(64)], densityDistance(grid), { draws: 20 });
  assert.ok(few.mean > many.mean && few.high >= few.mean && few.deviation > 0);
  assert.deepEqual(nullDistances([of(8), of(8)], densityDistance(grid), { draws: 20 }), few);
  assert.notDeepEqual(nullDistances([of(8), of(8)], densityDistance(grid), { draws: 20, seed: 2 }), few);
});

test('displacement in bandwidths, to the nearer name of the end point', () => {
  const [moved] = displacements([filter(0.5, 0.1)], [filter(0.6, 0.1)], units);
  close(moved!.rate, (0.1 * Math.cos(0.1) * 100) / (2 * Math.PI) / (100 / (2 * Math.PI * 10)), 1e-9);
  const [flipped] = displacements([filter(0.5, 0.01)], [filter(0.5, -0.01)], units);
  assert.ok(flipped!.rate < 1e-9 && flipped!.scale < 0.1);
});

test('bank transfer function: where the filter is tuned; weights count squared', () => {
  const down = filter(0.8, 1);
  const transfer = bankTransfer([down], units);
  close(
    transfer.values.reduce((a, b) => a + b, 0),
    1,
    1e-12,
  );
  const best = transfer.values.indexOf(Math.max(...transfer.values));
  close(transfer.rateHz[best % transfer.rateHz.length]!, (80 * Math.cos(1)) / (2 * Math.PI), 0.3);
  const both = bankTransfer([down, filter(0.8, -1)], units, { weights: [2, 1] });
  const half = (sign: number): number =>
    both.values.reduce(
      (sum, v, i) => (Math.sign(both.rateHz[i % both.rateHz.length]!) === sign ? sum + v : sum),
      0,
    );
  close(half(1) / half(-1), 4, 0.6);
  assert.throws(() => bankTransfer([], units), /no filters/);
});

test('description: direction, axes, separability, low-pass share', () => {
  const upward = describeBank([filter(0.8, -1)], units);
  assert.ok(upward.asymmetry > 0.8);
  assert.ok(describeBank([filter(0.8, 1)], units).asymmetry < -0.8);
  assert.ok(upward.separability > 0.95, String(upward.separability));
  const two = describeBank([filter(0.3, 1.5), filter(1.5, 0.1)], units);
  assert.ok(two.separability < upward.separability);
  assert.equal(two.temporalOnly, 1);
  assert.equal(two.spectralOnly, 1);
  assert.ok(
    describeBank([filter(0.1, 0.1)], units).lowPass > describeBank([filter(1.4, 0.1)], units).lowPass,
  );
  close(two.medianRateHz, (100 / (4 * Math.PI)) * (0.3 * Math.cos(1.5) + 1.5 * Math.cos(0.1)), 1e-9);
  assert.ok(two.nearAxes >= 0 && two.nearAxes <= 1);
  assert.ok(
    describeBank([filter(0.8, 1), filter(0.3, -1)], units, { weights: [1, 0], norm: 'area' }).asymmetry <
      -0.8,
  );
});
