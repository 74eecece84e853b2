import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { cutShort } from './cutShort';
import type { Doubt } from './doubt';
import { isReadPcm, openPcm, type PcmFormat, type SampleEncoding } from './pcm';
import type { AudioSource } from './source';
import { endBeforeTags } from './tags';

const TAGS: Readonly<Record<number, (bits: number) => SampleEncoding>> = {
  1: (bits) => (bits <= 8 ? 'unsigned' : 'signed'),
  3: () => 'float',
  6: () => 'alaw',
  7: () => 'mulaw',
};
const EXTENSIBLE = 0xfffe;

/** Lengths that writers to a pipe leave for "not known": the largest 32-bit numbers, signed or not, less a header. */
const isPlaceholder = (length: number): boolean =>
  length >= 0xffffffff - 4096 || (length <= 0x7fffffff && length >= 0x7fffffff - 4096);

interface FormatChunk {
  readonly format: PcmFormat;
  readonly warnings: readonly string[];
}

function parseFormat(file: string, bytes: Uint8Array, big: boolean): FormatChunk | Doubt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) throw inputError(`${file}: WAV format chunk is truncated; copy the file again`);
  let tag = view.getUint16(0, !big);
  const channels = view.getUint16(2, !big);
  const sampleRate = view.getUint32(4, !big);
  const bytesPerSecond = view.getUint32(8, !big);
  const frameBytes = view.getUint16(12, !big);
  const declaredBits = view.getUint16(14, !big);
  // The sub-format's first two bytes are the classic tag.
  if (tag === EXTENSIBLE && bytes.length >= 26) tag = view.getUint16(24, !big);
  const encodingOf = TAGS[tag];
  if (encodingOf === undefined) return { doubt: `is WAV with encoding ${tag}` };
  const warnings: string[] = [];
  // Samples are stored in whole bytes, a 20-bit one in the upper bits of 24.
  let bits = Math.ceil(declaredBits / 8) * 8;
  const alignedBits = channels > 0 ? (frameBytes * 8) / channels : bits;
  if (alignedBits !== bits) {
    // The two fields contradict each other. Samples of 24 bits may lie in 32, where a third field agrees; otherwise the
    // width of the sample is what writers get right.
    const isWide = bits === 24 && alignedBits === 32 && bytesPerSecond === sampleRate * frameBytes;
    if (isWide || bits === 0) bits = alignedBits;
    else
      warnings.push(
        `its WAV header gives ${frameBytes} bytes for ${channels} x ${declaredBits} bits; ` +
          `${(bits / 8) * channels} are read`,
      );
  }
  const byteOrder = big ? 'big' : 'little';
  const format: PcmFormat = { encoding: encodingOf(bits), bits, byteOrder, sampleRate, channels };
  if (!isReadPcm(format)) return { doubt: `is WAV with ${format.encoding} samples of ${bits} bits` };
  return { format, warnings };
}

/** A chunk's header where one can be: four printable characters and a length. */
function chunkAt(
  source: ByteSource,
  position: number,
  big: boolean,
): { readonly id: string; readonly length: number } | undefined {
  const head = source.read(position, 8);
  if (head.length < 8) return undefined;
  const id = String.fromCharCode(...head.subarray(0, 4));
  if (!/^[ -~]{4}$/.test(id)) return undefined;
  return { id, length: new DataView(head.buffer, head.byteOffset).getUint32(4, !big) };
}

/** The chunk behind one that ends at `end`; some writers leave the padding of an odd length out. */
function nextChunk(source: ByteSource, end: number, big: boolean): number {
  return end % 2 === 1 &&
    chunkAt(source, end + 1, big) === undefined &&
    chunkAt(source, end, big) !== undefined
    ? end
    : end + (end % 2);
}

/** Whether nothing but chunks, tags and zeros lies between `position` and the end of the file. */
function holdsOnlyChunks(source: ByteSource, position: number, end: number, big: boolean): boolean {
  let at = nextChunk(source, position, big);
  while (at < end) {
    const chunk = chunkAt(source, at, big);
    if (chunk === undefined || at + 8 + chunk.length > end + 1)
      return end - at <= 4096 && source.read(at, end - at).every((byte) => byte === 0);
    at = nextChunk(source, at + 8 + chunk.length, big);
  }
  return true;
}

/** Where the samples end, by the length that the `data` chunk declares and by what the file holds. */
function endOfData(
  source: ByteSource,
  body: number,
  length: number,
  big: boolean,
): { readonly end: number; readonly warning?: string } {
  const available = source.size - body;
  if (isPlaceholder(length)) return { end: source.size };
  if (length >= available) return { end: source.size };
  const end = endBeforeTags(source);
  if (holdsOnlyChunks(source, body + length, end, big)) return { end: body + length };
  const behind = end - body - length;
  // Recorders that are stopped leave 0 or the length of the header; a length of the wrong size leaves most out.
  if (behind <= length) return { end: body + length };
  return {
    end,
    ...(length === 0
      ? {}
      : {
          warning: `its data chunk declares ${length} bytes of a file of ${source.size} bytes; all that follows is read as samples`,
        }),
  };
}

/**
 * Reads RIFF/WAVE (and RF64, BW64, big-endian RIFX): integer PCM of 8, 16, 24 and 32 bits, float of 32 and 64, A-law,
 * mu-law, plain or extensible header. A `data` chunk whose length is missing or contradicts the file, as left by a
 * recorder that was stopped, runs to the end of the file; a `fact` chunk limits A-law and mu-law.
 *
 * @param begin where the RIFF header lies
 * @returns a doubt for other encodings
 * @throws UserError (`input`) naming the chunk or value that cannot be used.
 */
export function openWav(source: ByteSource, begin: number): AudioSource | Doubt {
  const { file, size } = source;
  const big = String.fromCharCode(...source.read(begin, 4)) === 'RIFX';
  let formatChunk: FormatChunk | undefined;
  let factFrames: number | undefined;
  let wideLength: number | undefined;
  let isEmpty = false;
  for (let position = begin + 12; position + 8 <= size;) {
    const chunk = chunkAt(source, position, big);
    if (chunk === undefined) break;
    const { id, length } = chunk;
    const body = position + 8;
    if (id === 'fmt ') {
      const parsed = parseFormat(file, source.read(body, Math.min(length, 64)), big);
      if ('doubt' in parsed) return parsed;
      formatChunk = parsed;
    }
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
      const { format } = formatChunk;
      const warnings = [...formatChunk.warnings];
      const frameBytes = (format.bits / 8) * format.channels;
      const declared = length === 0xffffffff ? (wideLength ?? length) : length;
      const { end, warning } = endOfData(source, body, declared, big);
      if (warning !== undefined) warnings.push(warning);
      const stored = Math.floor((end - body) / Math.max(1, frameBytes));
      // Only the compressed encodings need `fact`; some writers leave zero or a stale count there for PCM.
      const limited = format.encoding === 'alaw' || format.encoding === 'mulaw' ? factFrames : undefined;
      const frames = limited !== undefined && limited > 0 ? Math.min(stored, limited) : stored;
      if (frames > 0) {
        const promised = Math.floor(declared / Math.max(1, frameBytes));
        // Some writers count the header into the length.
        if (!isPlaceholder(declared) && body + declared > size + 64)
          warnings.push(cutShort(stored, promised, format.sampleRate));
        return openPcm(source, format, { begin: body, frames, warnings });
      }
      isEmpty = true;
    }
    position = nextChunk(source, body + length, big);
  }
  throw inputError(
    isEmpty
      ? `${file}: WAV holds no samples`
      : `${file}: WAV has no data chunk; the file is truncated, copy it again`,
  );
}
