import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  danfojs,
  fromDataFrame,
  readDataFrame,
  tableHtml,
  tableText,
  toDataFrame,
  writeDataFrame,
} from 'stm-lab/dist/frames';

const rows = [
  { label: 'speech', role: 'train', seconds: 2.5 },
  { label: 'speech', role: 'test', seconds: 1 },
  { label: 'music', role: 'train', seconds: 4 },
  { label: 'speech', role: 'train', seconds: 0.5 },
];

test('rows become a data frame and come back; frames are queried, grouped and joined', () => {
  const frame = toDataFrame(rows);
  assert.deepEqual(frame.shape, [4, 3]);
  assert.deepEqual(fromDataFrame(frame), rows);
  assert.equal(frame['seconds'].sum(), 8);
  assert.deepEqual(fromDataFrame(frame.query(frame['seconds'].gt(2))), [rows[0], rows[2]]);
  const totals = frame.groupby(['label', 'role']).agg({ seconds: ['sum', 'count'] });
  assert.deepEqual(fromDataFrame(totals), [
    { label: 'speech', role: 'train', seconds_sum: 3, seconds_count: 2 },
    { label: 'speech', role: 'test', seconds_sum: 1, seconds_count: 1 },
    { label: 'music', role: 'train', seconds_sum: 4, seconds_count: 1 },
  ]);
  const domains = toDataFrame([{ label: 'music', domain: 'made' }]);
  const joined = danfojs().merge({ left: frame, right: domains, on: ['label'], how: 'inner' });
  assert.deepEqual(fromDataFrame(joined), [{ ...rows[2], domain: 'made' }]);
});

test('missing values: NaN among numbers, nothing in the table and in the file', (context) => {
  const frame = toDataFrame([
    { name: 'a', n: 1, note: undefined },
    { name: 'b', n: undefined, note: 'yes', mixed: 'x' },
    { name: 'c', n: null, mixed: 1 },
  ]);
  assert.deepEqual(fromDataFrame(frame), [
    { name: 'a', n: 1, note: '', mixed: '' },
    { name: 'b', n: NaN, note: 'yes', mixed: 'x' },
    { name: 'c', n: NaN, note: '', mixed: 1 },
  ]);
  assert.match(tableHtml(frame), /<td style="text-align:left">b<\/td><td style="text-align:right"><\/td>/);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-frames-'));
  context.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 't ü.csv');
  writeDataFrame(file, frame);
  assert.equal(fs.readFileSync(file, 'utf8'), 'name,n,note,mixed\na,1,,\nb,,yes,x\nc,,,1\n');
  assert.deepEqual(fromDataFrame(readDataFrame(file)), [
    { name: 'a', n: 1, note: '', mixed: '' },
    { name: 'b', n: NaN, note: 'yes', mixed: 'x' },
    { name: 'c', n: NaN, note: '', mixed: '1' },
  ]);
});

test('an empty table keeps its columns; one without any, a feature matrix and a name that is taken are refused', () => {
  assert.deepEqual(toDataFrame([], ['a', 'b']).columns, ['a', 'b']);
  assert.match(tableHtml(toDataFrame([], ['a'])), /no rows/);
  assert.throws(() => toDataFrame([]), /neither rows nor columns/);
  assert.throws(() => toDataFrame(Array<{ a: number }>(2_000_001).fill({ a: 1 })), /2000001 x 1 cells/);
  for (const name of ['values', 'count', 'query', '$data'])
    assert.throws(() => toDataFrame([{ [name]: 1 }]), /have a method of this name; rename/, name);
});

test('the first rows are shown, their total said, numbers aligned, text escaped', () => {
  const many = toDataFrame(Array.from({ length: 30 }, (_, i) => ({ name: '<i>', x: -i / 2 })));
  const html = tableHtml(many, { caption: 'Scores', decimals: 1 });
  assert.match(html, /<caption[^>]*>Scores \(first 20 of 30 rows\)</);
  assert.equal(html.match(/<tr>/g)!.length, 21);
  assert.match(html, /<td style="text-align:left">&lt;i&gt;<\/td><td style="text-align:right">−0\.5</);
  assert.doesNotMatch(tableHtml(many, { rows: 30 }), /first/);
  assert.equal(
    tableText([
      { a: 'x', n: 5 },
      { a: 'yy', n: 12 },
    ]),
    'a    n\nx    5\nyy  12',
  );
  assert.equal(inspect(many).split('\n').length, 22);
  assert.match(tableText(toDataFrame([{ x: 1 }, { x: 3 }]).describe()), /^ +x\ncount +2\.?/);
});

/** What a program prints that runs with the compiled library. */
function run(program: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: __dirname,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

test('danfojs is loaded on first use, quietly, beside one TensorFlow, and the engine can be chosen afterwards', async () => {
  const { name: engine } = await loadEngine();
  for (const prefer of ['wasm', engine]) {
    const printed = run(`
    const { frames, loadEngine } = require('stm-lab');
    const loaded = (name) => Object.keys(require.cache).some((file) => file.includes('node_modules/' + name + '/'));
    console.log(loaded('danfojs-node'), loaded('@tensorflow/tfjs-core'));
    const frame = frames.toDataFrame([{ a: 1.5 }, { a: 2.5 }]);
    console.log(loaded('danfojs-node'), frame.mean({ axis: 0 }).values, frame.add(1).values.join(' '));
    loadEngine({ prefer: '${prefer}' }).then(({ tf, name }) =>
      console.log(name, frames.danfojs().tensorflow.engine() === tf.engine(), tf.getBackend(), frame.add(1).values.join(' ')));`);
    const backend = prefer === 'native' ? 'tensorflow' : prefer;
    assert.equal(printed, `false false\ntrue [ 2 ] 2.5 3.5\n${prefer} true ${backend} 2.5 3.5\n`);
  }
});

test('without danfojs: one sentence with the fix', () => {
  const printed = run(`
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name === 'danfojs-node') throw new Error('Cannot find module');
      return load(name, ...rest);
    };
    try {
      require('stm-lab/dist/frames').toDataFrame([{ a: 1 }]);
    } catch (error) {
      console.log(error.kind, error.message);
    }`);
  assert.match(printed, /^environment danfojs cannot be loaded \(Cannot find module\); run "npm run doctor"/);
});
