import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints } from './codePoints';
import { inputError } from 'research-basics/errors';
import { openForReading, readFully } from 'research-basics/files';
import { readNpyHeader, type NpyHeader } from './npy';

/**
 * A matrix on disk, read in blocks of rows, so that it may be larger than memory. Each block is read at
 * its own place in the file; nothing is kept between reads.
 */
export interface NpyRows {
  /** The file or folder it was opened from. */
  readonly source: string;
  readonly rows: number;
  /** Values in a row (the product of all extents after the first). */
  readonly columns: number;
  /** Extents after the first, e.g. `[2420]` or `[20, 121]`. */
  readonly rowShape: readonly number[];
  /**
   * Rows `from` .. `to` - 1 as float32, row-major (float64 files are rounded).
   *
   * @param target filled and returned instead of a new array; at least `(to - from) x columns` long.
   */
  readRows(from: number, to: number, target?: Float32Array): Float32Array;
  /** The given rows, in the given order; runs of consecutive rows are read at once. */
  readRowList(rows: ArrayLike<number>, target?: Float32Array): Float32Array;
  /** Releases the file handles. */
  close(): void;
}

interface Shard {
  readonly file: string;
  readonly handle: number;
  readonly header: NpyHeader;
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens an `.npy` file of float32 or float64 (two axes or more), or a folder of them: `features.npy`
 * alone, or shards whose rows follow one another in the code-point order of their names.
 *
 * @throws UserError (`input`) naming the file when there is none, when it is not such an array, is
 *   shorter than its header says, or has rows of another shape than the shard before it.
 */
export function openNpyRows(source: string): NpyRows {
  const shards: Shard[] = [];
  const close = (): void => shards.forEach((shard) => fs.closeSync(shard.handle));
  try {
    for (const file of shardFiles(source)) shards.push(openShard(file, shards.at(-1)));
  } catch (error) {
    close();
    throw error;
  }
  const rowShape = shards[0]!.header.shape.slice(1);
  const columns = rowShape.reduce((product, extent) => product * extent, 1);
  const rows = shards.at(-1)!.end;

  const readInto = (from: number, to: number, target: Float32Array): void => {
    if (!(from >= 0 && from <= to && to <= rows))
      throw new RangeError(`rows ${from} to ${to} of ${source}, which has ${rows}`);
    for (const shard of shards) {
      const begin = Math.max(from, shard.begin);
      const end = Math.min(to, shard.end);
      if (begin >= end) continue;
      readShard(
        shard,
        begin,
        end,
        columns,
        target.subarray((begin - from) * columns, (end - from) * columns),
      );
    }
  };
  return {
    source,
    rows,
    columns,
    rowShape,
    readRows(from, to, target = new Float32Array((to - from) * columns)) {
      readInto(from, to, target);
      return target;
    },
    readRowList(list, target = new Float32Array(list.length * columns)) {
      for (let i = 0; i < list.length;) {
        let run = 1;
        while (i + run < list.length && list[i + run] === list[i]! + run) run++;
        readInto(list[i]!, list[i]! + run, target.subarray(i * columns, (i + run) * columns));
        i += run;
      }
      return target;
    },
    close,
  };
}

function shardFiles(source: string): string[] {
  const found = fs.statSync(source, { throwIfNoEntry: false });
  if (found === undefined) throw inputError(`${source}: there is no such file; run "stm-lab extract" first`);
  if (!found.isDirectory()) return [source];
  const names = fs.readdirSync(source).filter((name) => /^features.*\.npy$/.test(name));
  if (names.includes('features.npy')) return [path.join(source, 'features.npy')];
  if (names.length === 0)
    throw inputError(`${source}: holds no features.npy and no shards named features-*.npy`);
  return names.sort(compareCodePoints).map((name) => path.join(source, name));
}

function openShard(file: string, before: Shard | undefined): Shard {
  const handle = openForReading(file);
  try {
    const header = readNpyHeader(handle, file);
    const [rows, ...rowShape] = header.shape;
    if (rows === undefined || rowShape.length === 0)
      throw inputError(
        `${file}: is not a matrix (its shape is ${header.shape.join(' x ') || 'a single value'})`,
      );
    if (header.descriptor !== '<f4' && header.descriptor !== '<f8')
      throw inputError(`${file}: holds ${header.descriptor}; features are float32 or float64`);
    const expected = before?.header.shape.slice(1) ?? rowShape;
    if (expected.join() !== rowShape.join())
      throw inputError(
        `${file}: its rows are ${rowShape.join(' x ')}, those of ${before!.file} are ${expected.join(' x ')}`,
      );
    const width = header.descriptor === '<f8' ? 8 : 4;
    const bytes = rows * rowShape.reduce((product, extent) => product * extent, 1) * width;
    const present = fs.fstatSync(handle).size - header.offset;
    if (present < bytes)
      throw inputError(`${file}: holds ${present} data bytes where its header says ${bytes}; make it again`);
    const begin = before?.end ?? 0;
    return { file, handle, header, begin, end: begin + rows };
  } catch (error) {
    fs.closeSync(handle);
    throw error;
  }
}

const DOUBLES = 1 << 17;

function readShard(shard: Shard, from: number, to: number, columns: number, target: Float32Array): void {
  const first = (from - shard.begin) * columns;
  const count = (to - from) * columns;
  if (shard.header.descriptor === '<f4') {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, count * 4);
    readBytes(shard, bytes, shard.header.offset + first * 4);
    return;
  }
  const doubles = new Float64Array(Math.min(DOUBLES, count));
  for (let done = 0; done < count; done += doubles.length) {
    const part = doubles.subarray(0, Math.min(doubles.length, count - done));
    readBytes(
      shard,
      new Uint8Array(part.buffer, 0, part.length * 8),
      shard.header.offset + (first + done) * 8,
    );
    target.set(part, done);
  }
}

function readBytes({ handle, file }: Shard, target: Uint8Array, position: number): void {
  if (readFully(handle, target, position) < target.length)
    throw inputError(`${file}: ended early; it changed while it was read`);
}
