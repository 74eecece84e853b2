import * as fs from 'node:fs';
import { fileError, inputError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { openNpyRows, type NpyRows } from './npyRows';

/** How a row is called in messages: its recording, when that is known. */
export type RowName = (row: number) => string;

/** What a refused row is called, and what helps. */
export interface FiniteRowsOptions {
  readonly nameOf?: RowName | undefined;
  /** Default: extract that recording again or leave it out. */
  readonly cure?: string | undefined;
}

/**
 * Refuses values that are not finite: a single one would spread over every component and weight.
 *
 * @param block row-major, `columns` values per row.
 * @param rowAt number of the block's i-th row in `source`.
 * @throws UserError (`input`) naming file, row, recording and column.
 */
export function checkFinite(
  block: Float32Array,
  columns: number,
  source: string,
  rowAt: (i: number) => number,
  { nameOf, cure = 'extract that recording again or leave it out' }: FiniteRowsOptions = {},
): void {
  // A sum is finite when all its terms are (float32 terms cannot overflow a double): one test per block.
  let sum = 0;
  for (let i = 0; i < block.length; i++) sum += block[i]!;
  if (Number.isFinite(sum)) return;
  const at = firstNotFinite(block);
  const row = rowAt(Math.floor(at / columns));
  const recording = nameOf === undefined ? '' : ` (${nameOf(row)})`;
  throw inputError(`${source}: row ${row}${recording} holds ${block[at]} in column ${at % columns}; ${cure}`);
}

/** Rows of a file that is open only while it is read. */
export type FileRows = Pick<NpyRows, 'source' | 'rows' | 'columns' | 'readRowList'>;

/** An opened matrix on disk of which no value that is not finite is ever read. */
export interface FiniteRows extends NpyRows {
  /** The same rows without the handle, see `rowsOfFile`; for use after `close` too. */
  reopening(): FileRows;
}

/**
 * A matrix on disk (see `openNpyRows`) of which no value that is not finite is ever read.
 *
 * @throws UserError (`input`) as `openNpyRows`; its reads as `checkFinite`.
 */
export function openFiniteRows(file: string, options: FiniteRowsOptions = {}): FiniteRows {
  const matrix = openNpyRows(file);
  const { columns, rows, source } = matrix;
  const checked: NpyRows = {
    ...matrix,
    readRows(from, to, target) {
      const read = matrix.readRows(from, to, target);
      checkFinite(read.subarray(0, (to - from) * columns), columns, file, (i) => from + i, options);
      return read;
    },
    readRowList(list, target) {
      const read = matrix.readRowList(list, target);
      checkFinite(read.subarray(0, list.length * columns), columns, file, (i) => list[i]!, options);
      return read;
    },
  };
  const reopening = (): FileRows => {
    const first = stampOf(file);
    return {
      source,
      rows,
      columns,
      readRowList(list, target) {
        if (stampOf(file) !== first)
          throw inputError(`${file}: was changed while its rows were in use; start again`);
        const again = openFiniteRows(file, options);
        try {
          return again.readRowList(list, target);
        } finally {
          again.close();
        }
      },
    };
  };
  return { ...checked, reopening };
}

/**
 * The same without a handle to be closed, for rows that are read throughout a training: each reading opens the file, and
 * refuses one that is no longer the one it was. What was read lies in the system's cache, which processes share.
 *
 * @throws UserError (`input`) as `openFiniteRows`; its reads also when the file has been changed or replaced.
 */
export function rowsOfFile(file: string, options: FiniteRowsOptions = {}): FileRows {
  const opened = openFiniteRows(file, options);
  try {
    return opened.reopening();
  } finally {
    opened.close();
  }
}

/** What the file system says of a file: another text when it is another file. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = fs.statSync(file);
    return [ino, size, mtimeMs].join();
  } catch (error) {
    throw fileError(file, error);
  }
}
