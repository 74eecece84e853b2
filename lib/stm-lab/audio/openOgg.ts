import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { oggFlacCodec, opusCodec, vorbisCodec } from './codecs';
import { openCompressed, type Codec, type Part } from './compressed';
import type { Doubt } from './doubt';
import { FAST_BITS, parseStreamInfo } from './flacHeader';
import { linkBytes, scanOgg, type OggCodec, type OggLink } from './ogg';
import type { AudioSource } from './source';
import { samplesBeforeZero } from './vorbisStart';

const CODECS: Readonly<Partial<Record<OggCodec, () => Codec>>> = {
  vorbis: vorbisCodec,
  opus: opusCodec,
  flac: oggFlacCodec,
};

function partOf(source: ByteSource, link: OggLink): Part {
  const { codec, header, channels, lastGranule } = link;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return {
    codec: CODECS[codec]!(),
    bytes: () => linkBytes(source, link),
    channels,
    ...(codec === 'vorbis' ? { skip: samplesBeforeZero(source, link) } : {}),
    // RFC 7845, 5.1: a gain in 1/256 dB that every player must apply.
    ...(codec === 'opus' ? { gain: 10 ** (view.getInt16(16, true) / 256 / 20) } : {}),
    ...(lastGranule > 0 ? { promised: lastGranule - (codec === 'opus' ? view.getUint16(10, true) : 0) } : {}),
  };
}

/**
 * Opens the first stream of sound in an Ogg file (Vorbis, Opus, FLAC), all links of a chain one after another, each
 * with a decoder of its own.
 *
 * @param begin behind tags
 * @param end before tags
 * @returns a doubt for other codecs
 * @throws UserError (`input`) where a page is damaged or missing, or the rate changes from link to link.
 */
export async function openOgg(source: ByteSource, begin: number, end: number): Promise<AudioSource | Doubt> {
  const { links, warnings } = scanOgg(source, begin, end);
  const first = links[0];
  if (first === undefined) return { doubt: 'holds an Ogg stream that is not Vorbis, Opus or FLAC' };
  let seconds = 0;
  for (const { codec, header, sampleRate, lastGranule } of links) {
    if (CODECS[codec] === undefined) return { doubt: `holds Ogg ${codec}` };
    if (codec === 'flac' && !FAST_BITS.includes(parseStreamInfo(header.subarray(17, 51)).bits))
      return { doubt: 'is Ogg FLAC with samples of unusual width' };
    if (sampleRate !== first.sampleRate)
      throw inputError(
        `${source.file}: Ogg stream changes from ${first.sampleRate} Hz to ${sampleRate} Hz after ` +
          `${seconds.toFixed(1)} s; split it`,
      );
    seconds += Math.max(0, lastGranule) / sampleRate;
  }
  return openCompressed(
    source,
    links.map((link) => partOf(source, link)),
    warnings,
  );
}
