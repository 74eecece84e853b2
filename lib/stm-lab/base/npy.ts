import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError, messageOf } from 'research-basics/errors';
import { openForReading, readFully, temporaryName } from 'research-basics/files';

/** A dense row-major array as NumPy stores it. `float16`, booleans and structured types are not read. */
export interface NpyArray {
  readonly shape: number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

const DESCRIPTORS = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '|u1': Uint8Array,
} as const;
type Descriptor = keyof typeof DESCRIPTORS;

/** What the header of an `.npy` file says: element type, shape, and where the data begin (bytes). */
export interface NpyHeader {
  readonly descriptor: Descriptor;
  readonly shape: number[];
  readonly offset: number;
}

function descriptorOf(data: NpyArray['data']): Descriptor {
  if (data instanceof Float32Array) return '<f4';
  if (data instanceof Float64Array) return '<f8';
  if (data instanceof Int32Array) return '<i4';
  return '|u1';
}

/** Header bytes of NPY format 1.0, padded so that the data begin on a multiple of 64. */
export function encodeNpyHeader(descriptor: Descriptor, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padding = 64 - ((10 + text.length + 1) % 64);
  const body = `${text}${' '.repeat(padding % 64)}\n`;
  const header = Buffer.alloc(10 + body.length, body.length);
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(body.length, 8);
  header.write(body, 10, 'latin1');
  return header;
}

/**
 * Reads the header of an `.npy` file (format 1.0 or 2.0) from an open handle.
 *
 * @throws UserError (`input`) when the file is not NPY, column-major, or of an unread element type.
 */
export function readNpyHeader(handle: number, file: string): NpyHeader {
  const start = Buffer.alloc(12);
  const got = fs.readSync(handle, start, 0, 12, 0);
  if (got < 12 || start.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw inputError(`${file}: is not an NPY file`);
  const wide = start[6]! >= 2;
  const length = wide ? start.readUInt32LE(8) : start.readUInt16LE(8);
  const begin = wide ? 12 : 10;
  const body = Buffer.alloc(length);
  if (fs.readSync(handle, body, 0, length, begin) < length)
    throw inputError(`${file}: NPY header is truncated`);
  const text = body.toString('latin1');
  const descriptor = /'descr':\s*'([^']+)'/.exec(text)?.[1] as Descriptor;
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (!Object.hasOwn(DESCRIPTORS, descriptor))
    throw inputError(`${file}: unsupported NPY dtype ${descriptor} (use float32, float64, int32 or uint8)`);
  if (/'fortran_order':\s*True/.test(text))
    throw inputError(`${file}: NPY is column-major; save it with numpy.ascontiguousarray`);
  if (shape === undefined) throw inputError(`${file}: NPY header has no shape`);
  return {
    descriptor,
    shape: shape
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(Number),
    offset: begin + length,
  };
}

/**
 * Reads a whole `.npy` file into memory.
 *
 * @returns shape and a typed array of the file's own element type.
 * @throws UserError (`input`) when unreadable, of an unread type, or shorter than its header says.
 */
export function readNpy(file: string): NpyArray {
  const handle = openForReading(file);
  try {
    const { descriptor, shape, offset } = readNpyHeader(handle, file);
    const data = new DESCRIPTORS[descriptor](shape.reduce((product, extent) => product * extent, 1));
    const read = readFully(handle, new Uint8Array(data.buffer), offset);
    if (read < data.byteLength)
      throw inputError(
        `${file}: holds ${read} data bytes where its header says ${data.byteLength}; make it again`,
      );
    return { shape, data };
  } finally {
    fs.closeSync(handle);
  }
}

/** An `.npy` file being written row by row; `finish` gives it its name, `abort` leaves nothing. */
export interface NpyWriter {
  /** Appends whole rows; the element type must be the writer's. */
  append(rows: NpyArray['data']): void;
  /** Writes the header with the final row count, fsyncs, renames. Returns the number of rows. */
  finish(): number;
  abort(): void;
}

/**
 * Opens an `.npy` file of unknown length for writing in row order, in bounded memory.
 *
 * @param rowShape extents after the first, e.g. `[2420]`.
 */
export function openNpyWriter(
  target: string,
  descriptor: Descriptor,
  rowShape: readonly number[],
): NpyWriter {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  const handle = fs.openSync(temporary, 'w');
  const rowLength = rowShape.reduce((product, extent) => product * extent, 1);
  // A count of 15 digits keeps the header the same length whatever the final row count.
  const headerFor = (rows: number): Buffer => {
    const draft = encodeNpyHeader(descriptor, [999_999_999_999_999, ...rowShape]);
    const text = draft.toString('latin1', 10).trimEnd().replace('999999999999999', String(rows));
    draft.write(text.padEnd(draft.length - 11, ' '), 10, 'latin1');
    return draft;
  };
  let elements = 0;
  let position = headerFor(0).length;
  let open: 'yes' | 'no' = 'yes';
  const close = (): void => {
    if (open === 'yes') fs.closeSync(handle);
    open = 'no';
  };
  return {
    append(rows) {
      if (descriptorOf(rows) !== descriptor)
        throw new TypeError(`NPY writer of ${descriptor} got ${descriptorOf(rows)}`);
      const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(handle, bytes, done, Math.min(bytes.length - done, 1 << 30), position + done);
      }
      position += bytes.length;
      elements += rows.length;
    },
    finish() {
      const rows = elements / rowLength;
      if (!Number.isInteger(rows))
        throw new RangeError(`${target}: ${elements} elements are not whole rows of ${rowLength}`);
      fs.writeSync(handle, headerFor(rows), 0, undefined, 0);
      fs.fsyncSync(handle);
      close();
      fs.renameSync(temporary, target);
      return rows;
    },
    abort() {
      close();
      fs.rmSync(temporary, { force: true });
    },
  };
}

/**
 * Writes a whole array as `.npy` (format 1.0, row-major, little-endian), atomically.
 *
 * @throws RangeError when `shape` does not multiply to the data's length.
 */
export function writeNpy(target: string, { data, shape }: NpyArray): void {
  const length = shape.reduce((product, extent) => product * extent, 1);
  if (length !== data.length)
    throw new RangeError(`${target}: shape ${shape.join(' x ')} is not ${data.length} elements`);
  const writer = openNpyWriter(target, descriptorOf(data), shape.slice(1));
  try {
    writer.append(data);
    writer.finish();
  } catch (error) {
    writer.abort();
    throw inputError(
      `${target}: could not be written (${messageOf(error)}); free space or choose another output folder`,
      error,
    );
  }
}
