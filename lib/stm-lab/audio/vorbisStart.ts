import type { ByteSource } from './byteSource';
import { readOggPage, type OggLink } from './ogg';

/** A Vorbis mode header: block flag 1, window type 16, transform type 16, mapping 8 bits. */
const MODE_BITS = 41;

/**
 * The block flag of every mode, read from the end of a setup header: only its last part, the modes and the framing bit,
 * has a form that is known without decoding the rest (Vorbis I specification, 4.2.4).
 */
function modeFlags(setup: Uint8Array): boolean[] | undefined {
  const bitAt = (index: number): number => (setup[index >> 3]! >> (index & 7)) & 1;
  const number = (from: number, bits: number): number => {
    let value = 0;
    for (let i = bits - 1; i >= 0; i--) value = value * 2 + bitAt(from + i);
    return value;
  };
  let framing = setup.length * 8 - 1;
  while (framing > 0 && bitAt(framing) === 0) framing--;
  const flags: boolean[] = [];
  let found: boolean[] | undefined;
  for (let begin = framing - MODE_BITS; begin >= 56 && flags.length < 64; begin -= MODE_BITS) {
    if (number(begin + 1, 32) !== 0 || number(begin + 33, 8) > 63) break;
    flags.unshift(bitAt(begin) === 1);
    if (number(begin - 6, 6) + 1 === flags.length) found = [...flags];
  }
  return found;
}

/**
 * Samples at the start of an Ogg Vorbis stream that lie before its time zero and are to be dropped: those by which the
 * first pages hold more than their granule position says (Vorbis I specification, A.2). A stream that was cut without
 * being encoded again begins so.
 */
export function samplesBeforeZero(source: ByteSource, link: OggLink): number {
  const sizes = [1 << (link.header[28]! & 15), 1 << (link.header[28]! >> 4)] as const;
  let setup: Uint8Array[] = [];
  let packets = 0;
  let flags: boolean[] | undefined;
  let first: number | undefined;
  let samples = 0;
  let previous = 0;
  for (let position = link.begin; position < link.end;) {
    const page = readOggPage(source, position);
    if (typeof page === 'string') return 0;
    position += page.length;
    if (page.serial !== link.serial) continue;
    // What was cut off before a continued packet cannot be decoded.
    let isHeadless = page.isContinued && packets >= 3 && first === undefined;
    let at = 0;
    for (const segment of page.segments) {
      if (packets < 3) setup.push(page.body.slice(at, at + segment));
      else if (segment > 0) first ??= page.body[at]!;
      at += segment;
      if (segment === 255) continue;
      packets++;
      if (packets <= 3) {
        if (packets === 3) flags = modeFlags(Buffer.concat(setup));
        setup = [];
        if (packets === 3 && flags === undefined) return 0;
        continue;
      }
      if (!isHeadless && first !== undefined && (first & 1) === 0) {
        const modeBits = 32 - Math.clz32(flags!.length - 1);
        const flag = flags![(first >> 1) & ((1 << modeBits) - 1)] ?? false;
        const size = flag ? sizes[1] : sizes[0];
        if (previous > 0) samples += (previous + size) / 4;
        previous = size;
      }
      first = undefined;
      isHeadless = false;
    }
    if (packets > 3 && page.granule >= 0)
      return page.isLast ? 0 : Math.max(0, samples - Math.max(0, page.granule));
  }
  return 0;
}
