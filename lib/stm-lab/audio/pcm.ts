import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { createDownmix } from './downmix';
import type { AudioSource } from './source';

/** How one sample is stored. `signed` and `unsigned` are integers of 8 to 32 bits, `float` 32 or 64. */
export type SampleEncoding = 'signed' | 'unsigned' | 'float' | 'alaw' | 'mulaw';

/** Interleaved samples of a known kind, as a header or a manifest declares them. */
export interface PcmFormat {
  readonly encoding: SampleEncoding;
  /** Bits a sample takes in the file: 8, 16, 24, 32, or 64 (float). A-law and mu-law: 8. */
  readonly bits: number;
  readonly byteOrder: 'little' | 'big';
  readonly sampleRate: number;
  readonly channels: number;
}

/** Where the samples lie in the file. */
export interface PcmExtent {
  readonly begin: number;
  /** Whole frames (one sample of every channel). */
  readonly frames: number;
  /** What the user should know of the recording. */
  readonly warnings?: readonly string[];
}

const BITS: Readonly<Record<SampleEncoding, readonly number[]>> = {
  signed: [8, 16, 24, 32],
  unsigned: [8, 16, 24, 32],
  float: [32, 64],
  alaw: [8],
  mulaw: [8],
};

/** Highest sampling rate and channel count that a header is believed for. */
const MAX_RATE = 1_000_000;
const MAX_CHANNELS = 1024;

/** Whether samples of this kind and width are read. */
export function isReadPcm({ encoding, bits }: PcmFormat): boolean {
  return BITS[encoding].includes(bits);
}

/**
 * Checks a declared format.
 *
 * @throws UserError (`input`) naming the file, the value and what is accepted.
 */
export function checkPcmFormat(file: string, format: PcmFormat): void {
  const { encoding, bits, sampleRate, channels } = format;
  if (!isReadPcm(format))
    throw inputError(
      `${file}: ${encoding} samples of ${bits} bits are not read (${BITS[encoding].join(', ')} are)`,
    );
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > MAX_RATE)
    throw inputError(`${file}: sampling rate ${sampleRate} Hz is not usable (1 to ${MAX_RATE})`);
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS)
    throw inputError(`${file}: ${channels} channels are not usable (1 to ${MAX_CHANNELS})`);
}

/** ITU-T G.711 A-law code 0 .. 255 to amplitude in (-1, 1). */
export function decodeAlaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits & 0x70) >> 4;
  const mantissa = ((bits & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (bits & 0x80 ? magnitude : -magnitude) / 32768;
}

/** ITU-T G.711 mu-law code 0 .. 255 to amplitude in (-1, 1). */
export function decodeMulaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
}

/** Splits interleaved samples into channels, in double precision: integers of 32 bits do not fit into float32. */
export type Deinterleaver = (bytes: Uint8Array) => Float64Array[];

/** Prepares splitting samples of a format, which must be one that `checkPcmFormat` takes. */
export function createDeinterleaver(format: PcmFormat): Deinterleaver {
  const { channels, bits } = format;
  const width = bits / 8;
  const read = sampleReader(format);
  return (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = Math.floor(bytes.length / (width * channels));
    const planes = Array.from({ length: channels }, () => new Float64Array(count));
    planes.forEach((plane, c) => {
      for (let i = 0; i < count; i++) plane[i] = read(view, (i * channels + c) * width);
    });
    return planes;
  };
}

type SampleReader = (view: DataView, offset: number) => number;

function sampleReader({ encoding, bits, byteOrder }: PcmFormat): SampleReader {
  const little = byteOrder === 'little';
  if (encoding === 'alaw' || encoding === 'mulaw') {
    const decode = encoding === 'alaw' ? decodeAlaw : decodeMulaw;
    const table = Float64Array.from({ length: 256 }, (_, code) => decode(code));
    return (view, offset) => table[view.getUint8(offset)]!;
  }
  if (encoding === 'float')
    return bits === 32
      ? (view, offset) => view.getFloat32(offset, little)
      : (view, offset) => view.getFloat64(offset, little);
  const shift = encoding === 'unsigned' ? 1 : 0;
  if (bits === 8)
    return shift
      ? (view, offset) => (view.getUint8(offset) - 128) / 128
      : (view, offset) => view.getInt8(offset) / 128;
  if (bits === 16)
    return shift
      ? (view, offset) => (view.getUint16(offset, little) - 32768) / 32768
      : (view, offset) => view.getInt16(offset, little) / 32768;
  if (bits === 24) {
    const read: SampleReader = little
      ? (view, offset) => view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16)
      : (view, offset) => (view.getUint8(offset) << 16) | view.getUint16(offset + 1, false);
    return shift
      ? (view, offset) => (read(view, offset) - 8388608) / 8388608
      : (view, offset) => ((read(view, offset) << 8) >> 8) / 8388608;
  }
  return shift
    ? (view, offset) => (view.getUint32(offset, little) - 2147483648) / 2147483648
    : (view, offset) => view.getInt32(offset, little) / 2147483648;
}

/** Bytes read at a time: bounded whatever the number of channels. */
const BLOCK_BYTES = 1 << 18;

/** Names the reader of PCM in results. */
const PCM_DECODER = 'stm-lab';

/**
 * Interleaved PCM as a stream of mono blocks (mean over channels). The source is closed at the end, or when
 * the reader stops early.
 *
 * @throws UserError (`input`) when the format is not one that is read.
 */
export function openPcm(
  source: ByteSource,
  format: PcmFormat,
  { begin, frames, warnings: known = [] }: PcmExtent,
): AudioSource {
  checkPcmFormat(source.file, format);
  const { channels, bits } = format;
  const frameBytes = (bits / 8) * channels;
  const deinterleave = createDeinterleaver(format);
  const warnings = [...known];
  const downmix = createDownmix(source.file, (sentence) => warnings.push(sentence));
  return {
    sampleRate: format.sampleRate,
    channels,
    decoder: PCM_DECODER,
    warnings,
    async *blocks() {
      try {
        const step = Math.max(1, Math.floor(BLOCK_BYTES / frameBytes));
        for (let frame = 0; frame < frames; frame += step) {
          const bytes = source.read(begin + frame * frameBytes, Math.min(step, frames - frame) * frameBytes);
          const planes = deinterleave(bytes);
          yield downmix.push(planes[0]!.length, planes);
        }
        downmix.finish();
      } finally {
        source.close();
      }
    },
    close: () => source.close(),
  };
}
