import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { rowsOfFile } from 'stm-lab/dist/base/finiteRows';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { vectorStarts } from 'stm-lab/dist/models';
import { fitExcerptModel, predictExcerptModel } from 'stm-lab/dist/pipeline/excerptModel/fit';
import { temporaryFolder } from './support';

const folder = temporaryFolder('streamed-excerpts');
const limit = process.env['STM_LAB_ROWS_MB'];
after(() => {
  fs.rmSync(folder, { recursive: true, force: true });
  if (limit === undefined) delete process.env['STM_LAB_ROWS_MB'];
  else process.env['STM_LAB_ROWS_MB'] = limit;
});

const RECORDINGS = 3000;
const COLUMNS = 4;

// More excerpts than are read at once.
test('an excerpt model fitted to a file of excerpts has the bits of one fitted in memory', async () => {
  const random = randomState(5);
  const excerpts = Int32Array.from({ length: RECORDINGS }, () => 1 + random.interval(5));
  const starts = vectorStarts({ rows: RECORDINGS, excerpts });
  const y = Int32Array.from({ length: RECORDINGS }, (_, i) => i % 3);
  const vectors = new Float32Array(starts[RECORDINGS]! * COLUMNS);
  y.forEach((kind, i) => {
    for (let v = starts[i]!; v < starts[i + 1]!; v++)
      for (let j = 0; j < COLUMNS; j++) vectors[v * COLUMNS + j] = random.normal() + Number(j === kind);
  });
  const file = path.join(folder, 'excerpts.npy');
  writeNpy(file, { data: vectors, shape: [starts[RECORDINGS]!, COLUMNS] });
  const task = {
    ...{ vectors, columns: COLUMNS, starts, y, classes: ['a', 'b', 'c'] },
    collections: Array.from(y, (_, i) => `archive ${Math.floor(i / 3) % 4}`),
  };
  const choice = {
    ...{ rateSmoothing: 0, foldRates: false, components: 3, collectionBalance: 0.5, calibrationFolds: 2 },
    among: [{ C: [0.1] }, { shrinkage: [0.5] }],
  };
  const rows = Int32Array.from(y.keys());
  const [train, asked] = [rows.filter((row) => row % 5 > 0), rows.filter((row) => row % 5 < 3)];
  const memory = await fitExcerptModel(task, choice, train, 1);
  const told = await predictExcerptModel(memory, task, asked, 3);
  process.env['STM_LAB_ROWS_MB'] = '0';
  const stream = { ...task, vectors: rowsOfFile(file), scratch: folder };
  const streamed = await fitExcerptModel(stream, choice, train, 1);
  assert.deepEqual(streamed, memory);
  assert.deepEqual(await predictExcerptModel(memory, stream, asked, 3), told);
  assert.deepEqual(fs.readdirSync(folder), ['excerpts.npy'], 'nothing is left behind');
});
