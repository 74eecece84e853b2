import type { DataFrame } from 'danfojs-node';
import { readCsv } from '../base/csv';
import { environmentError, inputError, messageOf } from 'research-basics/errors';

/** A record of a table of descriptions or results. */
export type TableRow = Readonly<Record<string, string | number>>;

/** danfojs copies every cell several times; feature matrices belong in NPY files. */
const MOST_CELLS = 2_000_000;

/**
 * A table as a danfojs data frame, for looking at manifests, splits and results in a notebook.
 *
 * @param rows all with the same columns, those of the first.
 * @throws UserError (`environment`) when danfojs cannot be loaded (it needs native TensorFlow), and
 *   (`input`) for an empty table or one of more than two million cells.
 */
export function toDataFrame(rows: readonly TableRow[]): DataFrame {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) throw inputError('the table has no rows; a data frame needs at least one');
  if (rows.length * columns.length > MOST_CELLS)
    throw inputError(
      `the table has ${rows.length} x ${columns.length} cells, more than the ${MOST_CELLS} a data frame is used for; count or select rows first`,
    );
  const danfo = loadDanfo();
  return new danfo.DataFrame(
    rows.map((row) => columns.map((name) => row[name] ?? '')),
    { columns },
  );
}

/**
 * A CSV file as a data frame; a column becomes numeric when every cell of it is a number.
 *
 * @throws UserError as `readCsv` and `toDataFrame`.
 */
export function readDataFrame(file: string): DataFrame {
  const { columns, rows } = readCsv(file);
  const numeric = new Set(
    columns.filter((name) =>
      rows.every((row) => row[name]!.trim() !== '' && Number.isFinite(Number(row[name]))),
    ),
  );
  return toDataFrame(
    rows.map((row) =>
      Object.fromEntries(columns.map((name) => [name, numeric.has(name) ? Number(row[name]) : row[name]!])),
    ),
  );
}

/** The records of a data frame. */
export function fromDataFrame(frame: DataFrame): TableRow[] {
  const { columns } = frame;
  return (frame.values as (string | number)[][]).map((cells) =>
    Object.fromEntries(cells.map((cell, i) => [columns[i]!, cell])),
  );
}

/**
 * How many rows there are of every combination of values that occurs.
 *
 * @returns one record per combination, with the given columns and `count`, most frequent first.
 */
export function countBy(frame: DataFrame, columns: readonly string[]): TableRow[] {
  const unknown = columns.find((name) => !frame.columns.includes(name));
  if (unknown !== undefined)
    throw inputError(`the table has no column "${unknown}" (its columns: ${frame.columns.join(', ')})`);
  // danfojs groups by at most two columns, so combinations are counted here.
  const counts = new Map<string, { row: TableRow; count: number }>();
  for (const row of fromDataFrame(frame.loc({ columns: [...columns] }))) {
    const key = JSON.stringify(columns.map((name) => row[name]));
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { row, count: 1 });
    else found.count++;
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).map(({ row, count }) => ({ ...row, count }));
}

function loadDanfo(): typeof import('danfojs-node') {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads native TensorFlow, so only when asked for
    return require('danfojs-node') as typeof import('danfojs-node');
  } catch (error) {
    throw environmentError(
      `danfojs cannot be loaded (${messageOf(error).split('\n')[0]}); it needs native TensorFlow, run "npm run doctor" for the cure`,
      error,
    );
  }
}
