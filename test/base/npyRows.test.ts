import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { openNpyRows } from 'stm-lab/dist/base/npyRows';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-rows-'));
const ramp = (rows: number, columns: number, from = 0): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => from + i);

test('rows of one file: a block, a list with runs and repeats, a target of the caller', () => {
  const file = path.join(folder, 'a.npy');
  writeNpy(file, { shape: [10, 2, 3], data: ramp(10, 6) });
  const rows = openNpyRows(file);
  assert.deepEqual([rows.rows, rows.columns, rows.rowShape], [10, 6, [2, 3]]);
  assert.deepEqual(rows.readRows(3, 5), ramp(2, 6, 18));
  assert.deepEqual(rows.readRows(4, 4), new Float32Array(0));
  const listed = rows.readRowList([9, 0, 1, 2, 9]);
  assert.deepEqual([...listed.filter((_, i) => i % 6 === 0)], [54, 0, 6, 12, 54]);
  const target = new Float32Array(20);
  assert.equal(rows.readRows(0, 1, target), target);
  assert.deepEqual([...target.subarray(0, 7)], [0, 1, 2, 3, 4, 5, 0]);
  assert.throws(() => rows.readRows(8, 11), /rows 8 to 11/);
  rows.close();
});

test('shards follow one another in the order of their names; float64 is rounded', () => {
  const shards = path.join(folder, 'shards');
  writeNpy(path.join(shards, 'features-00002.npy'), { shape: [2, 4], data: ramp(2, 4, 12) });
  writeNpy(path.join(shards, 'features-00001.npy'), {
    shape: [3, 4],
    data: Float64Array.from(ramp(3, 4), (value) => value * (1 + 1e-12)),
  });
  const rows = openNpyRows(shards);
  assert.equal(rows.rows, 5);
  assert.deepEqual(rows.readRows(0, 5), ramp(5, 4));
  assert.deepEqual(rows.readRows(2, 4), ramp(2, 4, 8));
  rows.close();
});

test('what is not a feature matrix is named', () => {
  const refused = (name: string, message: RegExp): void =>
    assert.throws(() => openNpyRows(path.join(folder, name)), message);
  refused('none.npy', /no such file/);
  fs.mkdirSync(path.join(folder, 'empty'));
  refused('empty', /no features.npy and no shards/);
  writeNpy(path.join(folder, 'line.npy'), { shape: [3], data: ramp(3, 1) });
  refused('line.npy', /line.npy: is not a matrix \(its shape is 3\)/);
  writeNpy(path.join(folder, 'int.npy'), { shape: [3, 1], data: Int32Array.of(1, 2, 3) });
  refused('int.npy', /float32 or float64/);
  const short = path.join(folder, 'short.npy');
  writeNpy(short, { shape: [4, 4], data: ramp(4, 4) });
  fs.truncateSync(short, fs.statSync(short).size - 4);
  refused('short.npy', /holds 60 data bytes where its header says 64/);
  writeNpy(path.join(folder, 'mixed', 'features-1.npy'), { shape: [2, 4], data: ramp(2, 4) });
  writeNpy(path.join(folder, 'mixed', 'features-2.npy'), { shape: [2, 5], data: ramp(2, 5) });
  refused('mixed', /its rows are 5, those of .*features-1.npy are 4/);
});
