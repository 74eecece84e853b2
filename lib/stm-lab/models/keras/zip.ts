import { crc32 } from 'node:zlib';
import { type Unzipped, unzipSync, zipSync } from 'fflate';
import { inputError, messageOf } from 'research-basics/errors';

/** First word of an archive's directory of entries, and of the record that closes it. */
const CENTRAL = 0x02014b50;
const END = 'PK\x05\x06';

/**
 * A ZIP archive with uncompressed entries (as Keras writes its models). Below 4 GiB. All entries carry the earliest time
 * that the format knows, so that equal content gives equal bytes.
 */
export function encodeZip(entries: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipSync({ ...entries }, { level: 0, mtime: new Date(1980, 0, 1) });
}

/**
 * Reads a ZIP archive (stored or deflated entries, below 4 GiB): content by name.
 *
 * @throws UserError (`input`) naming `file` when it is not one, or damaged.
 */
export function decodeZip(bytes: Buffer, file: string): Unzipped {
  try {
    const entries = unzipSync(bytes);
    // fflate does not compare checksums, and a flipped bit in a weight would go unseen.
    let at = bytes.readUInt32LE(bytes.lastIndexOf(END, undefined, 'latin1') + 16);
    while (bytes.readUInt32LE(at) === CENTRAL) {
      const lengths = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
      const name = bytes.toString('utf8', at + 46, at + 46 + lengths[0]!);
      if (crc32(entries[name] ?? Buffer.alloc(0)) !== bytes.readUInt32LE(at + 16))
        throw new Error(`${name} is damaged`);
      at += 46 + lengths.reduce((sum, length) => sum + length, 0);
    }
    return entries;
  } catch (error) {
    throw inputError(`${file}: is not a usable ZIP archive (${messageOf(error)})`);
  }
}
