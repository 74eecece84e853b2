import { environmentError } from '../base/errors';
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

/** FLAC, native or in Ogg, by libFLAC. */
export function flacCodec(begin: number): Codec {
  return {
    name: 'FLAC',
    begin,
    create: async () => started(new (await import('@wasm-audio-decoders/flac')).FLACDecoder()),
  };
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

/** AAC in MP4 or ADTS by FAAD2, an optional package because of its licence (GPL-2.0). */
export function aacCodec(): Codec {
  return {
    name: 'AAC',
    begin: 0,
    async create() {
      let library: { decoder(): Promise<StreamDecoder> };
      try {
        library = (await import(AAC_PACKAGE)) as typeof library;
      } catch (error) {
        throw environmentError(
          `M4A/AAC needs the optional package ${AAC_PACKAGE} (GPL-2.0): npm install ${AAC_PACKAGE}, or convert to FLAC`,
          error,
        );
      }
      return library.decoder();
    },
  };
}
