import { environmentError, inputError } from '../base/errors';
import type { ByteSource } from './byteSource';
import type { Codec, DecodedPiece, StreamDecoder } from './compressed';

/** What the WebAssembly decoders have in common beyond `StreamDecoder`. */
interface LibraryDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): DecodedPiece | Promise<DecodedPiece>;
  flush?(): Promise<DecodedPiece>;
  free(): void;
}

async function started(decoder: LibraryDecoder): Promise<StreamDecoder> {
  await decoder.ready;
  return {
    decode: (bytes) => decoder.decode(bytes),
    flush: () => decoder.flush?.(),
    free: () => decoder.free(),
  };
}

/** FLAC in Ogg, by libFLAC. */
export function oggFlacCodec(): Codec {
  return {
    name: 'FLAC',
    begin: 0,
    create: async () => started(new (await import('@wasm-audio-decoders/flac')).FLACDecoder()),
  };
}

/** Native FLAC by libFLAC, from the `fLaC` mark at byte `begin`. */
export function flacCodec(begin: number): Codec {
  return {
    name: 'FLAC',
    begin,
    async create(source) {
      const { firstFrame, samples } = readFlacHeader(source, begin);
      const decoder = await started(new (await import('@wasm-audio-decoders/flac')).FLACDecoder());
      let decoded = 0;
      const counted = async (piece: DecodedPiece | Promise<DecodedPiece>): Promise<DecodedPiece> => {
        const result = await piece;
        decoded += result.samplesDecoded;
        return result;
      };
      return {
        decode: (bytes) => counted(decoder.decode(bytes)),
        async flush() {
          // The library gives a frame out when it sees the next one's header, and never the last: show it a header.
          const last = await counted(decoder.decode(firstFrame));
          // It also passes over damaged frames in silence.
          if (samples > 0 && decoded < samples)
            throw new Error(`only ${decoded} of ${samples} samples are whole`);
          return last;
        },
        free: () => decoder.free(),
      };
    },
  };
}

/** Bytes of the first frame's header (with room for what follows one), and the samples the file declares (0: unknown). */
function readFlacHeader(source: ByteSource, begin: number): { firstFrame: Uint8Array; samples: number } {
  let position = begin + 4;
  let samples = 0;
  for (let isLast = false; !isLast;) {
    const head = source.read(position, 4).slice();
    if (head.length < 4) throw inputError(`${source.file}: FLAC header is cut short; copy the file again`);
    isLast = (head[0]! & 0x80) !== 0;
    if ((head[0]! & 0x7f) === 0) {
      const info = source.read(position + 4, 18);
      const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
      if (info.length === 18) samples = (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14);
    }
    position += 4 + head[1]! * 65536 + head[2]! * 256 + head[3]!;
  }
  const firstFrame = new Uint8Array(4096);
  firstFrame.set(source.read(position, 16));
  return { firstFrame, samples };
}

/** Ogg Vorbis by libvorbis. */
export function vorbisCodec(): Codec {
  return {
    name: 'Ogg Vorbis',
    begin: 0,
    create: async () => started(new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder()),
  };
}

/** Ogg Opus by libopus; always 48 kHz, as the format defines. */
export function opusCodec(): Codec {
  return {
    name: 'Ogg Opus',
    begin: 0,
    create: async () => started(new (await import('ogg-opus-decoder')).OggOpusDecoder()),
  };
}

/** MPEG layers I to III by mpg123, encoder delay and padding removed where the file declares them. */
export function mpegCodec(begin: number): Codec {
  return {
    name: 'MPEG audio',
    begin,
    create: async () => started(new (await import('mpg123-decoder')).MPEGDecoder()),
  };
}

const AAC_PACKAGE = '@audio/decode-aac';

interface AacDecoder {
  decode(bytes: Uint8Array): Omit<DecodedPiece, 'samplesDecoded'>;
  free(): void;
}

/**
 * AAC (and ALAC) in MP4, or AAC in ADTS, by FAAD2: an optional package because of its licence (GPL-2.0). An MP4 file
 * whose tables come last is held in memory until they are read.
 */
export function aacCodec(): Codec {
  return {
    name: 'AAC',
    begin: 0,
    async create() {
      let library: { decoder(): Promise<AacDecoder> };
      try {
        library = (await import(AAC_PACKAGE)) as typeof library;
      } catch (error) {
        throw environmentError(
          `M4A/AAC needs the optional package ${AAC_PACKAGE} (GPL-2.0): npm install ${AAC_PACKAGE}, or convert to FLAC`,
          error,
        );
      }
      const decoder = await library.decoder();
      return {
        decode(bytes) {
          const piece = decoder.decode(bytes);
          return { ...piece, samplesDecoded: piece.channelData[0]?.length ?? 0 };
        },
        // Frames are decoded as they arrive; what is left is less than one.
        flush: () => undefined,
        free: () => decoder.free(),
      };
    },
  };
}
