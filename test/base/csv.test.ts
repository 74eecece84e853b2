import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { readCsv, writeCsv } from 'stm-lab/dist/base/csv';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-csv-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'table.csv');
const read = (text: string): ReturnType<typeof readCsv> => {
  fs.writeFileSync(file, text);
  return readCsv(file);
};

test('what was written is read, whatever the cells hold', () => {
  const rows = [
    { name: 'a,b', text: 'two\nlines, "quoted"' },
    { name: '=SUM(A1)', text: '' },
    { name: '鳥 🐦', text: '\ttab' },
  ];
  writeCsv(file, ['name', 'text'], rows);
  assert.deepEqual(readCsv(file), { columns: ['name', 'text'], rows });
});

test('byte-order mark, blank lines, CR LF, a last line without its end, a cell of 500 lines', () => {
  const rows = [{ a: '1', b: '2' }];
  assert.deepEqual(read('\ufeffa,b\r\n\r\n1,2').rows, rows);
  const long = Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n');
  assert.deepEqual(read(`a,b\n1,"${long}"\n`).rows, [{ a: '1', b: long }]);
});

test('a table of many blocks: a record across the border of two is one record', () => {
  const cell = 'x'.repeat(997);
  const { rows } = read(
    `a,b\n${Array.from({ length: 3000 }, (_, i) => `${i},"${cell}\n${i}"`).join('\n')}\n`,
  );
  assert.equal(rows.length, 3000);
  assert.ok(rows.every(({ a, b }, i) => a === String(i) && b === `${cell}\n${i}`));
});

test('a record that cannot be read is named by its line', () => {
  assert.throws(
    () => read('a,b\n1,2\n\n3\n'),
    /table\.csv: line 4 cannot be read: it has 1 cells where the header has 2/,
  );
  assert.throws(() => read('a,b\n1,"2\n'), /line 2 cannot be read: a quotation mark is never closed/);
  assert.throws(() => read('a,a\n1,2\n'), /duplicate column "a"; rename one/);
  assert.throws(() => read('\n\n'), /is empty; a header line was expected/);
  assert.throws(() => readCsv(path.join(folder, 'none.csv')), /none\.csv/);
});
