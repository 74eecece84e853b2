import { inputError } from '../base/errors';
import { openByteSource, type ByteSource } from './byteSource';
import { aacCodec, flacCodec, mpegCodec, oggFlacCodec, opusCodec, vorbisCodec } from './codecs';
import { openCompressed } from './compressed';
import { openRawPcm, type RawPcm } from './rawPcm';
import type { AudioSource } from './source';
import { openSphere } from './sphere';
import { openWav } from './wav';

/** How a recording is opened. */
export interface OpenAudioOptions {
  /** Reads the file as headerless PCM of this kind instead of looking for a header. */
  readonly raw?: RawPcm | undefined;
}

const ADVICE =
  'WAV, NIST SPHERE, FLAC, MP3, Ogg Vorbis, Opus and M4A are read; convert it, or declare headerless PCM';

/** Bytes looked at to recognise a format. */
const HEAD_BYTES = 512;

async function openByContent(source: ByteSource): Promise<AudioSource> {
  const textAt = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  let head = source.read(0, HEAD_BYTES).slice();
  const magic = textAt(0, 4);
  if (['RIFF', 'RF64', 'RIFX'].includes(magic) && textAt(8, 12) === 'WAVE') return openWav(source);
  if (textAt(0, 7) === 'NIST_1A') return openSphere(source);
  if (magic === 'OggS') {
    const page = textAt(0, head.length);
    if (page.includes('\x01vorbis')) return openCompressed(source, vorbisCodec());
    if (page.includes('OpusHead')) return openCompressed(source, opusCodec());
    if (page.includes('\x7fFLAC')) return openCompressed(source, oggFlacCodec());
    throw inputError(`${source.file}: holds an Ogg stream that is not Vorbis, Opus or FLAC; convert it`);
  }
  if (textAt(4, 8) === 'ftyp') return openCompressed(source, aacCodec());
  let begin = 0;
  if (textAt(0, 3) === 'ID3') {
    begin =
      10 + ((head[6]! & 127) << 21) + ((head[7]! & 127) << 14) + ((head[8]! & 127) << 7) + (head[9]! & 127);
    if (head[5]! & 16) begin += 10;
    head = source.read(begin, HEAD_BYTES).slice();
  }
  if (textAt(0, 4) === 'fLaC') return openCompressed(source, flacCodec(begin));
  const layer = (head[1]! >> 1) & 3;
  if (head[0] === 0xff && (head[1]! & 0xf6) === 0xf0) return openCompressed(source, aacCodec());
  if (begin > 0 || (head[0] === 0xff && (head[1]! & 0xe0) === 0xe0 && layer !== 0))
    return openCompressed(source, mpegCodec(begin));
  throw inputError(
    `${source.file}: is not a known audio format (begins with ${describeBytes(head)}); ${ADVICE}`,
  );
}

function describeBytes(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 4));
  return /^[ -~]{4}$/.test(text)
    ? `"${text}"`
    : `bytes ${[...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

/**
 * Opens a recording for streaming. The format is recognised by the file's bytes, never by its name: WAV
 * (RIFF, RF64, RIFX; 8 to 32-bit integer, float, A-law, mu-law), NIST SPHERE, FLAC, MP3, Ogg Vorbis, Ogg Opus, and
 * M4A/AAC where the optional decoder is installed. Memory does not grow with the recording's length.
 *
 * @throws StmLabError (`input`) in one sentence naming the file, what is wrong and the cure.
 */
export async function openAudio(file: string, options: OpenAudioOptions = {}): Promise<AudioSource> {
  const source = openByteSource(file);
  try {
    return options.raw === undefined ? await openByContent(source) : openRawPcm(source, options.raw);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** A whole recording in memory. */
export interface Audio {
  /** Mono, full scale -1 .. 1. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
}

/**
 * Reads a whole recording into memory: mono (mean over channels) at the file's own rate. For long files use
 * `openAudio`.
 *
 * @throws StmLabError (`input`) as `openAudio`.
 */
export async function readAudio(file: string, options: OpenAudioOptions = {}): Promise<Audio> {
  const source = await openAudio(file, options);
  const blocks: Float32Array[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let position = 0;
  for (const block of blocks) {
    samples.set(block, position);
    position += block.length;
  }
  return { samples, sampleRate: source.sampleRate };
}
