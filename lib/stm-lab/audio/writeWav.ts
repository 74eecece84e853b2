import { writeFileAtomic } from '../base/files';

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
 *   StmLabError (`input`) when the file cannot be written.
 */
export function writeWav(
  file: string,
  samples: Float32Array | Float64Array,
  sampleRate: number,
  options: WriteWavOptions = {},
): void {
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 0x7fffffff)
    throw new RangeError(`${file}: sampling rate ${sampleRate} Hz must be a positive integer`);
  const bytes = Buffer.alloc(44 + samples.length * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples.length * 2, 40);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    if (!Number.isFinite(value)) throw new RangeError(`${file}: sample ${i} is ${value}`);
    if (options.overload === 'throw' && Math.abs(value) > 1)
      throw new RangeError(`${file}: sample ${i} is ${value}, beyond full scale`);
    const step = Math.round(value * 32768);
    bytes.writeInt16LE(Math.max(-32768, Math.min(32767, step)), 44 + 2 * i);
  }
  writeFileAtomic(file, bytes);
}
