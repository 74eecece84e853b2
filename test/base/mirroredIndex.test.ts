import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirroredIndex } from 'stm-lab/dist/base/mirroredIndex';

test('places before the first and after the last value are mirrored, again and again, without repeating an end', () => {
  const places = Array.from({ length: 12 }, (_, i) => mirroredIndex(i - 5, 3));
  // numpy.pad([0, 1, 2], (5, 4), mode="reflect")
  assert.deepEqual(places, [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
  assert.deepEqual([-3, 0, 4].map((place) => mirroredIndex(place, 1)), [0, 0, 0]); // prettier-ignore
});
