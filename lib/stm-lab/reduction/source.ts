import { inputError } from 'research-basics/errors';

/**
 * Rows of features to be read in blocks: a feature file (`rowsOfFile`, `openNpyRows`), `featuresInMemory`, or rows made from
 * those of another source as they are read (`chosenRows`, `mappedRows`).
 */
export interface FeatureSource {
  /** Where the rows come from, for messages. */
  readonly source: string;
  readonly rows: number;
  readonly columns: number;
  readRowList(rows: ArrayLike<number>, target?: Float32Array): Float32Array;
}

/**
 * A matrix already in memory as a feature source.
 *
 * @param values row-major, length a multiple of `columns`.
 */
export function featuresInMemory(values: Float32Array, columns: number): FeatureSource {
  const rows = values.length / columns;
  if (!Number.isInteger(rows))
    throw new RangeError(`${values.length} values are not whole rows of ${columns}`);
  return {
    source: 'features in memory',
    rows,
    columns,
    readRowList(list, target = new Float32Array(list.length * columns)) {
      for (let i = 0; i < list.length; i++) {
        const row = list[i]!;
        if (!(row >= 0 && row < rows)) throw new RangeError(`row ${row} of ${rows}`);
        target.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
      }
      return target;
    },
  };
}

/** A matrix as a feature source, whether it is one already or lies in memory (row-major, `columns` values per row). */
export function asSource(features: Float32Array | FeatureSource, columns: number): FeatureSource {
  return features instanceof Float32Array ? featuresInMemory(features, columns) : features;
}

/** The whole matrix in memory, wherever it lies: float32, row-major, rows x columns. */
export function readAll(features: Float32Array | FeatureSource): Float32Array {
  return features instanceof Float32Array ? features : features.readRowList(allRows(features.rows));
}

/** The listed rows of a source, renumbered from 0. */
export function chosenRows(features: FeatureSource, rows: Int32Array): FeatureSource {
  return {
    source: features.source,
    rows: rows.length,
    columns: features.columns,
    readRowList: (list, target) =>
      features.readRowList(
        Int32Array.from(list, (row) => rows[row]!),
        target,
      ),
  };
}

/**
 * The rows of a source, changed as they are read: nothing of the result is kept.
 *
 * @param columns values in a row of the result.
 * @param map from whole rows, row-major, to as many of `columns` values; each row by itself, so that blocks of any size give
 *   the same bits. It may change what it is given.
 */
export function mappedRows(
  features: FeatureSource,
  columns: number,
  map: (block: Float32Array) => Float32Array,
): FeatureSource {
  return {
    source: features.source,
    rows: features.rows,
    columns,
    readRowList(list, target) {
      const mapped = map(features.readRowList(list));
      if (target === undefined) return mapped;
      target.set(mapped);
      return target;
    },
  };
}

/**
 * Whether a float32 matrix is small enough to be held in memory: at most `STM_LAB_ROWS_MB` MB (2^20 bytes; default 1024).
 *
 * @throws UserError (`input`) when that is not a number from 0.
 */
export function fitsInMemory(rows: number, columns: number): boolean {
  const text = process.env.STM_LAB_ROWS_MB ?? '1024';
  const limit = Number(text);
  if (text.trim() === '' || !(limit >= 0))
    throw inputError(`STM_LAB_ROWS_MB is ${JSON.stringify(text)}: must be a number of MB from 0`);
  return rows * columns * 4 <= limit * 2 ** 20;
}

/** The row numbers 0 .. count - 1. */
export function allRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/**
 * Visits the listed rows in order, in blocks of at most `blockRows`; the block array is used again for
 * the next, and may be written to.
 */
export function eachBlock(
  features: FeatureSource,
  rows: Int32Array,
  blockRows: number,
  visit: (block: Float32Array, count: number, first: number) => void,
): void {
  const buffer = new Float32Array(Math.min(blockRows, rows.length) * features.columns);
  for (let first = 0; first < rows.length; first += blockRows) {
    const list = rows.subarray(first, Math.min(first + blockRows, rows.length));
    const block = buffer.subarray(0, list.length * features.columns);
    features.readRowList(list, block);
    visit(block, list.length, first);
  }
}
