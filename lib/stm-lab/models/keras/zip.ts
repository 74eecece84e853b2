import { crc32, inflateRawSync } from 'node:zlib';
import { inputError } from 'research-basics/errors';

/** Files of an archive by name. */
export type ZipEntries = ReadonlyMap<string, Uint8Array>;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** 1 January 1980, 0:00: the earliest time the format knows, so that equal content gives equal bytes. */
const EARLIEST = 0x00210000;

/** A ZIP archive with uncompressed entries (as Keras writes its models). Below 4 GiB. */
export function encodeZip(entries: ZipEntries): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const label = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt32LE(EARLIEST, 6);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(label.length, 22);
    const local = Buffer.alloc(4);
    local.writeUInt32LE(LOCAL, 0);
    parts.push(local, common, label, Buffer.from(content.buffer, content.byteOffset, content.length));
    const head = Buffer.alloc(6);
    head.writeUInt32LE(CENTRAL, 0);
    head.writeUInt16LE(20, 4);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(head, common, tail, label);
    offset += 4 + common.length + label.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(entries.size, 8);
  end.writeUInt16LE(entries.size, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/**
 * Reads a ZIP archive (stored or deflated entries, below 4 GiB).
 *
 * @throws UserError (`input`) naming `file` when it is not one, or damaged.
 */
export function decodeZip(bytes: Buffer, file: string): ZipEntries {
  const broken = (why: string): Error => inputError(`${file}: is not a usable ZIP archive (${why})`);
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end--;
  if (end < 0) throw broken('no end record');
  const entries = new Map<string, Uint8Array>();
  let at = bytes.readUInt32LE(end + 16);
  try {
    for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
      if (bytes.readUInt32LE(at) !== CENTRAL) throw new Error('directory is damaged');
      const method = bytes.readUInt16LE(at + 10);
      const crc = bytes.readUInt32LE(at + 16);
      const size = bytes.readUInt32LE(at + 20);
      const lengths = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
      const name = bytes.toString('utf8', at + 46, at + 46 + lengths[0]!);
      const local = bytes.readUInt32LE(at + 42);
      const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const raw = bytes.subarray(begin, begin + size);
      // No more than the directory says: a few bytes may swell to gigabytes.
      const content =
        method === 0
          ? raw
          : inflateRawSync(raw, { maxOutputLength: Math.max(1, bytes.readUInt32LE(at + 24)) });
      if (crc32(content) !== crc) throw new Error(`${name} is damaged`);
      entries.set(name, content);
      at += 46 + lengths.reduce((sum, length) => sum + length, 0);
    }
  } catch (error) {
    throw broken((error as Error).message);
  }
  return entries;
}
