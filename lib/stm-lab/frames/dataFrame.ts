import type { DataFrame } from 'danfojs-node';
import { inputError } from 'research-basics/errors';
import { readCsv, writeCsv } from '../base/csv';
import { danfojs } from './danfojs';
import { fromDataFrame, type TableRow, type TableValue } from './rows';

/** danfojs copies every cell several times; feature matrices belong in NPY files. */
const MOST_CELLS = 2_000_000;

/**
 * Rows as a danfojs data frame. A missing value is NaN in a column of numbers, an empty text elsewhere.
 *
 * @param columns in order. Default: all that occur, in order of appearance.
 * @throws UserError (`input`) for a table without columns, one of more than two million cells, and a column called like a
 *   method of a data frame; (`environment`) when danfojs cannot be loaded.
 */
export function toDataFrame(
  rows: readonly TableRow[],
  columns: readonly string[] = [...new Set(rows.flatMap((row) => Object.keys(row)))],
): DataFrame {
  if (columns.length === 0)
    throw inputError('the table has neither rows nor columns; name the columns of an empty table');
  if (rows.length * columns.length > MOST_CELLS)
    throw inputError(
      `the table has ${rows.length} x ${columns.length} cells, more than the ${MOST_CELLS} a data frame is used for; count or select rows first`,
    );
  const { DataFrame } = danfojs();
  const taken = columns.find((name) => name in DataFrame.prototype || name.startsWith('$'));
  if (taken !== undefined)
    throw inputError(`column "${taken}": data frames have a method of this name; rename the column`);
  const filled = columns.map((name) => missingValue(rows, name));
  const cells = rows.map((row) => columns.map((name, i) => row[name] ?? filled[i]));
  return new DataFrame(cells, { columns: [...columns] });
}

function missingValue(rows: readonly TableRow[], name: string): number | string {
  return rows.some((row) => typeof row[name] === 'number') &&
    rows.every((row) => ['number', 'undefined'].includes(typeof (row[name] ?? undefined)))
    ? NaN
    : '';
}

/**
 * A CSV file as a data frame; a column is numeric when every cell of it that is not empty is a number.
 *
 * @throws UserError as `readCsv` and `toDataFrame`.
 */
export function readDataFrame(file: string): DataFrame {
  const { columns, rows } = readCsv(file);
  const numeric = new Set(
    columns.filter((name) => {
      const filled = rows.map((row) => row[name]!.trim()).filter((text) => text !== '');
      return filled.length > 0 && filled.every((text) => Number.isFinite(Number(text)));
    }),
  );
  const value = (name: string, text: string): TableValue =>
    numeric.has(name) ? (text.trim() === '' ? undefined : Number(text)) : text;
  return toDataFrame(
    rows.map((row) => Object.fromEntries(columns.map((name) => [name, value(name, row[name]!)]))),
    columns,
  );
}

/** Writes a data frame as CSV, whole or not at all; missing numbers are empty cells. */
export function writeDataFrame(file: string, frame: DataFrame): void {
  const cell = (value: TableValue): string | number =>
    value === null || value === undefined || Number.isNaN(value)
      ? ''
      : typeof value === 'boolean'
        ? String(value)
        : value;
  writeCsv(
    file,
    frame.columns,
    fromDataFrame(frame).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)])),
    ),
  );
}
