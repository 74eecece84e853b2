import { sha256 } from 'research-basics/files';
import { inputError } from 'research-basics/errors';
import { allRows, eachBlock, readAll, type FeatureSource } from '../reduction';

/** Rows of features with their classes. */
export interface LabelledRows {
  /** Features, row-major float32, rows x columns (with `excerpts`: their sum x columns); finite. */
  readonly x: Float32Array;
  /** Class number of each row, 0 .. classes - 1. */
  readonly y: Int32Array;
  readonly rows: number;
  readonly columns: number;
  /** For a network with attention: how many excerpts each row has, lying one after another in `x`. */
  readonly excerpts?: Int32Array;
  /** Group of each row (speaker, place), where what is fitted on part of the rows must know: the rest is held out by group. */
  readonly groups?: Int32Array;
  /** Collection of each row, where the loss balances collections. */
  readonly collections?: Int32Array;
}

/** The same where features may also lie elsewhere than in memory: they are then read batch by batch, as often as needed. */
export interface StreamedRows extends Omit<LabelledRows, 'x'> {
  /** In memory, or a source of as many rows and columns, whose values must be finite. */
  readonly x: Float32Array | FeatureSource;
}

/** The rows with their features in memory, for models that need them all at once. */
export function rowsInMemory<T extends StreamedRows>(data: T): T & LabelledRows {
  return { ...data, x: readAll(data.x) };
}

/** Copies the named rows of a matrix one after another to the beginning of `target`, wherever the matrix lies. */
export function readVectors(
  x: StreamedRows['x'],
  columns: number,
  indices: ArrayLike<number>,
  target: Float32Array,
): Float32Array {
  return x instanceof Float32Array
    ? gatherRows(x, columns, indices, target)
    : x.readRowList(indices, target.subarray(0, indices.length * columns));
}

const BLOCK_ROWS = 4096;

/**
 * Visits the rows' vectors in order: all at once where they lie in memory, else block by block.
 *
 * @param visit takes vectors (float32, row-major) and the number of the first of them.
 */
export function eachVectorBlock(
  { x, rows }: Pick<StreamedRows, 'x' | 'rows'>,
  visit: (block: Float32Array, first: number) => void,
): void {
  if (x instanceof Float32Array) return visit(x, 0);
  eachBlock(x, allRows(rows), BLOCK_ROWS, (block, _, first) => visit(block, first));
}

/**
 * The rows themselves, when they can be used with a model. Features that do not lie in memory are checked by their source.
 *
 * @param name how messages call them, e.g. "training rows".
 * @throws UserError (`input`) for sizes that disagree, a value that is not finite, a class out of range.
 */
export function checkRows<T extends StreamedRows>(
  data: T,
  columns: number,
  classes: number,
  name: string,
  takes: 'vectors' | 'excerpts' = 'vectors',
): T {
  if (data.rows < 1) throw inputError(`${name}: there are none`);
  if (data.columns !== columns)
    throw inputError(`${name}: ${data.columns} columns, but the model takes ${columns}`);
  if (data.y.length !== data.rows) throw inputError(`${name}: ${data.y.length} labels for ${data.rows} rows`);
  if (data.groups !== undefined && data.groups.length !== data.rows)
    throw inputError(`${name}: ${data.groups.length} groups for ${data.rows} rows`);
  if (data.collections !== undefined && data.collections.length !== data.rows)
    throw inputError(`${name}: ${data.collections.length} collections for ${data.rows} rows`);
  const wrong = data.y.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0)
    throw inputError(`${name}: row ${wrong} has class ${data.y[wrong]}; classes are 0 to ${classes - 1}`);
  checkVectors(data.x, countVectors(data, takes, name), columns, name);
  return data;
}

/**
 * How many vectors the rows have in all.
 *
 * @throws UserError (`input`) when only one of model and rows has excerpts, or a row has none.
 */
export function countVectors(
  { rows, excerpts }: Pick<LabelledRows, 'rows' | 'excerpts'>,
  takes: 'vectors' | 'excerpts',
  name: string,
): number {
  if (takes === 'vectors') {
    if (excerpts !== undefined)
      throw inputError(`${name}: rows have excerpts, but the model has no attention over them; pool them`);
    return rows;
  }
  if (excerpts === undefined)
    throw inputError(`${name}: the model has attention over excerpts; say how many each row has`);
  if (excerpts.length !== rows)
    throw inputError(`${name}: ${excerpts.length} numbers of excerpts for ${rows} rows`);
  const empty = excerpts.findIndex((count) => count < 1);
  if (empty >= 0) throw inputError(`${name}: row ${empty} has no excerpt; leave it out`);
  return excerpts.reduce((sum, count) => sum + count, 0);
}

/** Where the vectors of each row begin, and where the last end: rows + 1 numbers. */
export function vectorStarts({ rows, excerpts }: Pick<LabelledRows, 'rows' | 'excerpts'>): Int32Array {
  const starts = new Int32Array(rows + 1);
  for (let r = 0; r < rows; r++) starts[r + 1] = starts[r]! + (excerpts?.[r] ?? 1);
  return starts;
}

/**
 * Checks features wherever they lie, see `checkRows`.
 *
 * @throws UserError (`input`) as `checkFeatures`, or when a source gives other rows or columns.
 */
export function checkVectors(x: StreamedRows['x'], vectors: number, columns: number, name: string): void {
  if (x instanceof Float32Array) checkFeatures(x, vectors, columns, name);
  else if (x.rows !== vectors || x.columns !== columns)
    throw inputError(
      `${name}: ${x.source} gives ${x.rows} rows of ${x.columns} values, but ${vectors} of ${columns} are needed`,
    );
}

/**
 * Checks a feature matrix.
 *
 * @throws UserError (`input`) when its length is not rows x columns, or naming row, column and value of
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

/** Numbers of the vectors of the named rows, one after another. */
export function vectorsOf(starts: Int32Array, indices: ArrayLike<number>): Int32Array {
  const vectors: number[] = [];
  for (let i = 0; i < indices.length; i++)
    for (let v = starts[indices[i]!]!; v < starts[indices[i]! + 1]!; v++) vectors.push(v);
  return Int32Array.from(vectors);
}

/** The named rows as a set of their own (copied). */
export function selectRows(data: LabelledRows, indices: ArrayLike<number>): LabelledRows {
  const rows = indices.length;
  const { columns, excerpts } = data;
  const vectors = excerpts === undefined ? indices : vectorsOf(vectorStarts(data), indices);
  return {
    x: gatherRows(data.x, columns, vectors, new Float32Array(vectors.length * columns)),
    y: Int32Array.from({ length: rows }, (_, i) => data.y[indices[i]!]!),
    rows,
    columns,
    ...(excerpts === undefined
      ? {}
      : { excerpts: Int32Array.from({ length: rows }, (_, i) => excerpts[indices[i]!]!) }),
  };
}

/** Rows gathered for one step of training. */
export interface CollectedRows {
  /** May be overwritten; valid until the next `add`. */
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly excerpts: Int32Array | undefined;
  /** Weight of each row, where the sets have weights. */
  readonly weights: Float32Array | undefined;
}

/**
 * Gathers rows of several sets (all with excerpts, or all without) into one block after another.
 *
 * @param weightsOf weight of every row of each set; left out, rows are not weighted.
 */
export function rowCollector(
  sources: readonly StreamedRows[],
  capacity: number,
  weightsOf?: readonly Float32Array[],
): { add(source: number, rows: Int32Array): void; take(): CollectedRows } {
  const { columns, excerpts } = sources[0]!;
  const starts = sources.map((source) => (excerpts === undefined ? undefined : vectorStarts(source)));
  const labels = new Int32Array(capacity);
  const counts = new Int32Array(capacity);
  const weights = new Float32Array(weightsOf === undefined ? 0 : capacity);
  let x = new Float32Array(capacity * columns);
  let rows = 0;
  let vectors = 0;
  return {
    add(from, indices) {
      const source = sources[from]!;
      const own = starts[from];
      const list = own === undefined ? indices : vectorsOf(own, indices);
      if ((vectors + list.length) * columns > x.length) {
        const larger = new Float32Array(2 * (vectors + list.length) * columns);
        larger.set(x.subarray(0, vectors * columns));
        x = larger;
      }
      readVectors(source.x, columns, list, x.subarray(vectors * columns));
      vectors += list.length;
      for (const row of indices) {
        if (source.excerpts !== undefined) counts[rows] = source.excerpts[row]!;
        if (weightsOf !== undefined) weights[rows] = weightsOf[from]![row]!;
        labels[rows++] = source.y[row]!;
      }
    },
    take() {
      const block = {
        x: x.subarray(0, vectors * columns),
        labels: labels.subarray(0, rows),
        excerpts: excerpts === undefined ? undefined : counts.subarray(0, rows),
        weights: weightsOf === undefined ? undefined : weights.subarray(0, rows),
      };
      rows = vectors = 0;
      return block;
    },
  };
}

/**
 * Hash by which a checkpoint knows its data: sizes, all labels, and up to 4096 rows spread evenly (hashing
 * every row of a large matrix would take longer than an epoch).
 */
export function fingerprint(data: StreamedRows): string {
  const bytes = (array: Float32Array | Int32Array): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const vectors = data.x instanceof Float32Array ? data.x.length / data.columns : data.x.rows;
  const count = Math.min(vectors, 4096);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * vectors) / count));
  const sample = readVectors(data.x, data.columns, indices, new Float32Array(count * data.columns));
  const excerpts = data.excerpts === undefined ? [] : [sha256(bytes(data.excerpts))];
  return sha256([data.rows, data.columns, sha256(bytes(data.y)), sha256(bytes(sample)), ...excerpts]);
}
