import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import type { Doubt } from './doubt';

/** What the fast decoder has to know of a FLAC stream. */
export interface FlacHeader {
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per channel that the header declares. */
  readonly samples: number;
  /** Bytes of the first frame's header, with room for what follows one. */
  readonly firstFrame: Uint8Array;
}

/** STREAMINFO (RFC 9639, 8.2). */
interface StreamInfo {
  readonly blockSize: number;
  readonly maxFrameBytes: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly bits: number;
  readonly samples: number;
}

/** The 34 bytes of STREAMINFO as numbers. */
export function parseStreamInfo(bytes: Uint8Array): StreamInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    blockSize: view.getUint16(0),
    maxFrameBytes: view.getUint32(6) & 0xffffff,
    sampleRate: view.getUint32(10) >>> 12,
    channels: ((bytes[12]! >> 1) & 7) + 1,
    bits: ((bytes[12]! & 1) << 4) + (bytes[13]! >> 4) + 1,
    samples: (bytes[13]! & 15) * 2 ** 32 + view.getUint32(14),
  };
}

/** Widths that the fast decoder scales rightly. */
export const FAST_BITS: readonly number[] = [8, 16, 24];

const CHECKSUMS = Uint8Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x80 ? 0x07 : 0);
  return value & 255;
});

interface FrameHeader {
  readonly rateCode: number;
  readonly widthCode: number;
  /** Sample after this frame's last, counted from the start. */
  readonly endSample: number;
}

/** The frame header at the start of `bytes`, whose checksum must be right (RFC 9639, 9.1). */
function parseFrame(bytes: Uint8Array, { blockSize }: StreamInfo): FrameHeader | undefined {
  if (bytes[0] !== 0xff || (bytes[1]! & 0xfe) !== 0xf8) return undefined;
  const sizeCode = bytes[2]! >> 4;
  const rateCode = bytes[2]! & 15;
  if (sizeCode === 0 || rateCode === 15 || (bytes[3]! & 1) !== 0) return undefined;
  // The number is coded like UTF-8, up to 36 bits.
  let at = 4;
  const lead = bytes[at++]!;
  const more = lead < 0x80 ? 0 : Math.clz32(~(lead << 24)) - 1;
  if (more < 0 || more > 6 || (lead >= 0x80 && more === 0)) return undefined;
  let number = more === 0 ? lead : lead & (0x3f >> more);
  for (let i = 0; i < more; i++) number = number * 64 + (bytes[at++]! & 0x3f);
  let size: number;
  if (sizeCode === 1) size = 192;
  else if (sizeCode <= 5) size = 576 << (sizeCode - 2);
  else if (sizeCode === 6) size = bytes[at++]! + 1;
  else if (sizeCode === 7) {
    size = bytes[at]! * 256 + bytes[at + 1]! + 1;
    at += 2;
  } else size = 256 << (sizeCode - 8);
  at += rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0;
  if (at >= bytes.length) return undefined;
  let check = 0;
  for (let i = 0; i < at; i++) check = CHECKSUMS[check ^ bytes[i]!]!;
  if (check !== bytes[at]) return undefined;
  const start = (bytes[1]! & 1) !== 0 ? number : number * blockSize;
  return { rateCode, widthCode: (bytes[3]! >> 1) & 7, endSample: start + size };
}

/** Bytes of the longest frame header. */
const HEADER_BYTES = 17;

/** Whether a frame that ends at the declared last sample lies before `end`. */
function endsAsDeclared(source: ByteSource, begin: number, end: number, info: StreamInfo): boolean {
  const reach = Math.max(info.maxFrameBytes, 1 << 16) + 1024;
  const from = Math.max(begin, end - reach);
  const bytes = source.read(from, end - from).slice();
  for (let i = bytes.length - 6; i >= 0; i--)
    if (
      bytes[i] === 0xff &&
      (bytes[i + 1]! & 0xfe) === 0xf8 &&
      parseFrame(bytes.subarray(i, i + HEADER_BYTES), info)?.endSample === info.samples
    )
      return true;
  return false;
}

/**
 * Reads the header of native FLAC from the `fLaC` mark at `begin`, and looks at its first and last frames.
 *
 * @param end where tags behind the audio begin
 * @returns a doubt where the fast decoder would be wrong: unusual widths, rate or width that only STREAMINFO gives, an
 *   unknown or contradicted number of samples
 * @throws UserError (`input`) when the file ends within the header.
 */
export function readFlacHeader(source: ByteSource, begin: number, end: number): FlacHeader | Doubt {
  let position = begin + 4;
  let info: StreamInfo | undefined;
  for (let isLast = false; !isLast;) {
    const head = source.read(position, 4).slice();
    if (head.length < 4) throw inputError(`${source.file}: FLAC header is truncated; copy the file again`);
    isLast = (head[0]! & 0x80) !== 0;
    if ((head[0]! & 0x7f) === 0) {
      const bytes = source.read(position + 4, 34);
      if (bytes.length === 34) info = parseStreamInfo(bytes);
    }
    position += 4 + head[1]! * 65536 + head[2]! * 256 + head[3]!;
  }
  if (info === undefined || position >= end)
    throw inputError(`${source.file}: FLAC header is truncated; copy the file again`);
  const { bits, samples, sampleRate, channels } = info;
  if (!FAST_BITS.includes(bits)) return { doubt: `is FLAC with samples of ${bits} bits` };
  const firstFrame = new Uint8Array(4096);
  firstFrame.set(source.read(position, 16));
  const frame = parseFrame(firstFrame.subarray(0, HEADER_BYTES), info);
  if (frame === undefined) return { doubt: 'is FLAC without a frame after its header' };
  if (frame.rateCode === 0 || frame.widthCode === 0)
    return { doubt: 'is FLAC that gives rate or width in its header only' };
  if (samples === 0) return { doubt: 'is FLAC of unknown length' };
  if (!endsAsDeclared(source, position, end, info))
    return { doubt: `is FLAC that does not end at the ${samples} samples it declares` };
  return { sampleRate, channels, samples, firstFrame };
}
