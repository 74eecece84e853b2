import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partOfComparison } from 'stm-lab/dist/pipeline/comparison';

const whole = { folds: 10, seeds: 5, reference: 'b', rows: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };

test('part of a comparison: rows in their order with the reference always there, folds and repeats replaced', () => {
  assert.equal(partOfComparison(whole, undefined), whole);
  assert.equal(partOfComparison(undefined, { seeds: 1 }), undefined);
  const part = partOfComparison(whole, { rows: ['c'], seeds: 1 })!;
  assert.deepEqual(
    part.rows.map(({ name }) => name),
    ['b', 'c'],
  );
  const combining = { ...whole, rows: [...whole.rows, { name: 'all', combine: ['a', 'c'] }] };
  assert.equal(partOfComparison(combining, { rows: ['all'] })!.rows.length, 4);
  assert.deepEqual([part.folds, part.seeds, part.reference], [10, 1, 'b']);
  assert.throws(() => partOfComparison(whole, { rows: ['d'] }), /"d": there is none; rows are a, b, c/);
});
