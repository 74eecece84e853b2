import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readNpy, writeNpy } from 'stm-lab/dist/base/npy';
import { importEmbeddings, type ImportEmbeddingsOptions } from 'stm-lab/dist/features';
import { openFeatureFolder } from 'stm-lab/dist/pipeline';
import { rowFor } from './corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-embeddings-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const rows = ['a.wav', 'b.wav', 'c.wav', 'd.wav'].map((name, i) => rowFor(path.join(folder, name), i));

function prepare(name: string, paths: string[], values: number[]): ImportEmbeddingsOptions {
  const own = path.join(folder, name);
  fs.mkdirSync(own);
  const index = path.join(own, 'index.csv');
  fs.writeFileSync(index, `name,path\n${paths.map((p) => `x,${p}\n`).join('')}`);
  const matrix = path.join(own, 'vggish.npy');
  writeNpy(matrix, { shape: [values.length / 2, 2], data: Float64Array.from(values) });
  return { rows, matrix, index, name: 'VGGish', outFolder: path.join(own, 'out') };
}

test('embeddings in any order become a feature folder in manifest order; missing and unknown ones are named', () => {
  const options = prepare('good', ['d.wav', 'other.wav', 'a.wav', 'c.wav'], [7, 8, 0, 0, 1, 2, 5, 6]);
  const { accepted, rejected, unknown, columns } = importEmbeddings(options);
  assert.deepEqual([accepted, columns, unknown], [3, 2, ['other.wav']]);
  assert.deepEqual(rejected, [{ path: 'b.wav', reason: 'has no VGGish embedding' }]);
  assert.deepEqual(readCsv(path.join(options.outFolder, 'rejected.csv')).rows, rejected);
  const written = readNpy(path.join(options.outFolder, 'features.npy'));
  assert.deepEqual(written.data, Float32Array.from([1, 2, 5, 6, 7, 8]));
  const opened = openFeatureFolder(options.outFolder);
  assert.deepEqual(
    opened.index.map((row) => [row.path, row.label, row.group]),
    [rows[0]!, rows[2]!, rows[3]!].map((row) => [row.path, row.label, row.group]),
  );
  opened.matrix.close();
});

test('an embedding that is not finite costs its recording alone', () => {
  const options = prepare(
    'one-nan',
    ['a.wav', 'b.wav', 'c.wav', 'd.wav'],
    [1, 2, 3, NaN, -Infinity, 6, 7, 8],
  );
  const { accepted, rejected } = importEmbeddings(options);
  assert.equal(accepted, 2);
  assert.deepEqual(rejected, [
    { path: 'b.wav', reason: 'column 1 of its VGGish embedding is NaN' },
    { path: 'c.wav', reason: 'column 0 of its VGGish embedding is -Infinity' },
  ]);
  const { data } = readNpy(path.join(options.outFolder, 'features.npy'));
  assert.deepEqual(data, Float32Array.from([1, 2, 7, 8]));
  assert.deepEqual(
    readCsv(path.join(options.outFolder, 'index.csv')).rows.map((row) => row['path']),
    ['a.wav', 'd.wav'],
  );
});

test('what does not belong together is refused in one sentence', () => {
  assert.throws(
    () => importEmbeddings(prepare('short', ['a.wav', 'b.wav'], [1, 2])),
    /vggish\.npy: has 1 rows but .*index\.csv lists 2 recordings/,
  );
  assert.throws(
    () => importEmbeddings(prepare('nan', ['a.wav', 'b.wav'], [Infinity, 2, 3, NaN])),
    /vggish\.npy: none of its rows is finite \(a\.wav: column 0 of its VGGish embedding is Infinity\)/,
  );
  assert.ok(!fs.existsSync(path.join(folder, 'nan', 'out', 'extraction.json')));
  assert.throws(
    () => importEmbeddings(prepare('twice', ['a.wav', 'a.wav'], [1, 2, 3, 4])),
    /a\.wav is listed twice \(rows 1 and 2\)/,
  );
  assert.throws(
    () => importEmbeddings(prepare('foreign', ['x/a.wav'], [1, 2])),
    /no path is one of the manifest's/,
  );
  const options = prepare('columns', ['a.wav'], [1, 2]);
  fs.writeFileSync(options.index, 'file\na.wav\n');
  assert.throws(() => importEmbeddings(options), /has no column "path"/);
});
