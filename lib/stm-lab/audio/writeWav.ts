import { writeFileAtomic } from 'research-basics/files';
import { wavBytes, type WriteWavOptions } from './wavBytes';

export type { WriteWavOptions };

/**
 * Writes mono samples as 16-bit PCM WAV, atomically. The bytes depend on the arguments alone: rounding is to
 * the nearest step, without dither, and no metadata is added.
 *
 * @param samples full scale -1 .. 1
 * @param sampleRate Hz, a positive integer
 * @throws RangeError for a sample that is not finite, an unusable rate, or an overload when so asked;
 *   UserError (`input`) when the file cannot be written.
 */
export function writeWav(
  file: string,
  samples: Float32Array | Float64Array,
  sampleRate: number,
  options: WriteWavOptions = {},
): void {
  writeFileAtomic(file, wavBytes(file, samples, sampleRate, options));
}
