import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { readSnapshot, writeSnapshot } from 'stm-lab/dist/base/snapshot';

test('a snapshot is read back exactly; the one before is removed; strangers and damage are refused', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-snapshot-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  assert.equal(readSnapshot(folder, 'a'), undefined);
  const first = { arrays: { values: Float32Array.of(1, NaN, -0), slot: Float32Array.of() }, progress: 1 };
  writeSnapshot(folder, 'a', first);
  assert.deepEqual(readSnapshot(folder, 'a'), first);
  // A kill between the two files: the old pair still stands.
  const kept = fs.readFileSync(path.join(folder, 'snapshot.json'));
  const second = {
    arrays: { values: Float32Array.of(3, 4) },
    progress: { epoch: 2, best: [0.5, NaN, -Infinity] },
  };
  writeSnapshot(folder, 'a', second);
  assert.deepEqual(readSnapshot(folder, 'a'), second);
  assert.equal(fs.readdirSync(folder).length, 2);
  fs.writeFileSync(path.join(folder, 'snapshot.json'), kept);
  assert.throws(() => readSnapshot(folder, 'a'), /snapshot-[0-9a-f]{16}\.npy/);
  writeSnapshot(folder, 'a', second);
  assert.throws(() => readSnapshot(folder, 'b'), /another network/);
  const data = fs.readdirSync(folder).find((name) => name.endsWith('.npy'))!;
  const bytes = fs.readFileSync(path.join(folder, data));
  bytes[bytes.length - 1]! ^= 1;
  fs.writeFileSync(path.join(folder, data), bytes);
  assert.throws(() => readSnapshot(folder, 'a'), /is damaged/);
});
