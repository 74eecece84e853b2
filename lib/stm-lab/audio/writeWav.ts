import { writeFileAtomic } from 'research-basics/files';
import { wavHeader } from './wavHeader';

/** How a WAV file is written. */
export interface WriteWavOptions {
  /** What happens to samples beyond -1 .. 1. Default `clip`. */
  readonly overload?: 'clip' | 'throw';
}

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

/**
 * The bytes of a WAV file, as `writeWav` writes it.
 *
 * @param name of the sound, for messages
 */
export function wavBytes(
  name: string,
  samples: Float32Array | Float64Array,
  sampleRate: number,
  options: WriteWavOptions = {},
): Buffer {
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 0x7fffffff)
    throw new RangeError(`${name}: sampling rate ${sampleRate} Hz must be a positive integer`);
  const header = wavHeader('pcm16', sampleRate, samples.length * 2);
  const bytes = Buffer.alloc(header.length + samples.length * 2);
  header.copy(bytes);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    if (!Number.isFinite(value)) throw new RangeError(`${name}: sample ${i} is ${value}`);
    if (options.overload === 'throw' && Math.abs(value) > 1)
      throw new RangeError(`${name}: sample ${i} is ${value}, beyond full scale`);
    const step = Math.round(value * 32768);
    bytes.writeInt16LE(Math.max(-32768, Math.min(32767, step)), header.length + 2 * i);
  }
  return bytes;
}
