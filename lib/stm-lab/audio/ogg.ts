import { inputError } from 'research-basics/errors';
import { chunksOf, type ByteSource } from './byteSource';
import { parseStreamInfo } from './flacHeader';

/** One page of an Ogg file (RFC 3533). */
export interface OggPage {
  readonly position: number;
  readonly length: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly isContinued: boolean;
  /** Samples up to the end of this page, of the packets that end on it; -1 when none does. */
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
  /** Lengths of the segments. */
  readonly segments: Uint8Array;
  /** The payload. Valid until the next page is read. */
  readonly body: Uint8Array;
}

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x80000000 ? 0x04c11db7 : 0);
  return value;
});

/** CHECKSUMS carried on by one, two and three more bytes, so that four bytes are taken at a time. */
const CARRIED = [1, 2, 3].reduce<Uint32Array[]>(
  (tables) => [...tables, tables.at(-1)!.map((value) => (value << 8) ^ CHECKSUMS[value >>> 24]!)],
  [CHECKSUMS],
);

/** RFC 3533, section 6: the checksum of a page, its own field counted as zero. */
function checksum(page: Uint8Array): number {
  const [one, two, three, four] = CARRIED as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let value = 0;
  let i = 0;
  const whole = page.length & ~3;
  for (; i < 28 && i < page.length; i++)
    value = (value << 8) ^ one[((value >>> 24) ^ (i >= 22 && i < 26 ? 0 : page[i]!)) & 255]!;
  for (; i < whole; i += 4)
    value =
      four[(value >>> 24) ^ page[i]!]! ^
      three[((value >>> 16) & 255) ^ page[i + 1]!]! ^
      two[((value >>> 8) & 255) ^ page[i + 2]!]! ^
      one[(value & 255) ^ page[i + 3]!]!;
  for (; i < page.length; i++) value = (value << 8) ^ one[((value >>> 24) ^ page[i]!) & 255]!;
  return value >>> 0;
}

/** How a page could not be read. */
export type OggFault = 'cut' | 'damaged';

/** The page at `position`: `cut` when the file ends within it, `damaged` when there is none or its checksum is wrong. */
export function readOggPage(source: ByteSource, position: number): OggPage | OggFault {
  const head = source.read(position, Math.min(source.size - position, 27 + 255));
  if (head.length < 27) return 'cut';
  if (String.fromCharCode(...head.subarray(0, 4)) !== 'OggS' || head[4] !== 0) return 'damaged';
  const headerLength = 27 + head[26]!;
  if (head.length < headerLength) return 'cut';
  const segments = head.slice(27, headerLength);
  let length = headerLength;
  for (let i = 0; i < segments.length; i++) length += segments[i]!;
  if (source.size - position < length) return 'cut';
  const bytes = source.read(position, length);
  if (bytes.length < length) return 'cut';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (checksum(bytes.subarray(0, length)) !== view.getUint32(22, true)) return 'damaged';
  return {
    position,
    length,
    isContinued: (bytes[5]! & 1) !== 0,
    isFirst: (bytes[5]! & 2) !== 0,
    isLast: (bytes[5]! & 4) !== 0,
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    segments,
    body: bytes.subarray(headerLength, length),
  };
}

/** What an Ogg stream holds, as its first packet tells. */
export type OggCodec = 'vorbis' | 'opus' | 'flac' | 'speex' | 'other';

/** One logical stream of sound in an Ogg file; in a chained file several follow each other. */
export interface OggLink {
  readonly codec: OggCodec;
  readonly serial: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** First packet: the codec's own header. */
  readonly header: Uint8Array;
  readonly begin: number;
  /** Behind its last page. */
  end: number;
  /** Whether pages of other streams lie between its own. */
  isMultiplexed: boolean;
  /** Whether its last page is marked as such. */
  isComplete: boolean;
  lastGranule: number;
}

/** STREAMINFO stands 17 bytes into the first packet of FLAC in Ogg. */
function flacFormat(header: Uint8Array): Pick<OggLink, 'sampleRate' | 'channels'> {
  const { sampleRate, channels } = parseStreamInfo(header.subarray(17, 51));
  return { sampleRate, channels };
}

function describe(page: OggPage): Pick<OggLink, 'codec' | 'sampleRate' | 'channels' | 'header'> {
  const header = page.body.slice();
  const view = new DataView(header.buffer);
  const begins = (mark: string): boolean => String.fromCharCode(...header.subarray(0, mark.length)) === mark;
  if (begins('\x01vorbis') && header.length >= 30)
    return { codec: 'vorbis', sampleRate: view.getUint32(12, true), channels: header[11]!, header };
  if (begins('OpusHead') && header.length >= 19)
    return { codec: 'opus', sampleRate: 48000, channels: header[9]!, header };
  if (begins('\x7fFLAC') && header.length >= 51) return { codec: 'flac', ...flacFormat(header), header };
  if (begins('Speex   ') && header.length >= 80)
    return {
      codec: 'speex',
      sampleRate: view.getUint32(36, true),
      channels: view.getUint32(48, true),
      header,
    };
  return { codec: 'other', sampleRate: 0, channels: 0, header };
}

/** What a look through all pages of an Ogg file found. */
export interface OggScan {
  readonly links: readonly OggLink[];
  readonly warnings: readonly string[];
}

/**
 * Looks through all pages: the streams of sound one after another (of several at a time the first one), each page's
 * checksum and number.
 *
 * @throws UserError (`input`) where a page is damaged or missing.
 */
export function scanOgg(source: ByteSource, begin: number, end: number): OggScan {
  const links: OggLink[] = [];
  const warnings: string[] = [];
  let link: OggLink | undefined;
  let others = 0;
  let isStarting = false;
  let expected = 0;
  const damaged = (what: string): never => {
    const seconds = links.reduce(
      (sum, { lastGranule, sampleRate }) => sum + Math.max(0, lastGranule) / (sampleRate || 1),
      0,
    );
    throw inputError(`${source.file}: Ogg ${what} after about ${seconds.toFixed(1)} s; copy the file again`);
  };
  for (let position = begin; position < end;) {
    const page = readOggPage(source, position);
    if (page === 'cut') {
      warnings.push(
        'the file ends within an Ogg page, so it is truncated; the part that could be read is used',
      );
      break;
    }
    if (page === 'damaged') {
      if (link?.isComplete !== true) return damaged('data are damaged');
      warnings.push(`${end - position} bytes after its end are not Ogg and are left out`);
      break;
    }
    position += page.length;
    if (page.isFirst) {
      if (!isStarting) {
        link = undefined;
        others = 0;
      }
      isStarting = true;
      const description = describe(page);
      if (description.codec === 'other' || link !== undefined) {
        others++;
        if (description.codec !== 'other')
          warnings.push('it holds several streams of sound at a time; the first one is used');
        if (link !== undefined) link.isMultiplexed = true;
        continue;
      }
      link = {
        ...description,
        serial: page.serial,
        begin: page.position,
        end: position,
        isMultiplexed: others > 0,
        isComplete: page.isLast,
        lastGranule: -1,
      };
      expected = page.sequence + 1;
      links.push(link);
      continue;
    }
    isStarting = false;
    if (link === undefined || page.serial !== link.serial) continue;
    // A stream that was joined late has its headers, then the page at which it was joined.
    if (page.sequence !== expected && link.lastGranule > 0) return damaged('pages are missing');
    expected = page.sequence + 1;
    link.end = position;
    link.isComplete = page.isLast;
    if (page.granule > 0) link.lastGranule = page.granule;
  }
  for (const { isComplete, lastGranule, sampleRate, codec } of links)
    if (!isComplete && warnings.length === 0)
      warnings.push(
        `its Ogg ${codec} stream has no end mark after ${(Math.max(0, lastGranule) / (sampleRate || 1)).toFixed(1)} s, so it may be cut short; the part that could be read is used`,
      );
  return { links, warnings };
}

/** The bytes of one stream of sound, in blocks of whole pages. */
export function* linkBytes(source: ByteSource, link: OggLink): Generator<Uint8Array> {
  if (!link.isMultiplexed) {
    yield* chunksOf(source, link.begin, link.end);
    return;
  }
  for (let position = link.begin; position < link.end;) {
    const page = readOggPage(source, position);
    if (typeof page === 'string') return;
    position += page.length;
    if (page.serial === link.serial) yield source.read(page.position, page.length).slice();
  }
}
