import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitPowerLaw, powerLawCrossing, powerLawError } from 'stm-lab/dist/evaluation';

const sizes = [16, 32, 64, 128, 256];

test('a power law with a floor is found again, and what falls nowhere is all floor', () => {
  const planted = { floor: 0.12, factor: 1.4, exponent: 0.55 };
  const fitted = fitPowerLaw(
    sizes,
    sizes.map((size) => powerLawError(planted, size)),
  );
  assert.ok(Math.abs(fitted.exponent - 0.55) < 0.03, `exponent ${fitted.exponent}`);
  assert.ok(Math.abs(fitted.floor - 0.12) < 0.01, `floor ${fitted.floor}`);
  assert.ok(Math.abs(powerLawError(fitted, 2560) - powerLawError(planted, 2560)) < 0.01);
  const rising = fitPowerLaw(sizes, [0.2, 0.25, 0.3, 0.35, 0.4]);
  assert.deepEqual([rising.factor, Math.round(rising.floor * 1e9) / 1e9], [0, 0.3]);
  // A straight fall in logarithms has no floor.
  const { floor } = fitPowerLaw(
    sizes,
    sizes.map((size) => 2 / size),
  );
  assert.ok(floor < 1e-3, `floor ${floor}`);
});

test('curves cross where their formulas are equal, or not at all', () => {
  // 0.1 + n^-0.5 = 0.2 where n = 100.
  const slow = { floor: 0.1, factor: 1, exponent: 0.5 };
  const flat = { floor: 0.2, factor: 0, exponent: 0.05 };
  const crossing = powerLawCrossing(slow, flat, 10, 10000);
  assert.ok(crossing >= 100 && crossing <= 101.01, `${crossing}`);
  assert.ok(Number.isNaN(powerLawCrossing(slow, flat, 200, 10000)));
  assert.ok(Number.isNaN(powerLawCrossing(slow, slow, 10, 10000)));
});
