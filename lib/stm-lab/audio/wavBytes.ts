import { wavHeader } from './wavHeader';

/** How a WAV file is written. */
export interface WriteWavOptions {
  /** What happens to samples beyond -1 .. 1. Default `clip`. */
  readonly overload?: 'clip' | 'throw';
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
): Uint8Array {
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > 0x7fffffff)
    throw new RangeError(`${name}: sampling rate ${sampleRate} Hz must be a positive integer`);
  const header = wavHeader('pcm16', sampleRate, samples.length * 2);
  const bytes = new Uint8Array(header.length + samples.length * 2);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    if (!Number.isFinite(value)) throw new RangeError(`${name}: sample ${i} is ${value}`);
    if (options.overload === 'throw' && Math.abs(value) > 1)
      throw new RangeError(`${name}: sample ${i} is ${value}, beyond full scale`);
    const step = Math.round(value * 32768);
    view.setInt16(header.length + 2 * i, Math.max(-32768, Math.min(32767, step)), true);
  }
  return bytes;
}
