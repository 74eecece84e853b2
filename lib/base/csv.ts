import * as fs from 'node:fs';
import { parse } from 'csv-parse/sync';
import { inputError, messageOf } from './errors';
import { writeFileAtomic } from './files';

/** One record of a CSV file: column name to text. */
export type CsvRow = Record<string, string>;

/** A CSV file in memory: its columns in file order and its records as text. */
export interface CsvTable {
  readonly columns: string[];
  readonly rows: CsvRow[];
}

/**
 * Reads a CSV file with a header line (RFC 4180 quoting, UTF-8, byte-order mark allowed).
 *
 * @throws StmLabError (`input`) naming file and line when it cannot be read or a record has too many or
 *   too few cells, and when a column name occurs twice.
 */
export function readCsv(file: string): CsvTable {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw inputError(`${file}: cannot be read (${messageOf(error)})`, error);
  }
  let records: string[][];
  try {
    records = parse(text, { bom: true, skip_empty_lines: true, relax_column_count: false }) as string[][];
  } catch (error) {
    throw inputError(`${file}: is not a well-formed CSV table (${messageOf(error)})`, error);
  }
  const columns = records[0];
  if (columns === undefined) throw inputError(`${file}: is empty; a header line was expected`);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) throw inputError(`${file}: column "${twice}" occurs twice; rename one`);
  const rows = records
    .slice(1)
    .map((cells) => Object.fromEntries(columns.map((name, i) => [name, cells[i]!])));
  return { columns, rows };
}

/** One cell as CSV text, in quotation marks where it must be. */
export function encodeCell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes records as CSV in the given column order, atomically. Missing cells are left empty. */
export function writeCsv(
  target: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | undefined>>[],
): void {
  const lines = rows.map((row) => columns.map((name) => encodeCell(row[name] ?? '')).join(','));
  writeFileAtomic(target, `${[columns.map(encodeCell).join(','), ...lines].join('\n')}\n`);
}
