import * as fs from 'node:fs';
import { eachCsvRecord } from '../../base/csvRecords';
import { inputError, messageOf } from '../../base/errors';
import type { CorpusTable } from './description';

/** Lines one quoted cell may span: artists' biographies run to hundreds. */
const LONGEST_RECORD = 1000;

/**
 * Reads a corpus's own table as records of text. Comma-separated tables follow RFC 4180; in
 * tab-separated ones a quotation mark is an ordinary character, as sentences hold them; a JSON table is
 * a list of objects.
 *
 * @param wanted Columns to keep; some tables hold hundreds of megabytes of prose. Default: all.
 * @throws StmLabError (`input`) naming the line whose number of cells is not the header's.
 */
export function readTable(
  file: string,
  table: Pick<CorpusTable, 'format' | 'header' | 'columns' | 'surplus'>,
  wanted?: ReadonlySet<string>,
): Record<string, string>[] {
  const keep = (name: string): boolean => wanted === undefined || wanted.has(name);
  if (table.format === 'json') return readJsonTable(file, keep);
  const headerLines = table.columns === undefined ? (table.header ?? 1) : 0;
  const header: string[] = [...(table.columns ?? [])];
  const records: Record<string, string>[] = [];
  let seen = 0;
  const take = (cells: readonly string[], line: number): void => {
    if (seen++ < headerLines) {
      cells.forEach(
        (cell, i) => (header[i] = [header[i] ?? '', cell].filter((part) => part !== '').join('_')),
      );
      return;
    }
    const tooMany = table.surplus === 'ignored' ? false : cells.length > header.length;
    if (tooMany || cells.length < header.length)
      throw inputError(
        `${file}: line ${line} has ${cells.length} cells where the header has ${header.length}`,
      );
    const record: Record<string, string> = {};
    header.forEach((name, i) => {
      // A copy: a slice would keep the whole line it was cut from.
      if (keep(name)) record[name] = Buffer.from(cells[i]!).toString();
    });
    records.push(record);
  };
  if (table.format === 'csv') eachCsvRecord(file, ({ cells, line }) => take(cells, line), LONGEST_RECORD);
  else
    fs.readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .forEach((text, i) => {
        if (text !== '') take(text.split('\t'), i + 1);
      });
  return records;
}

function readJsonTable(file: string, keep: (name: string) => boolean): Record<string, string>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw inputError(`${file}: cannot be read as JSON (${messageOf(error)})`, error);
  }
  if (!Array.isArray(parsed)) throw inputError(`${file}: must hold a list of objects`);
  return parsed.map((entry: unknown, i) => {
    if (typeof entry !== 'object' || entry === null)
      throw inputError(`${file}: entry ${i + 1} is not an object`);
    const values = Object.entries(entry).filter(
      ([name, value]) => keep(name) && (typeof value === 'string' || typeof value === 'number'),
    );
    return Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
  });
}
