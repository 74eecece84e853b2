import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { countBy, fromDataFrame, readDataFrame, toDataFrame } from 'stm-lab/dist/corpus/table';

const rows = [
  { label: 'speech', role: 'train', seconds: 2.5 },
  { label: 'speech', role: 'test', seconds: 1 },
  { label: 'music', role: 'train', seconds: 4 },
  { label: 'speech', role: 'train', seconds: 0.5 },
];

test('records become a data frame and come back; combinations are counted', async (t) => {
  if ((await loadEngine()).name !== 'native') return t.skip('native TensorFlow is not installed');
  const frame = toDataFrame(rows);
  assert.deepEqual(frame.shape, [4, 3]);
  assert.deepEqual(fromDataFrame(frame), rows);
  assert.equal(frame['seconds'].sum(), 8);
  assert.deepEqual(countBy(frame, ['label', 'role']), [
    { label: 'speech', role: 'train', count: 2 },
    { label: 'speech', role: 'test', count: 1 },
    { label: 'music', role: 'train', count: 1 },
  ]);
  assert.throws(() => countBy(frame, ['mood']), /no column "mood"/);
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'stm-table-')), 't.csv');
  fs.writeFileSync(file, 'name,n,mixed\na,1,1\nb,2.5,x\n');
  assert.deepEqual(fromDataFrame(readDataFrame(file)), [
    { name: 'a', n: 1, mixed: '1' },
    { name: 'b', n: 2.5, mixed: 'x' },
  ]);
});

test('an empty table and a feature matrix are refused', () => {
  assert.throws(() => toDataFrame([]), /no rows/);
  assert.throws(() => toDataFrame(Array<{ a: number }>(2_000_001).fill({ a: 1 })), /2000001 x 1 cells/);
});

test('without danfojs: one sentence with the cure', () => {
  const script = `
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name === 'danfojs-node') throw new Error('libtensorflow.so.2: cannot open shared object file');
      return load(name, ...rest);
    };
    try {
      require('stm-lab/dist/corpus/table').toDataFrame([{ a: 1 }]);
    } catch (error) {
      console.log(error.kind, error.message);
    }`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.match(stdout, /^environment danfojs cannot be loaded \(libtensorflow.*npm run doctor/);
});
