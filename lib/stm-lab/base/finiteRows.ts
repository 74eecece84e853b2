import { inputError } from 'research-basics/errors';
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

/**
 * A matrix on disk (see `openNpyRows`) of which no value that is not finite is ever read.
 *
 * @throws UserError (`input`) as `openNpyRows`; its reads as `checkFinite`.
 */
export function openFiniteRows(file: string, options: FiniteRowsOptions = {}): NpyRows {
  const matrix = openNpyRows(file);
  const { columns } = matrix;
  return {
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
}
