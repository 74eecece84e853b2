import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { rowsOfFile } from 'stm-lab/dist/base/finiteRows';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  fitMlp,
  predictProbabilities,
  type FitTask,
  type LabelledRows,
  type StreamedRows,
} from 'stm-lab/dist/models';
import { chosenRows, fitsInMemory, mappedRows } from 'stm-lab/dist/reduction';
import { temporaryFolder } from '../pipeline/support';

const folder = temporaryFolder('streamed');
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const COLUMNS = 6;
const random = randomState(3);

function rowsOf(rows: number, excerpts?: Int32Array): LabelledRows {
  const vectors = excerpts?.reduce((sum, count) => sum + count, 0) ?? rows;
  return {
    x: Float32Array.from({ length: vectors * COLUMNS }, () => random.normal()),
    y: Int32Array.from({ length: rows }, () => random.interval(2)),
    rows,
    columns: COLUMNS,
    ...(excerpts === undefined ? {} : { excerpts }),
  };
}

let files = 0;
function onDisk(data: LabelledRows): StreamedRows & { readonly file: string } {
  const file = path.join(folder, `rows-${files++}.npy`);
  writeNpy(file, { data: data.x, shape: [data.x.length / COLUMNS, COLUMNS] });
  return { ...data, x: rowsOfFile(file, { nameOf: (row) => `recording ${row}.wav` }), file };
}

const spec = {
  family: 'dropout',
  inputs: COLUMNS,
  hidden: [{ units: 8, dropout: 0.1 }],
  classes: 3,
} as const;
const options = { epochs: 3, batchSize: 8, accumulation: 2, learningRate: 0.01, inputNoise: 0.1, mixup: 0.2 };

test('a network trained on rows of a file has the bits of one trained in memory', async () => {
  const engine = await loadEngine();
  const [train, trailing, validation] = [rowsOf(50), rowsOf(13), rowsOf(1100)];
  const memory = await fitMlp(engine, { spec, train, trailing, validation, options });
  const stream = { train: onDisk(train), trailing: onDisk(trailing), validation: onDisk(validation) };
  const streamed = await fitMlp(engine, { spec, ...stream, options });
  assert.deepEqual(streamed.model.weights, memory.model.weights);
  assert.deepEqual(streamed.history, memory.history);
  assert.deepEqual(
    predictProbabilities(engine, memory.model, stream.validation.x, validation.rows),
    predictProbabilities(engine, memory.model, validation.x, validation.rows),
  );
});

test('the same with attention over the excerpts of each row', async () => {
  const engine = await loadEngine();
  const counts = (rows: number): Int32Array =>
    Int32Array.from({ length: rows }, () => 1 + random.interval(3));
  const [train, validation] = [rowsOf(20, counts(20)), rowsOf(15, counts(15))];
  const own: Omit<FitTask, 'train' | 'validation'> = { spec: { ...spec, attention: { units: 3 } }, options };
  const memory = await fitMlp(engine, { ...own, train, validation });
  const streamed = await fitMlp(engine, { ...own, train: onDisk(train), validation: onDisk(validation) });
  assert.deepEqual(streamed.model.weights, memory.model.weights);
  assert.deepEqual(streamed.history, memory.history);
});

test('a checkpoint of a training in memory is continued from a file', async () => {
  const engine = await loadEngine();
  const train = rowsOf(40);
  const checkpoint = { folder: path.join(folder, 'checkpoint') };
  const whole = await fitMlp(engine, { spec, train, options });
  const stop = new AbortController();
  const stopped = { spec, train, options, checkpoint, signal: stop.signal, onEpoch: () => stop.abort() };
  await assert.rejects(fitMlp(engine, stopped), { kind: 'interrupted' });
  const resumed = await fitMlp(engine, { spec, train: onDisk(train), options, checkpoint });
  assert.equal(resumed.resumed, 1);
  assert.deepEqual(resumed.model.weights, whole.model.weights);
});

test('rows chosen and mapped while they are read are those of the file', () => {
  const data = rowsOf(9);
  const source = onDisk(data).x as Exclude<StreamedRows['x'], Float32Array>;
  const view = mappedRows(chosenRows(source, Int32Array.of(7, 2, 3)), 1, (block) =>
    Float32Array.from({ length: block.length / COLUMNS }, (_, row) => 2 * block[row * COLUMNS]!),
  );
  const first = (row: number): number => 2 * data.x[row * COLUMNS]!;
  assert.deepEqual([...view.readRowList([2, 0])], [first(3), first(7)].map(Math.fround));
  const target = new Float32Array(3).fill(-1);
  assert.deepEqual([...view.readRowList([1], target)], [first(2), -1, -1].map(Math.fround));
});

test('a file that holds a value that is no number, was replaced or has other rows is refused by name', async () => {
  const engine = await loadEngine();
  const data = rowsOf(30);
  const bad = { ...data, x: data.x.slice() };
  bad.x[17 * COLUMNS + 2] = NaN;
  await assert.rejects(
    fitMlp(engine, { spec, train: onDisk(bad), options }),
    /rows-\d+\.npy: row 17 \(recording 17\.wav\) holds NaN in column 2/,
  );
  await assert.rejects(
    fitMlp(engine, { spec, train: { ...onDisk(data), rows: 29, y: data.y.slice(1) }, options }),
    /training rows: .*rows-\d+\.npy gives 30 rows of 6 values, but 29 of 6 are needed/,
  );
  const replaced = onDisk(data);
  writeNpy(replaced.file, { data: data.x.slice(COLUMNS), shape: [29, COLUMNS] });
  await assert.rejects(
    fitMlp(engine, { spec, train: replaced, options }),
    /was changed while its rows were in use/,
  );
});

test('STM_LAB_ROWS_MB says how large a matrix may be in memory', (t) => {
  const before = process.env['STM_LAB_ROWS_MB'];
  t.after(() => {
    if (before === undefined) delete process.env['STM_LAB_ROWS_MB'];
    else process.env['STM_LAB_ROWS_MB'] = before;
  });
  delete process.env['STM_LAB_ROWS_MB'];
  assert.ok(fitsInMemory(110_000, 2420));
  assert.ok(!fitsInMemory(111_000, 2420));
  process.env['STM_LAB_ROWS_MB'] = '1';
  assert.ok(fitsInMemory(2 ** 18, 1));
  assert.ok(!fitsInMemory(2 ** 18 + 1, 1));
  process.env['STM_LAB_ROWS_MB'] = 'many';
  assert.throws(() => fitsInMemory(1, 1), /STM_LAB_ROWS_MB is "many": must be a number of MB from 0/);
});
