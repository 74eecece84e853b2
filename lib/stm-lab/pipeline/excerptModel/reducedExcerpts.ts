import { chosenRows } from '../../reduction';
import { gatherRows, readVectors, vectorsOf, type StreamedRows } from '../../models';
import type { ExcerptTask } from './data';
import { averageOver } from './logProbabilities';

/** Where the training recordings lie in the reduced space, and how far is far. */
export interface Reach {
  /** Float64 [components]: mean of the recordings' mean excerpts. */
  readonly centre: Float64Array;
  /** Float64 [components]: their standard deviation. */
  readonly deviation: Float64Array;
  /** Distance that 95 % of the recordings of held-out collections stay below. */
  readonly threshold: number;
}

/** Recordings in the reduced space. */
export interface Reduced {
  readonly x: StreamedRows['x'];
  readonly columns: number;
  readonly starts: Int32Array;
  readonly y: Int32Array;
  readonly classes: readonly string[];
  readonly collections: readonly string[];
}

/**
 * The given recordings in the reduced space, numbered from 0.
 *
 * @param rows places of the recordings in `task`, int32.
 * @param x their excerpts, float32, excerpts x columns, or a source of them.
 */
export function reducedData(
  task: ExcerptTask,
  rows: Int32Array,
  x: StreamedRows['x'],
  columns: number,
): Reduced {
  const starts = startsOf(task.starts, rows);
  return {
    x,
    columns,
    starts,
    y: Int32Array.from(rows, (row) => task.y[row]!),
    classes: task.classes,
    collections: Array.from(rows, (row) => task.collections[row]!),
  };
}

/** Excerpts of the given recordings, as rows of their classes. */
export function excerptsOf({ x, columns, starts, y }: Reduced, rows: Int32Array): StreamedRows {
  const list = vectorsOf(starts, rows);
  const values =
    x instanceof Float32Array
      ? gatherRows(x, columns, list, new Float32Array(list.length * columns))
      : chosenRows(x, list);
  const classOf = Int32Array.from(list);
  let next = 0;
  for (const row of rows) for (let v = starts[row]!; v < starts[row + 1]!; v++) classOf[next++] = y[row]!;
  return { x: values, y: classOf, rows: list.length, columns };
}

const PART_VECTORS = 4096;

/**
 * Visits recordings in order with their reduced excerpts, in parts of a few thousand of these.
 *
 * @param visit takes the excerpts of some recordings (float32, row-major), where those of each begin, and the first recording's
 *   place in `rows`.
 */
export function eachPart(
  { x, columns, starts }: Pick<Reduced, 'x' | 'columns' | 'starts'>,
  rows: Int32Array,
  visit: (block: Float32Array, starts: Int32Array, first: number) => void,
): void {
  const own = startsOf(starts, rows);
  for (let first = 0, end = 0; first < rows.length; first = end) {
    do end++;
    while (end < rows.length && own[end + 1]! - own[first]! <= PART_VECTORS);
    const part = rows.subarray(first, end);
    const list = vectorsOf(starts, part);
    const block = readVectors(x, columns, list, new Float32Array(list.length * columns));
    visit(block, startsOf(starts, part), first);
  }
}

/**
 * Where the excerpts of the given recordings begin among themselves, and where the last end.
 *
 * @param rows places of the recordings, int32.
 * @returns int32 [recordings + 1].
 */
export function startsOf(starts: Int32Array, rows: Int32Array): Int32Array {
  const own = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (own[i + 1] = own[i]! + starts[row + 1]! - starts[row]!));
  return own;
}

/** Mean and standard deviation of the recordings' mean excerpts, float64 [columns] each. */
export function spreadOf(
  data: Pick<Reduced, 'x' | 'columns' | 'starts'>,
  rows: Int32Array,
): Pick<Reach, 'centre' | 'deviation'> {
  const { columns } = data;
  const centre = new Float64Array(columns);
  const square = new Float64Array(columns);
  eachPart(data, rows, (x, starts) => {
    averageOver(starts, x, columns).forEach((mean, i) => {
      centre[i % columns]! += mean / rows.length;
      square[i % columns]! += (mean * mean) / rows.length;
    });
  });
  const deviation = square.map((value, j) => Math.sqrt(Math.max(value - centre[j]! ** 2, 1e-12)));
  return { centre, deviation };
}

/**
 * Root mean square, over components, of a recording's mean in standard deviations from the centre.
 *
 * @param means float64, recordings x components.
 * @returns float64, one per recording, 0 or more.
 */
export function distances(
  { centre, deviation }: Pick<Reach, 'centre' | 'deviation'>,
  means: Float64Array,
  rows: number,
): Float64Array {
  const columns = centre.length;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let j = 0; j < columns; j++)
      sum += ((means[row * columns + j]! - centre[j]!) / deviation[j]!) ** 2 / columns;
    return Math.sqrt(sum);
  });
}
