import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import type { Space, Values } from 'bayesian-optimizer';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';
import {
  kernelWidths,
  parzenDensity,
  recencyWeights,
} from '../../lib/bayesian-optimizer/dist/numerics/parzen';

const space: Space = {
  rate: { type: 'float', min: 1e-5, max: 1e-1, scale: 'log' },
  drop: { type: 'float', min: 0, max: 0.5 },
  units: { type: 'int', min: 32, max: 512, step: 32 },
  width: { type: 'int', min: 8, max: 300, scale: 'log' },
  kind: { type: 'categorical', choices: ['a', 'b', 'c'] },
};
const { coders } = spaceCoder(space);

test("the joint density is Optuna's, for no, few and many observations", () => {
  const file = join(__dirname, '..', 'golden', 'search', 'parzen.json');
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
    cases: { observed: Values[]; points: Values[]; logDensity: number[] }[];
  };
  for (const { observed, points, logDensity } of cases) {
    const some = coders.filter(({ name }) => name in points[0]!);
    const unitsOf = (values: Values): Float64Array =>
      Float64Array.from(some, (coder) => coder.toUnit(values[coder.name]!));
    const density = parzenDensity(some, observed.map(unitsOf));
    points.forEach((point, i) => {
      const difference = Math.abs(density.logAt(unitsOf(point)) - logDensity[i]!);
      assert.ok(difference < 1e-9, `${observed.length} observations, point ${i}: ${difference} apart`);
    });
  }
});

test('densities sum to one, and draws follow them', () => {
  const random = randomState(3);
  const pair = coders.filter(({ name }) => name === 'kind' || name === 'width');
  const rows = [
    [9, 'a'],
    [9, 'b'],
    [250, 'b'],
  ].map((values) => Float64Array.from(pair, (coder, i) => coder.toUnit(values[i]!)));
  const density = parzenDensity(pair, rows);
  const [width, kind] = pair;
  let total = 0;
  let low = 0;
  for (let i = 0; i < width!.size; i++) {
    for (let j = 0; j < kind!.size; j++) {
      const mass = Math.exp(density.logAt(Float64Array.of(width!.unitOf(i), kind!.unitOf(j))));
      total += mass;
      if (Number(width!.fromUnit(width!.unitOf(i))) < 20) low += mass;
    }
  }
  assert.ok(Math.abs(total - 1) < 1e-9, `sum ${total}`);
  const draws = Array.from({ length: 4000 }, () => density.draw(random));
  const share = draws.filter((units) => Number(width!.fromUnit(units[0]!)) < 20).length / draws.length;
  assert.ok(Math.abs(share - low) < 4 * Math.sqrt((low * (1 - low)) / draws.length), `${share}, not ${low}`);
});

test('kernels are as wide as the larger gap, the outermost as their one gap, none below 1 / (n + 2)', () => {
  assert.deepEqual([...kernelWidths([0.25])], [0.75]);
  assert.deepEqual([...kernelWidths([0.5, 0])], [0.5, 0.5]);
  assert.deepEqual([...kernelWidths([0.875, 0, 0.5, 0.5])], [0.375, 0.5, 0.5, 0.375]);
  assert.deepEqual([...kernelWidths([0.25, 0.25])], [0.25, 0.25]);
});

test('the last 25 observations weigh the same, older ones less and less', () => {
  assert.deepEqual([...recencyWeights(3)], [1, 1, 1]);
  const weights = recencyWeights(30);
  assert.ok(weights.subarray(5).every((w) => w === 1));
  assert.deepEqual([...weights.subarray(0, 5)], [1 / 30, 0.275, 31 / 60, 0.7583333333333333, 1]);
});
