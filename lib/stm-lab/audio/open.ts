import { concatenate } from '../base/concatenate';
import { openByteSource, chunksOf, type ByteSource } from './byteSource';
import { flacCodec } from './codecs';
import { openCompressed } from './compressed';
import { missingBytes } from './containers';
import { isDoubt, type Doubt } from './doubt';
import { openWithFfmpeg, type FfmpegInput } from './ffmpeg';
import { readFlacHeader } from './flacHeader';
import { openFrames } from './mpeg';
import { openOgg } from './openOgg';
import { openRawPcm, type RawPcm } from './rawPcm';
import type { AudioSource } from './source';
import { openSphere } from './sphere';
import { endBeforeTags, skipLeadingTags } from './tags';
import { openWav } from './wav';

/** How a recording is opened. */
export interface OpenAudioOptions {
  /** Reads the file as headerless PCM of this kind instead of looking for a header. */
  readonly raw?: RawPcm | undefined;
}

/** Bytes looked at to recognise a format. */
const HEAD_BYTES = 64;

/** Opens with a fast decoder, or says why not. */
async function openByContent(source: ByteSource): Promise<AudioSource | Doubt | FfmpegInput> {
  const begin = skipLeadingTags(source);
  const head = source.read(begin, HEAD_BYTES).slice();
  const textAt = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  const magic = textAt(0, 4);
  if (['RIFF', 'RF64', 'BW64', 'RIFX'].includes(magic) && textAt(8, 12) === 'WAVE')
    return openWav(source, begin);
  if (textAt(0, 7) === 'NIST_1A') return openSphere(source);
  if (textAt(4, 8) === 'ftyp') {
    const doubt = `is MP4 (${textAt(8, 12).trim()})`;
    return { doubt, begin, missingBytes: begin === 0 ? missingBytes(source, head, true) : 0 };
  }
  const end = endBeforeTags(source);
  if (magic === 'OggS') return openOgg(source, begin, end);
  if (magic === 'fLaC') {
    const header = readFlacHeader(source, begin, end);
    if (isDoubt(header)) return header;
    const part = {
      codec: flacCodec(header),
      bytes: () => chunksOf(source, begin, end),
      channels: header.channels,
    };
    return openCompressed(source, [part]);
  }
  const isMp4 = BOXES.includes(textAt(4, 8));
  const doubt = `begins with ${describeBytes(head)}`;
  if (isMp4 || OTHERS.some((mark) => textAt(0, mark.length) === mark))
    return { doubt, begin, missingBytes: begin === 0 ? missingBytes(source, head, isMp4) : 0 };
  return (await openFrames(source, begin, end)) ?? { doubt, begin };
}

/** Beginnings of other containers, within which frames of MPEG audio must not be searched for. */
const OTHERS = [
  'FORM',
  'caff',
  'riff',
  '\x1aE\xdf\xa3',
  '0&\xb2u',
  '#!AMR',
  'wvpk',
  'MAC ',
  'RIFF',
  'FLV',
  'MPCK',
  '.snd',
  'TTA1',
];

/** Boxes with which QuickTime files begin when they have no `ftyp`. */
const BOXES = ['moov', 'mdat', 'wide', 'free', 'skip', 'styp'];

function describeBytes(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 4));
  return /^[ -~]{4}$/.test(text)
    ? `"${text}"`
    : `bytes ${[...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

/**
 * Opens a recording for streaming. The format is recognised by the file's bytes, never by its name. Fast decoders read
 * WAV (RIFF, RF64, BW64, RIFX; 8 to 32-bit integer, float, A-law, mu-law), NIST SPHERE, FLAC, MP3, Ogg Vorbis, Ogg Opus
 * and Ogg FLAC; what they decline (other encodings and containers, unusual headers) goes to FFmpeg, which reads M4A,
 * AAC, AIFF, CAF, W64, AMR, WMA, Matroska and many more. Memory does not grow with the recording's length.
 *
 * A recording that ends before its declared end is read as far as it goes, with a warning; one with damage before its
 * end is refused.
 *
 * @throws UserError in one sentence naming the file, what is wrong and the fix: `input` for what its bytes or its
 *   path are to blame for (`isContentError` tells which), `environment` for the system and for a missing FFmpeg.
 */
export async function openAudio(file: string, options: OpenAudioOptions = {}): Promise<AudioSource> {
  const source = openByteSource(file);
  let opened: AudioSource | Doubt | FfmpegInput;
  try {
    opened = options.raw === undefined ? await openByContent(source) : openRawPcm(source, options.raw);
  } catch (error) {
    source.close();
    throw error;
  }
  if (!isDoubt(opened)) return opened;
  source.close();
  return openWithFfmpeg(file, opened);
}

/** A whole recording in memory. */
export interface Audio {
  /** Mono, full scale -1 .. 1. */
  readonly samples: Float32Array;
  /** Hz. */
  readonly sampleRate: number;
  /** Channels in the file. */
  readonly channels: number;
  /** What decoded it, with its version. */
  readonly decoder: string;
  /** What a user should know of it, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads a whole recording into memory: mono (mean over channels) at the file's own rate. For long files use
 * `openAudio`.
 *
 * @throws UserError as `openAudio`.
 */
export async function readAudio(file: string, options: OpenAudioOptions = {}): Promise<Audio> {
  const source = await openAudio(file, options);
  const blocks: Float32Array[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  const { sampleRate, channels, decoder, warnings } = source;
  return { samples: concatenate(blocks), sampleRate, channels, decoder, warnings };
}
