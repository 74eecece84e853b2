import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonRandom, randomState } from 'research-basics/random/mt19937';

test('RandomState(23) gives NumPy 1.26 words, doubles, shuffle and choice', () => {
  const words = randomState(23);
  assert.deepEqual(
    Array.from({ length: 6 }, () => words.uint32()),
    [2221777491, 2873750246, 4067173416, 794519497, 3287624630, 3357287912],
  );
  const doubles = randomState(23);
  assert.deepEqual(
    [doubles.double(), doubles.double(), doubles.double()],
    [0.5172978838465893, 0.9469626038148141, 0.7654597593969069],
  );
  assert.deepEqual(
    [...randomState(23).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])],
    [5, 8, 2, 9, 4, 7, 1, 0, 6, 3],
  );
  assert.deepEqual(
    [...randomState(23).choice(1000, 8)].map((i) => 3 * i),
    [1557, 2511, 624, 1575, 2934, 1749, 1524, 474],
  );
});

test('RandomState(0).randn starts as NumPy documents', () => {
  const state = randomState(0);
  const first = [state.normal(), state.normal(), state.normal()];
  [1.764052345967664, 0.4001572083672233, 0.9787379841057392].forEach((value, i) =>
    assert.ok(Math.abs(first[i]! - value) < 1e-14),
  );
});

test('random.Random(n).random() as CPython prints', () => {
  const expected = [
    0.9248652516259452, 0.7123429878269185, 0.376962302390386, 0.7472912662232836, 0.6484972199788831,
    0.11295717017616302,
  ];
  assert.deepEqual(
    expected.map((_, i) => pythonRandom(23 + i).double()),
    expected,
  );
});

test('interval keeps to its bound and draws nothing for 0', () => {
  const state = randomState(5);
  assert.equal(state.interval(0), 0);
  assert.equal(state.double(), randomState(5).double());
  for (let i = 0; i < 200; i++) assert.ok(state.interval(2 ** 40) <= 2 ** 40);
});
