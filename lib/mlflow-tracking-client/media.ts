import { PNG } from 'pngjs';
import { inputError } from 'research-basics/errors';
import { LIMITS } from './rules';

/** Pixels row by row from the top, 0 to 255: 1 (grey), 3 (RGB) or 4 (RGBA) numbers each. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  data: ArrayLike<number>;
}

/** Sound as one array per channel, full scale at -1 and 1. */
export interface Sound {
  sampleRate: number;
  channels: readonly Float32Array[];
}

/**
 * Pixels as a PNG file.
 *
 * @throws UserError (`input`) when `data` does not have width x height x channels numbers.
 */
export function pixelsToPng({ width, height, channels, data }: Pixels): Buffer {
  if (data.length !== width * height * channels || width * height === 0)
    throw inputError(
      `image of ${width} x ${height} pixels with ${channels} channels: needs ${width * height * channels} numbers, has ${data.length}`,
    );
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) png.data[4 * i + k] = data[i * channels + (channels === 1 ? 0 : k)]!;
    png.data[4 * i + 3] = channels === 4 ? data[4 * i + 3]! : 255;
  }
  return PNG.sync.write(png);
}

/**
 * Sound as a WAV file of 32-bit floating-point samples, which keeps every sample exactly.
 *
 * @throws UserError (`input`) when channels are missing or of unequal length, or the rate is not a positive integer.
 */
export function soundToWav({ sampleRate, channels }: Sound): Buffer {
  const length = channels[0]?.length ?? 0;
  if (channels.length === 0 || channels.some((channel) => channel.length !== length))
    throw inputError(`sound of ${channels.length} channels: needs at least one, all of the same length`);
  if (!Number.isInteger(sampleRate) || sampleRate <= 0)
    throw inputError(`sound with sample rate ${sampleRate}: must be a positive whole number of hertz`);
  const frame = 4 * channels.length;
  const bytes = Buffer.alloc(58 + length * frame);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(18, 16);
  bytes.writeUInt16LE(3, 20); // IEEE float
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * frame, 28);
  bytes.writeUInt16LE(frame, 32);
  bytes.writeUInt16LE(32, 34);
  bytes.write('fact', 38, 'latin1');
  bytes.writeUInt32LE(4, 42);
  bytes.writeUInt32LE(length, 46);
  bytes.write('data', 50, 'latin1');
  bytes.writeUInt32LE(length * frame, 54);
  channels.forEach((channel, k) =>
    channel.forEach((sample, i) => bytes.writeFloatLE(sample, 58 + i * frame + 4 * k)),
  );
  return bytes;
}

/**
 * Path of an image in the series of a key, by which the UI shows it at its step (as Python's `log_image` names it).
 *
 * @throws UserError (`input`) for a key that MLflow does not show.
 */
export function imageSeriesPath(key: string, step: number, timestamp: number, id: string): string {
  if (key.trim() === '' || !/^[A-Za-z0-9_\-./ ]+$/.test(key) || key.length > LIMITS.keyCharacters)
    throw inputError(
      `image key "${key.slice(0, 40)}": must have 1 to ${LIMITS.keyCharacters} of A-Z, a-z, 0-9, "_", "-", ".", "/" or spaces`,
    );
  return `images/${key.replaceAll('/', '~')}+step+${step}+timestamp+${timestamp}+${id}.png`;
}
