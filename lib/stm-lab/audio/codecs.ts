import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Codec, DecodedPiece, StreamDecoder } from './compressed';
import type { FlacHeader } from './flacHeader';

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

const names = new Map<string, string>();

/** A package and its version, as results name it; looked up once, since every recording asks. */
function nameOf(packageName: string): string {
  const name = names.get(packageName) ?? findName(packageName);
  names.set(packageName, name);
  return name;
}

function findName(packageName: string): string {
  // Its package.json is not exported; it lies above the file that is.
  for (let folder = path.dirname(require.resolve(packageName)); ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) {
      const { name, version } = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string>;
      if (name === packageName) return `${packageName} ${version}`;
    }
    if (folder === path.dirname(folder)) return packageName;
  }
}

/** FLAC in Ogg, by libFLAC. */
export function oggFlacCodec(): Codec {
  return {
    name: 'FLAC',
    decoder: nameOf('@wasm-audio-decoders/flac'),
    create: async () => started(new (await import('@wasm-audio-decoders/flac')).FLACDecoder()),
  };
}

/** Native FLAC by libFLAC. */
export function flacCodec({ firstFrame, samples }: FlacHeader): Codec {
  return {
    ...oggFlacCodec(),
    async create() {
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
          if (decoded < samples) throw new Error(`only ${decoded} of ${samples} samples are whole`);
          return last;
        },
        free: () => decoder.free(),
      };
    },
  };
}

/** Ogg Vorbis by libvorbis. */
export function vorbisCodec(): Codec {
  return {
    name: 'Ogg Vorbis',
    decoder: nameOf('@wasm-audio-decoders/ogg-vorbis'),
    create: async () => started(new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder()),
  };
}

/** Ogg Opus by libopus; always 48 kHz, as the format defines. */
export function opusCodec(): Codec {
  return {
    name: 'Ogg Opus',
    decoder: nameOf('ogg-opus-decoder'),
    create: async () => started(new (await import('ogg-opus-decoder')).OggOpusDecoder()),
  };
}

/** MPEG layers I to III by mpg123, encoder delay and padding removed where the file declares them. */
export function mpegCodec(): Codec {
  return {
    name: 'MPEG audio',
    decoder: nameOf('mpg123-decoder'),
    create: async () => started(new (await import('mpg123-decoder')).MPEGDecoder()),
  };
}
