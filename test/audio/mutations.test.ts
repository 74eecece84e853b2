import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMutations } from './mutations';

test('damaged recordings of all formats are read or refused in one clear sentence', async () => {
  const { count, read, refused, faults } = await runMutations(72, 7);
  assert.deepEqual(faults, []);
  assert.equal(read + refused, count);
  assert.ok(read > 10 && refused > 10, `${read} read, ${refused} refused`);
});
