import { inputError } from 'research-basics/errors';
import type { ByteSource } from './byteSource';
import { openPcm, type PcmFormat, type SampleEncoding } from './pcm';
import type { AudioSource } from './source';

/** A recording without a header, described by its manifest. */
export interface RawPcm extends PcmFormat {
  /** Bytes before the first sample. */
  readonly headerBytes: number;
}

const ENCODINGS: Readonly<Record<string, SampleEncoding>> = {
  signed: 'signed',
  pcm: 'signed',
  unsigned: 'unsigned',
  float: 'float',
  alaw: 'alaw',
  'a-law': 'alaw',
  mulaw: 'mulaw',
  'mu-law': 'mulaw',
  ulaw: 'mulaw',
};

/**
 * The declaration of headerless PCM in a manifest row, or `undefined` when its column `encoding` is empty or
 * absent. Columns: `encoding` (signed, unsigned, float, alaw, mulaw), `sample_rate`, and where they differ from
 * the default `bits` (16; float 32; A-law and mu-law 8), `byte_order` (little), `header_bytes` (0), `channels` (1).
 *
 * @throws UserError (`input`) naming the file, the column and the value.
 */
export function rawPcmFromColumns(
  file: string,
  columns: Readonly<Record<string, string>>,
): RawPcm | undefined {
  const name = columns.encoding?.trim().toLowerCase();
  if (name === undefined || name === '') return undefined;
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding === undefined)
    throw inputError(
      `${file}: column encoding holds "${columns.encoding}"; use signed, unsigned, float, alaw or mulaw`,
    );
  const integer = (column: string, fallback: number): number => {
    const text = columns[column]?.trim() ?? '';
    const value = text === '' ? fallback : Number(text);
    if (!Number.isInteger(value) || value < 0)
      throw inputError(
        `${file}: column ${column} holds "${text}"; headerless PCM needs a whole number there`,
      );
    return value;
  };
  const byteOrder = columns.byte_order?.trim() || 'little';
  if (byteOrder !== 'little' && byteOrder !== 'big')
    throw inputError(`${file}: column byte_order holds "${byteOrder}"; use little or big`);
  const usualBits = encoding === 'float' ? 32 : encoding === 'alaw' || encoding === 'mulaw' ? 8 : 16;
  return {
    encoding,
    bits: integer('bits', usualBits),
    byteOrder,
    sampleRate: integer('sample_rate', NaN),
    channels: integer('channels', 1),
    headerBytes: integer('header_bytes', 0),
  };
}

/**
 * Opens a file without a header as declared.
 *
 * @throws UserError (`input`) when no sample follows the header.
 */
export function openRawPcm(source: ByteSource, raw: RawPcm): AudioSource {
  const frameBytes = Math.max(1, (raw.bits / 8) * raw.channels);
  const frames = Math.floor((source.size - raw.headerBytes) / frameBytes);
  if (!(frames > 0))
    throw inputError(`${source.file}: holds no samples after ${raw.headerBytes} header bytes`);
  return openPcm(source, raw, { begin: raw.headerBytes, frames });
}
