/** Rows of features to be read in blocks: an open feature file (`openNpyRows`), or `featuresInMemory`. */
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
