import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undersample } from 'stm-lab/dist/splits';

// Rows 0, 3, 6, ... of 3,000 are of the class: the draws printed by NumPy 1.26 for seed 23.
const labels = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? 'speech: non-tonal' : 'other'));

test('the rows drawn are those of numpy.random.choice, all others stay in order', () => {
  const kept = undersample({ labels, label: 'speech: non-tonal', keep: 8 });
  assert.equal(kept.length, 2008);
  assert.ok(kept.every((row, i) => i === 0 || row > kept[i - 1]!));
  assert.deepEqual(
    [...kept].filter((row) => row % 3 === 0),
    [2511, 1749, 1557, 2934, 624, 474, 1524, 1575].sort((a, b) => a - b),
  );
});

test('another seed draws others; a class that is small enough stays whole; nonsense is named', () => {
  const other = undersample({ labels, label: 'speech: non-tonal', keep: 8, seed: 24 });
  assert.ok(!other.includes(1557) || !other.includes(2511));
  assert.equal(undersample({ labels, label: 'other', keep: 2000 }).length, 3000);
  assert.throws(() => undersample({ labels, label: 'music', keep: 3 }), /no recording has the label "music"/);
  assert.throws(() => undersample({ labels, label: 'other', keep: 0 }), /keep 0 must be/);
});
