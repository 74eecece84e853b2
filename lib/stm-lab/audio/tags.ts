import type { ByteSource } from './byteSource';

const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

/** The 28-bit number in four bytes that ID3v2 uses, whose upper bits are zero. */
const syncSafe = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! & 127) << 21) +
  ((bytes[at + 1]! & 127) << 14) +
  ((bytes[at + 2]! & 127) << 7) +
  (bytes[at + 3]! & 127);

/** Bytes of the tag (ID3v2 or APEv2) that begins at `position`; 0 when there is none. */
export function tagLengthAt(source: ByteSource, position: number): number {
  const head = source.read(position, 32);
  if (head.length >= 10 && text(head, 0, 3) === 'ID3' && head[3]! < 0xff && head[4]! < 0xff)
    return 10 + syncSafe(head, 6) + (head[5]! & 16 ? 10 : 0);
  if (head.length === 32 && text(head, 0, 8) === 'APETAGEX')
    return 32 + new DataView(head.buffer, head.byteOffset).getUint32(12, true);
  return 0;
}

/** First byte behind the tags (ID3v2, APEv2; also several) that other programs put in front of any format. */
export function skipLeadingTags(source: ByteSource): number {
  let position = 0;
  for (;;) {
    const length = tagLengthAt(source, position);
    if (length === 0 || position + length >= source.size) return position;
    position += length;
  }
}

/** End of the audio: before the tags (ID3v1, its extension, APEv2, Lyrics3) that taggers append to any format. */
export function endBeforeTags(source: ByteSource): number {
  let end = source.size;
  for (let before = -1; before !== end && end > 0;) {
    before = end;
    const take = (length: number): void => {
      if (length <= end) end -= length;
    };
    const at = (distance: number, length: number): string =>
      distance > end ? '' : text(source.read(end - distance, length), 0, length);
    if (at(128, 3) === 'TAG') take(at(128 + 227, 4) === 'TAG+' ? 128 + 227 : 128);
    if (at(32, 8) === 'APETAGEX') {
      const bytes = source.read(end - 32, 32);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      // The footer counts itself; its flag's top bit says that there is a header too.
      take(view.getUint32(12, true) + (view.getUint32(20, true) & 0x80000000 ? 32 : 0));
    }
    if (at(9, 9) === 'LYRICS200') take(Number(at(15, 6)) + 15 || 0);
    if (at(9, 9) === 'LYRICSEND') {
      const window = Math.min(end, 5100);
      const found = text(source.read(end - window, window), 0, window).lastIndexOf('LYRICSBEGIN');
      if (found >= 0) take(window - found);
    }
    if (at(10, 3) === '3DI') take(syncSafe(source.read(end - 10, 10), 6) + 20);
  }
  return end;
}
