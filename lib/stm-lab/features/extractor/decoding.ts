import { writeCsv } from '../../base/csv';

/** Name of the file beside `index.csv` that tells of them. */
export const DECODING_FILE = 'decoding.csv';

/** How an accepted recording was decoded, where that is worth a line. */
export interface Decoding {
  readonly path: string;
  /** Program and version, e.g. `ffmpeg 9.0.2`. */
  readonly decoder: string;
  /** What a user should know of the recording, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Name of the decoder where it belongs to the identity of a result: the built-in ones have the version that the
 * installation pins, FFmpeg that of the machine.
 */
export function outsideDecoder(decoder: string | undefined): string | undefined {
  return decoder?.startsWith('ffmpeg ') === true ? decoder : undefined;
}

/** Writes a line for each: path, decoder, warnings (joined by `; `). */
export function writeDecodings(file: string, decodings: readonly Decoding[]): void {
  writeCsv(
    file,
    ['path', 'decoder', 'warnings'],
    decodings.map((decoding) => ({ ...decoding, warnings: decoding.warnings.join('; ') })),
  );
}
