import { inputError } from '../base/errors';
import type { ByteSource } from './byteSource';
import { openPcm, type PcmFormat, type SampleEncoding } from './pcm';
import type { AudioSource } from './source';

const TAGS: Readonly<Record<number, (bits: number) => SampleEncoding>> = {
  1: (bits) => (bits <= 8 ? 'unsigned' : 'signed'),
  3: () => 'float',
  6: () => 'alaw',
  7: () => 'mulaw',
};
const EXTENSIBLE = 0xfffe;
const UNKNOWN_LENGTH = 0xffffffff;

interface FormatChunk {
  readonly format: PcmFormat;
  readonly frameBytes: number;
}

function parseFormat(file: string, bytes: Uint8Array, big: boolean): FormatChunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) throw inputError(`${file}: WAV format chunk is cut short; copy the file again`);
  let tag = view.getUint16(0, !big);
  const channels = view.getUint16(2, !big);
  const sampleRate = view.getUint32(4, !big);
  const frameBytes = view.getUint16(12, !big);
  const validBits = view.getUint16(14, !big);
  // The sub-format's first two bytes are the classic tag.
  if (tag === EXTENSIBLE && bytes.length >= 26) tag = view.getUint16(24, !big);
  const encodingOf = TAGS[tag];
  if (encodingOf === undefined)
    throw inputError(
      `${file}: WAV encoding ${tag} is not read; convert the file to PCM, float, A-law or mu-law WAV, or to FLAC`,
    );
  // A 20-bit sample is stored in the upper bits of 24, so the container's width is what counts.
  const bits = channels > 0 ? (frameBytes * 8) / channels : validBits;
  if (bits < validBits)
    throw inputError(
      `${file}: WAV header gives ${frameBytes} bytes for ${channels} samples of ${validBits} bits`,
    );
  const byteOrder = big ? 'big' : 'little';
  return { format: { encoding: encodingOf(bits), bits, byteOrder, sampleRate, channels }, frameBytes };
}

/**
 * Reads RIFF/WAVE (and RF64, and big-endian RIFX): integer PCM of 8, 16, 24 and 32 bits, float of 32 and 64,
 * A-law, mu-law, plain or extensible header. A `data` chunk without a length, as left by a recorder that was
 * stopped, runs to the end of the file; a `fact` chunk, where present, limits the frames.
 *
 * @throws StmLabError (`input`) naming the chunk or value that cannot be used.
 */
export function openWav(source: ByteSource): AudioSource {
  const { file, size } = source;
  const big = String.fromCharCode(...source.read(0, 4)) === 'RIFX';
  let formatChunk: FormatChunk | undefined;
  let factFrames: number | undefined;
  let wideLength: number | undefined;
  for (let position = 12; position + 8 <= size;) {
    const head = source.read(position, 8);
    const id = String.fromCharCode(...head.subarray(0, 4));
    const length = new DataView(head.buffer, head.byteOffset).getUint32(4, !big);
    const body = position + 8;
    if (id === 'fmt ') formatChunk = parseFormat(file, source.read(body, Math.min(length, 64)), big);
    if (id === 'ds64' && length >= 16) {
      const bytes = source.read(body, 16);
      if (bytes.length === 16)
        wideLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true));
    }
    if (id === 'fact' && length >= 4) {
      const bytes = source.read(body, 4);
      if (bytes.length === 4) factFrames = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, !big);
    }
    if (id === 'data') {
      if (formatChunk === undefined) throw inputError(`${file}: WAV has no format chunk before its data`);
      const { format, frameBytes } = formatChunk;
      const declared = length === UNKNOWN_LENGTH ? (wideLength ?? size) : length === 0 ? size : length;
      const stored = Math.floor(Math.min(declared, size - body) / Math.max(1, frameBytes));
      // Only the compressed encodings need `fact`; some writers leave zero or a stale count there for PCM.
      const limited = format.encoding === 'alaw' || format.encoding === 'mulaw' ? factFrames : undefined;
      const frames = limited !== undefined && limited > 0 ? Math.min(stored, limited) : stored;
      if (frames === 0) throw inputError(`${file}: WAV holds no samples`);
      return openPcm(source, format, { begin: body, frames });
    }
    position = body + length + (length % 2);
  }
  throw inputError(`${file}: WAV has no data chunk; the file is cut short, copy it again`);
}
