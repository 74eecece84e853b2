import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scorableByCollection, withoutSharedGroups } from 'stm-lab/dist/splits';

test('a class whose recordings all come from one collection is named, and its rows are left out', () => {
  const labels = ['b', 'a', 'é', 'a', 'b', 'é', 'b'];
  const collections = ['one', 'one', 'three', 'two', '', 'three', 'one'];
  const { rows, collections: count, notScorable } = scorableByCollection(labels, collections);
  assert.deepEqual(notScorable, ['é']);
  assert.deepEqual([...rows], [0, 1, 3, 4, 6]);
  // An empty name is a collection too.
  assert.equal(count, 3);
  assert.throws(() => scorableByCollection(labels, ['one']), /1 for 7 labels/);
});

test('a group of two collections is not in training while one of them is tested', () => {
  const groups = ['s1', 's2', 's1', 's3', 's2'];
  assert.deepEqual([...withoutSharedGroups(Int32Array.of(0, 1, 3), Int32Array.of(2), groups)], [1, 3]);
  assert.deepEqual([...withoutSharedGroups(Int32Array.of(0, 1), Int32Array.of(3), groups)], [0, 1]);
});
