import * as fs from 'node:fs';
import { fileError, inputError } from 'research-basics/errors';
import { openForReading, readFully } from 'research-basics/files';

/** Random access to the bytes of an open file. */
export interface ByteSource {
  readonly file: string;
  readonly size: number;
  /**
   * Up to `length` bytes from `position`; shorter at the end of the file. Valid until the next call.
   *
   * @throws UserError (`environment`) when the disk or network share fails.
   */
  read(position: number, length: number): Uint8Array;
  close(): void;
}

/** Bytes asked of a compressed file at a time. */
const CHUNK_BYTES = 1 << 16;

/**
 * Opens a regular file for reading in pieces.
 *
 * @throws UserError: `input` when it is missing, not a file, or empty; `environment` when the system fails.
 */
export function openByteSource(file: string): ByteSource {
  const handle = openForReading(file);
  let size: number;
  try {
    const status = fs.fstatSync(handle);
    if (!status.isFile()) throw inputError(`${file}: is not a file; give the path of a recording`);
    size = status.size;
    if (size === 0) throw inputError(`${file}: is empty (0 bytes); copy it again`);
  } catch (error) {
    fs.closeSync(handle);
    throw error;
  }
  let buffer = new Uint8Array(CHUNK_BYTES);
  let open = true;
  return {
    file,
    size,
    read(position, length) {
      if (buffer.length < length) buffer = new Uint8Array(length);
      try {
        return buffer.subarray(0, readFully(handle, buffer.subarray(0, length), position));
      } catch (error) {
        throw fileError(file, error);
      }
    },
    close() {
      if (open) fs.closeSync(handle);
      open = false;
    },
  };
}

/** The bytes of a file from `begin` to `end`, in fresh blocks of 64 KiB. */
export function* chunksOf(source: ByteSource, begin: number, end: number): Generator<Uint8Array> {
  for (let position = begin; position < end;) {
    const chunk = source.read(position, Math.min(CHUNK_BYTES, end - position)).slice();
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
  }
}
