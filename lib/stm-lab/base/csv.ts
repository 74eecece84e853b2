import { inputError } from 'research-basics/errors';
import { writeFileAtomic } from 'research-basics/files';
import { eachCsvRecord, type CsvRecord } from './csvRecords';

/** One record of a CSV file: column name to text. */
export type CsvRow = Record<string, string>;

/** A CSV file in memory: its columns in file order and its records as text. */
export interface CsvTable {
  readonly columns: string[];
  readonly rows: CsvRow[];
}

/** Lines a cell in quotation marks may span. */
const LONGEST_RECORD = 1000;

/**
 * Reads a CSV file with a header line (RFC 4180 quoting, UTF-8, byte-order mark allowed), block by block, so that its size
 * is bounded by the records alone. Cells that `writeCsv` guarded are as they were before.
 *
 * @throws UserError (`input`) naming file and line when it cannot be read or a record has too many or
 *   too few cells, and for a duplicate column.
 */
export function readCsv(file: string): CsvTable {
  let columns: string[] | undefined;
  const rows: CsvRow[] = [];
  const take = ({ line, cells, fault }: CsvRecord): void => {
    if (fault !== undefined) throw inputError(`${file}: line ${line} cannot be read: ${fault}`);
    const texts = cells.map(unguardCell);
    if (columns === undefined) {
      const twice = texts.find((name, i) => texts.indexOf(name) !== i);
      if (twice !== undefined) throw inputError(`${file}: duplicate column "${twice}"; rename one`);
      columns = texts;
      return;
    }
    if (texts.length !== columns.length)
      throw inputError(
        `${file}: line ${line} cannot be read: it has ${texts.length} cells where the header has ${columns.length}`,
      );
    rows.push(Object.fromEntries(columns.map((name, i) => [name, texts[i]!])));
  };
  eachCsvRecord(file, take, { longestRecord: LONGEST_RECORD, delimiter: ',' });
  if (columns === undefined) throw inputError(`${file}: is empty; a header line was expected`);
  return { columns, rows };
}

/** Texts that a spreadsheet program would run as a formula, and those that look like one we have guarded. */
const FORMULA = /^'*[=+\-@\t\r]/;

/**
 * A text that no spreadsheet program takes for a formula: an apostrophe is put before `= + - @`, tab and carriage
 * return, unless the text is a number. `unguardCell` takes it away again.
 */
export function guardCell(text: string): string {
  return FORMULA.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}

/** The text that `guardCell` guarded. */
export function unguardCell(text: string): string {
  return text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
}

/** One cell as CSV text, in quotation marks where it must be. */
export function encodeCell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Writes records as CSV in the given column order, atomically. Missing cells are left empty.
 *
 * @param formulas `guard` (default): texts that start like a formula are guarded, since people open these files in
 *   spreadsheet programs and labels may come from anyone; `keep`: for manifests, whose paths must be literal.
 */
export function writeCsv(
  target: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | undefined>>[],
  { formulas = 'guard' }: { readonly formulas?: 'guard' | 'keep' } = {},
): void {
  const cell = (value: string | number): string =>
    encodeCell(typeof value === 'string' && formulas === 'guard' ? guardCell(value) : value);
  const lines = rows.map((row) => columns.map((name) => cell(row[name] ?? '')).join(','));
  writeFileAtomic(target, `${[columns.map(cell).join(','), ...lines].join('\n')}\n`);
}
