import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridAxis, gridStep } from 'stm-lab/dist/features/strf/grid';
import { gaborKernel, kernelEnergy, kernelFactors, type GaborFilter } from 'stm-lab/dist/features/strf/gabor';
import { classicalFilters, classicalKernel, initialFilters } from 'stm-lab/dist/features/strf/initial';
import { close, golden, goldenFilter, SHAPE } from './fixtures';

const sum = (values: Float64Array, of: (x: number) => number): number =>
  values.reduce((total, x) => total + of(x), 0);

for (const { filter, grid, taps, sums } of golden.kernels)
  test(`kernel ${filter}, ${grid} grid: published taps and sums`, () => {
    const { real, imaginary } = gaborKernel(goldenFilter(filter), SHAPE, { grid, norm: 'area' });
    for (const [i, j, re, im] of taps) {
      close(real[i! * 111 + j!]!, re!, 1e-12);
      close(imaginary[i! * 111 + j!]!, im!, 1e-12);
    }
    close(
      sum(real, (x) => x),
      sums[0]!,
      6e-11,
    );
    close(
      sum(real, (x) => x * x),
      sums[1]!,
      1e-12,
    );
    close(
      sum(imaginary, (x) => x * x),
      sums[2]!,
      1e-12,
    );
  });

test('centred kernels are point-symmetric, imaginary ones antisymmetric; turning the angle mirrors frequency', () => {
  const [c, d] = [goldenFilter('C'), goldenFilter('D')].map((filter) => gaborKernel(filter, SHAPE));
  for (let i = 0; i < 9; i++)
    for (let j = 0; j < 111; j++) {
      const opposite = (8 - i) * 111 + (110 - j);
      close(c!.real[i * 111 + j]!, c!.real[opposite]!, 1e-15);
      close(c!.imaginary[i * 111 + j]!, -c!.imaginary[opposite]!, 1e-15);
      close(d!.real[i * 111 + j]!, c!.real[(8 - i) * 111 + j]!, 1e-15);
      close(d!.imaginary[i * 111 + j]!, c!.imaginary[(8 - i) * 111 + j]!, 1e-15);
    }
});

for (const grid of ['centred', 'authors'] as const)
  test(`complex kernels are a product of two factors, ${grid} grid`, () => {
    const filter = goldenFilter('C');
    const { frequency, time } = kernelFactors(filter, SHAPE, grid);
    const area = gaborKernel(filter, SHAPE, { grid, norm: 'area' });
    const scale = 1 / (2 * Math.PI * filter.sigmaFrequency * filter.sigmaTime);
    for (let i = 0; i < 9; i++)
      for (let j = 0; j < 111; j++) {
        const re = frequency.real[i]! * time.real[j]! - frequency.imaginary[i]! * time.imaginary[j]!;
        const im = frequency.real[i]! * time.imaginary[j]! + frequency.imaginary[i]! * time.real[j]!;
        close(area.real[i * 111 + j]!, scale * re, 1e-15);
        close(area.imaginary[i * 111 + j]!, scale * im, 1e-15);
      }
  });

test('unit-energy kernels have energy 1 and the shape of the published ones', () => {
  const filter = goldenFilter('B');
  const unit = gaborKernel(filter, SHAPE);
  const area = gaborKernel(filter, SHAPE, { norm: 'area' });
  close(kernelEnergy(unit), 1, 1e-14);
  const factor = unit.real[4 * 111 + 55]! / area.real[4 * 111 + 55]!;
  unit.real.forEach((x, at) => close(x, factor * area.real[at]!, 1e-14));
});

test('both grids: positions, steps, and taps that cannot be centred', () => {
  assert.deepEqual([...gridAxis(9, 'authors')], [-4, -2.875, -1.75, -0.625, 0.5, 1.625, 2.75, 3.875, 5]);
  assert.deepEqual([...gridAxis(5)], [-2, -1, 0, 1, 2]);
  close(gridStep(111, 'authors'), 111 / 110, 1e-15);
  assert.equal(gridStep(8, 'authors'), 1);
  assert.throws(() => gridAxis(8), /kernel of 8 taps: give an odd number from 1/);
});

test('starting filters: ranges and medians of the published laws, repeatable, others with another seed', () => {
  const filters = initialFilters(20000, { seed: 3 });
  const median = (of: (filter: GaborFilter) => number): number =>
    filters.map(of).sort((a, b) => a - b)[10000]!;
  for (const { carrier, angle, sigmaFrequency, sigmaTime } of filters) {
    assert.ok(carrier > 0.28185 - 1e-5 && carrier <= Math.PI / 2 && angle > -Math.PI && angle <= Math.PI);
    assert.ok(Math.min(sigmaFrequency, sigmaTime) >= 2 && Math.max(sigmaFrequency, sigmaTime) < 15.717);
  }
  close(
    median((f) => f.carrier),
    0.667,
    0.01,
  );
  close(
    median((f) => f.sigmaTime),
    5.6,
    0.1,
  );
  close(
    median((f) => f.angle),
    0,
    0.06,
  );
  assert.deepEqual(initialFilters(3, { seed: 3 }), filters.slice(0, 3));
  assert.notDeepEqual(initialFilters(3, { seed: 4 }), filters.slice(0, 3));
  const rayleigh = initialFilters(20000, { carriers: 'rayleigh' }).map(({ carrier }) => carrier);
  close(rayleigh.reduce((a, b) => a + b, 0) / 20000, 1.1 * Math.sqrt(Math.PI / 2), 0.02);
});

test('classical kernels: carriers and angles of the bank, energy unaffected by turning', () => {
  const bank = classicalFilters(200, 2);
  assert.equal(new Set(bank.map(({ carrier }) => carrier)).size, 5);
  assert.equal(new Set(bank.map(({ angle }) => angle)).size, 8);
  const turned = [0, 3, 7].map((i) =>
    kernelEnergy(
      classicalKernel(
        { carrier: 1, angle: (i * Math.PI) / 8, phase: 0.3 },
        { frequencyTaps: 41, timeTaps: 41 },
      ),
    ),
  );
  turned.forEach((energy) => close(energy, turned[0]!, 1e-12));
  const { real } = classicalKernel({ carrier: 1, angle: 0, phase: 0 }, { frequencyTaps: 5, timeTaps: 5 });
  close(real[13]!, (Math.exp(-1 / (2 * Math.PI ** 2)) * Math.cos(1)) / (2 * Math.PI ** 3), 1e-15);
});
