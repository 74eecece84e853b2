import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { cutShort } from './cutShort';
import type { Doubt } from './doubt';
import { openPcm, type PcmFormat } from './pcm';
import type { AudioSource } from './source';

const HEADER_LIMIT = 1 << 16;

/**
 * Reads NIST SPHERE (TIMIT, Buckeye and other LDC corpora): 8 to 32-bit PCM, A-law, mu-law, either byte order.
 *
 * @returns a doubt for compressed samples (Shorten)
 * @throws UserError (`input`) naming the header field that cannot be used.
 */
export function openSphere(source: ByteSource): AudioSource | Doubt {
  const { file, size } = source;
  const length = Number(String.fromCharCode(...source.read(8, 8)).trim());
  if (!Number.isInteger(length) || length < 16 || length > HEADER_LIMIT)
    throw inputError(`${file}: NIST SPHERE header length is not readable`);
  const text = String.fromCharCode(...source.read(0, length));
  const field = (name: string): string | undefined =>
    new RegExp(`^${name} -(?:i|r|s\\d+) (.*)$`, 'm').exec(text)?.[1]?.trim();
  const coding = field('sample_coding') ?? 'pcm';
  if (!['pcm', 'alaw', 'ulaw', 'mu-law'].includes(coding))
    return { doubt: `is NIST SPHERE with coding "${coding}"` };
  const channels = Number(field('channel_count') ?? 1);
  const bytes = Number(field('sample_n_bytes') ?? (coding === 'pcm' ? 2 : 1));
  const format: PcmFormat = {
    encoding: coding === 'pcm' ? 'signed' : coding === 'alaw' ? 'alaw' : 'mulaw',
    bits: bytes * 8,
    byteOrder: field('sample_byte_format') === '10' ? 'big' : 'little',
    sampleRate: Number(field('sample_rate') ?? NaN),
    channels,
  };
  const stored = Math.floor((size - length) / Math.max(1, bytes * channels));
  const declared = Number(field('sample_count') ?? stored);
  const frames = declared > 0 ? Math.min(stored, declared) : stored;
  if (!(frames > 0)) throw inputError(`${file}: NIST SPHERE holds no samples`);
  const warnings = declared > stored ? [cutShort(stored, declared, format.sampleRate)] : [];
  return openPcm(source, format, { begin: length, frames, warnings });
}
