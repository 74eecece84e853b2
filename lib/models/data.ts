import { sha256 } from '../base/files';
import { inputError } from '../base/errors';

/** Rows of features with their classes. */
export interface LabelledRows {
  /** Features, row-major float32, rows x columns; finite. */
  readonly x: Float32Array;
  /** Class number of each row, 0 .. classes - 1. */
  readonly y: Int32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The rows themselves, when they can be used with a model.
 *
 * @param name how messages call them, e.g. "training rows".
 * @throws StmLabError (`input`) for sizes that disagree, a value that is not finite, a class out of range.
 */
export function checkRows(data: LabelledRows, columns: number, classes: number, name: string): LabelledRows {
  if (data.rows < 1) throw inputError(`${name}: there are none`);
  if (data.columns !== columns)
    throw inputError(`${name}: ${data.columns} columns, but the model takes ${columns}`);
  if (data.y.length !== data.rows) throw inputError(`${name}: ${data.y.length} labels for ${data.rows} rows`);
  const wrong = data.y.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0)
    throw inputError(`${name}: row ${wrong} has class ${data.y[wrong]}; classes are 0 to ${classes - 1}`);
  checkFeatures(data.x, data.rows, columns, name);
  return data;
}

/**
 * Checks a feature matrix.
 *
 * @throws StmLabError (`input`) when its length is not rows x columns, or naming row, column and value of
 *   the first number that is not finite.
 */
export function checkFeatures(x: Float32Array, rows: number, columns: number, name: string): void {
  if (x.length !== rows * columns)
    throw inputError(`${name}: ${x.length} values are not ${rows} rows of ${columns}`);
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]!))
      throw inputError(
        `${name}: row ${Math.floor(i / columns)}, column ${i % columns} is ${x[i]}; remove or repair the row (features must be finite)`,
      );
  }
}

/** Copies the named rows of a matrix one after another into `target`. */
export function gatherRows(
  x: Float32Array,
  columns: number,
  indices: ArrayLike<number>,
  target: Float32Array,
): Float32Array {
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * columns;
    target.set(x.subarray(start, start + columns), i * columns);
  }
  return target;
}

/** The named rows as a set of their own (copied). */
export function selectRows(data: LabelledRows, indices: ArrayLike<number>): LabelledRows {
  const rows = indices.length;
  const { columns } = data;
  return {
    x: gatherRows(data.x, columns, indices, new Float32Array(rows * columns)),
    y: Int32Array.from({ length: rows }, (_, i) => data.y[indices[i]!]!),
    rows,
    columns,
  };
}

/**
 * Hash by which a checkpoint knows its data: sizes, all labels, and up to 4096 rows spread evenly (hashing
 * every row of a large matrix would take longer than an epoch).
 */
export function fingerprint(data: LabelledRows): string {
  const bytes = (array: Float32Array | Int32Array): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const count = Math.min(data.rows, 4096);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * data.rows) / count));
  const sample = gatherRows(data.x, data.columns, indices, new Float32Array(count * data.columns));
  return sha256([data.rows, data.columns, sha256(bytes(data.y)), sha256(bytes(sample))]);
}
