import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { cohensD } from 'stm-lab/dist/figures';

test('d of two small groups equals the value worked by hand', () => {
  // first: 2, 4, 6 (mean 4, s² 4); second: 1, 2, 3, 6 (mean 3, s² 14/3); pooled s² = (8 + 14) / 5
  const data = Float64Array.of(2, 4, 6, 1, 2, 3, 6);
  const d = cohensD(data, 1, [0, 1, 2], [3, 4, 5, 6]);
  assert.ok(Math.abs(d[0] - 1 / Math.sqrt(22 / 5)) < 1e-14);
  const published = cohensD(data, 1, [0, 1, 2], [3, 4, 5, 6], { deviation: 'published' });
  assert.ok(Math.abs(published[0] - 1 / 2) < 1e-14);
});

test('swapping the groups changes the sign alone, except in the published formula', () => {
  const random = randomState(3);
  const columns = 5;
  const data = Float32Array.from({ length: 40 * columns }, (_, i) => random.normal() * (i < 100 ? 1 : 3));
  const first = Array.from({ length: 20 }, (_, i) => i);
  const second = first.map((i) => i + 20);
  const forward = cohensD(data, columns, first, second);
  const backward = cohensD(data, columns, second, first);
  forward.forEach((value, j) => assert.ok(Math.abs(value + backward[j]) < 1e-12));
  const a = cohensD(data, columns, first, second, { deviation: 'published' });
  const b = cohensD(data, columns, second, first, { deviation: 'published' });
  assert.ok(a.some((value, j) => Math.abs(Math.abs(value) - Math.abs(b[j])) > 0.05));
});

test('two normal groups one deviation apart give d near 1, also far from zero', () => {
  const random = randomState(11);
  const n = 20000;
  const data = Float64Array.from({ length: 2 * n }, (_, i) => 1e6 + random.normal() + (i < n ? 1 : 0));
  const rows = Array.from({ length: 2 * n }, (_, i) => i);
  const [d] = cohensD(data, 1, rows.slice(0, n), rows.slice(n));
  // standard error of d is sqrt(2/n + d²/4n) = 0.0106
  assert.ok(Math.abs(d - 1) < 0.04, String(d));
});

test('a constant feature has no d; a group of one is refused', () => {
  const data = Float64Array.of(1, 5, 1, 6, 1, 7, 1, 9);
  const d = cohensD(data, 2, [0, 1], [2, 3]);
  assert.ok(Number.isNaN(d[0]));
  assert.ok(Number.isFinite(d[1]));
  assert.throws(() => cohensD(data, 2, [0], [1, 2]), /first group has 1 recordings; give at least 2/);
  assert.throws(() => cohensD(data, 2, [0, 4], [1, 2]), /row 4 of the first group/);
});
