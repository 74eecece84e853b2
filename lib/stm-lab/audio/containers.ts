import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';

/** Walks the boxes of MP4 and QuickTime: where the last one ends, and whether the index is among them. */
function walkBoxes(source: ByteSource): { readonly end: number; readonly hasIndex: boolean } {
  let hasIndex = false;
  let position = 0;
  while (position + 8 <= source.size) {
    const head = source.read(position, 16);
    const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    if (String.fromCharCode(...head.subarray(4, 8)) === 'moov') hasIndex = true;
    const short = view.getUint32(0);
    // 0: to the end of the file; 1: the length follows in 64 bits.
    const length =
      short === 0
        ? source.size - position
        : short === 1 && head.length === 16
          ? Number(view.getBigUint64(8))
          : short;
    if (length < 8) break;
    position += length;
  }
  return { end: position, hasIndex };
}

/** Where the `data` chunk of a CAF file ends; 0 when it does not say. */
function endOfCaf(source: ByteSource): number {
  for (let position = 8; position + 12 <= source.size;) {
    const head = source.read(position, 12);
    const length = Number(new DataView(head.buffer, head.byteOffset).getBigInt64(4));
    if (length < 0) return 0;
    position += 12 + length;
    if (String.fromCharCode(...head.subarray(0, 4)) === 'data') return position;
  }
  return 0;
}

/** Where a file ends by its own header, for the containers that say so; 0 for others. */
function declaredEnd(source: ByteSource, head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const magic = String.fromCharCode(...head.subarray(0, 4));
  if (head.length < 48) return 0;
  if (magic === 'RIFF') return view.getUint32(4, true) >= 0x7fffffff - 4096 ? 0 : view.getUint32(4, true) + 8;
  if (magic === 'FORM') return view.getUint32(4) + 8;
  if (magic === 'riff') return Number(view.getBigUint64(16, true));
  if (magic === 'caff') return endOfCaf(source);
  if (view.getUint32(0) !== 0x3026b275) return 0;
  // ASF: the header object, then the data object.
  const header = Number(view.getBigUint64(16, true));
  const data = source.read(header, 24);
  return data.length < 24
    ? header
    : header + Number(new DataView(data.buffer, data.byteOffset).getBigUint64(16, true));
}

/** Some writers count a header twice, or a byte of padding that they leave out. */
const TOLERATED_BYTES = 64;

/**
 * Bytes by which a container that FFmpeg reads is shorter than its header declares.
 *
 * @param head its first bytes
 * @throws UserError (`input`) for MP4 that was cut off before its index.
 */
export function missingBytes(source: ByteSource, head: Uint8Array, isMp4: boolean): number {
  let end: number;
  if (isMp4) {
    const boxes = walkBoxes(source);
    if (!boxes.hasIndex)
      throw inputError(
        `${source.file}: is MP4 without its index (moov), which recorders write last: the recording was cut off or not ` +
          'finished; copy the file again',
      );
    end = boxes.end;
  } else end = declaredEnd(source, head);
  const missing = end - source.size;
  return Number.isSafeInteger(missing) && missing > TOLERATED_BYTES ? missing : 0;
}
