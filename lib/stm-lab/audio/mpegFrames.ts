import type { ByteSource } from './byteSource';
import { tagLengthAt } from './tags';

/** What the header of an MPEG frame (layers I to III) or of an ADTS frame (AAC) says. */
export interface FrameHeader {
  readonly kind: 'mpeg' | 'adts';
  /** Bytes of the frame; 0 for MPEG's free format, which does not tell. */
  readonly length: number;
  readonly sampleRate: number;
  /** 0 where ADTS leaves it to the data. */
  readonly channels: number;
  readonly samples: number;
  readonly layer: number;
}

const MPEG_RATES = [44100, 48000, 32000] as const;
const ADTS_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/** Bit rates in kbit/s by table and index (ISO 11172-3 2.4.2.3, 13818-3 2.4.2.3). */
const BIT_RATES: Readonly<Record<string, readonly number[]>> = {
  '1/1': [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1/2': [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1/3': [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2/1': [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2/2': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2/3': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

/** The header at the start of `bytes` (7 are enough), where one can be. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < 7 || bytes[0] !== 0xff || (bytes[1]! & 0xe0) !== 0xe0) return undefined;
  const layerCode = (bytes[1]! >> 1) & 3;
  if (layerCode === 0) {
    if ((bytes[1]! & 0xf0) !== 0xf0) return undefined;
    const sampleRate = ADTS_RATES[(bytes[2]! >> 2) & 15];
    const length = ((bytes[3]! & 3) << 11) | (bytes[4]! << 3) | (bytes[5]! >> 5);
    if (sampleRate === undefined || length < 7) return undefined;
    const channels = ((bytes[2]! & 1) << 2) | (bytes[3]! >> 6);
    return { kind: 'adts', length, sampleRate, channels, samples: 1024 * ((bytes[6]! & 3) + 1), layer: 4 };
  }
  const versionCode = (bytes[1]! >> 3) & 3;
  const rateCode = (bytes[2]! >> 2) & 3;
  const bitCode = bytes[2]! >> 4;
  if (versionCode === 1 || rateCode === 3 || bitCode === 15 || (bytes[3]! & 3) === 2) return undefined;
  const layer = 4 - layerCode;
  const isFirstVersion = versionCode === 3;
  const sampleRate = MPEG_RATES[rateCode]! / (isFirstVersion ? 1 : versionCode === 2 ? 2 : 4);
  const bitRate = BIT_RATES[`${isFirstVersion ? 1 : 2}/${layer}`]![bitCode]! * 1000;
  const padding = (bytes[2]! >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && !isFirstVersion ? 576 : 1152;
  const length =
    bitRate === 0
      ? 0
      : layer === 1
        ? (Math.floor((12 * bitRate) / sampleRate) + padding) * 4
        : Math.floor(((samples / 8) * bitRate) / sampleRate) + padding;
  return { kind: 'mpeg', length, sampleRate, channels: bytes[3]! >> 6 === 3 ? 1 : 2, samples, layer };
}

const isSameStream = (a: FrameHeader, b: FrameHeader): boolean =>
  a.kind === b.kind && a.layer === b.layer && a.sampleRate === b.sampleRate;

/** Reads small pieces at rising positions without a system call for each. */
function windowOf(source: ByteSource): (position: number, length: number) => Uint8Array {
  let start = 0;
  let window = new Uint8Array();
  return (position, length) => {
    if (position < start || position + length > start + window.length) {
      start = position;
      window = source.read(position, 1 << 16).slice();
    }
    return window.subarray(position - start, position - start + length);
  };
}

/** Frames in a row that make a stream out of what might be chance. */
const CHAIN = 4;

/** Whether frames of one kind follow each other from `position` on, up to `end` or for a few. */
function isChain(
  at: (position: number, length: number) => Uint8Array,
  position: number,
  end: number,
): FrameHeader | undefined {
  const first = parseFrameHeader(at(position, 7));
  if (first === undefined || first.length === 0) return undefined;
  let next = position;
  for (let i = 0; i < CHAIN; i++) {
    const header = parseFrameHeader(at(next, 7));
    if (header === undefined || !isSameStream(first, header) || header.length === 0) return undefined;
    next += header.length;
    // The stream may end before the chain does, but a single frame proves nothing.
    if (next + 7 > end) return i > 0 ? first : undefined;
  }
  return first;
}

/** Bytes at the start of a file that are searched for a first frame. */
const SEARCH_BYTES = 1 << 18;

/** First byte of the frames behind `begin`, where there are any. */
export function findFrames(source: ByteSource, begin: number, end: number): number | undefined {
  const limit = Math.min(end, begin + SEARCH_BYTES);
  const bytes = source.read(begin, limit - begin).slice();
  const at = windowOf(source);
  for (let i = 0; i + 1 < bytes.length; i++)
    if (
      bytes[i] === 0xff &&
      (bytes[i + 1]! & 0xe0) === 0xe0 &&
      parseFrameHeader(bytes.subarray(i, i + 7)) !== undefined &&
      isChain(at, begin + i, end) !== undefined
    )
      return begin + i;
  return undefined;
}

/** What a walk over all frames found. */
export interface FrameWalk {
  readonly first: FrameHeader;
  readonly frames: number;
  /** Frames that the encoder's information frame declares, itself not counted. */
  readonly declaredFrames?: number;
  /** Whether one channel follows two, or two follow one. */
  readonly changesChannels: boolean;
  /** Where the walk stopped before the end of the file, and why. */
  readonly stop?: {
    readonly seconds: number;
    /** `ended`: what is left holds no more frames. */
    readonly kind: 'changed' | 'damaged' | 'cut' | 'ended';
    /** The header that follows in another format. */
    readonly next?: FrameHeader;
    /** Bytes that are left behind the last frame. */
    readonly left?: number;
  };
}

/** Frames declared by a Xing or Info frame of an MPEG encoder. */
function declaredFrames(frame: Uint8Array): number | undefined {
  for (const offset of [36, 21, 13]) {
    const mark = String.fromCharCode(...frame.subarray(offset, offset + 4));
    if (mark === 'Xing' || mark === 'Info') {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      return (view.getUint32(offset + 4) & 1) === 1 ? view.getUint32(offset + 8) : undefined;
    }
  }
  return undefined;
}

/**
 * Walks from frame to frame, reading headers alone.
 *
 * @param begin the first frame, as `findFrames` gives it
 * @param end where tags behind the audio begin
 */
export function walkFrames(source: ByteSource, begin: number, end: number): FrameWalk | undefined {
  const at = windowOf(source);
  const first = parseFrameHeader(at(begin, 7));
  if (first === undefined || first.length === 0) return undefined;
  const declared =
    first.layer === 3 ? declaredFrames(at(begin, Math.min(64, end - begin)).slice()) : undefined;
  let frames = 0;
  let samples = 0;
  let changesChannels = false;
  const result = (stop?: FrameWalk['stop']): FrameWalk => ({
    first,
    frames,
    changesChannels,
    ...(declared === undefined ? {} : { declaredFrames: declared }),
    ...(stop === undefined ? {} : { stop }),
  });
  for (let position = begin; position < end;) {
    const seconds = samples / first.sampleRate;
    const header = parseFrameHeader(at(position, 7));
    if (header === undefined || header.length === 0) {
      const tag = tagLengthAt(source, position);
      if (tag > 0) {
        position += tag;
        continue;
      }
      if (!hasFrames(source, position, end)) return result({ seconds, kind: 'ended', left: end - position });
      return result({ seconds, kind: 'damaged' });
    }
    if (!isSameStream(first, header)) {
      // One odd header is a damaged one.
      const changed = isChain(at, position, end) !== undefined;
      return result({ seconds, kind: changed ? 'changed' : 'damaged', next: header });
    }
    if (position + header.length > end) return result({ seconds, kind: 'cut' });
    if (header.channels !== first.channels) changesChannels = true;
    frames++;
    samples += header.samples;
    position += header.length;
  }
  return result();
}

/** Whether frames come again anywhere behind `from`. */
function hasFrames(source: ByteSource, from: number, end: number): boolean {
  for (let position = from; position < end; position += SEARCH_BYTES)
    if (findFrames(source, position, end) !== undefined) return true;
  return false;
}
