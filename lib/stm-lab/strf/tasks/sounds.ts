import * as fs from 'node:fs';
import { readAudio, designResampler, resample } from '../../audio';
import { compareCodePoints } from '../../base/codePoints';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { throwIfStopped } from 'research-basics/pace';
import { isRecordingName } from '../../corpus';
import type { LogMelKernel, LogMelParameters } from '../../features/mel/logMel';

/**
 * Reads a recording as mono at a rate. Signals and timers run before each.
 *
 * @throws UserError: `input` when it cannot be read or holds values that are not numbers; `interrupted` on `signal`.
 */
export async function soundAt(file: string, sampleRate: number, signal?: AbortSignal): Promise<Float32Array> {
  await new Promise((resolve) => setImmediate(resolve));
  throwIfStopped(signal, 'reading recordings');
  const audio = await readAudio(file);
  const wrong = firstNotFinite(audio.samples);
  if (wrong >= 0)
    throw inputError(
      `${file}: sample ${wrong} is ${audio.samples[wrong]}; repair the recording or leave it out`,
    );
  return audio.sampleRate === sampleRate
    ? audio.samples
    : resample(audio.samples, designResampler(audio.sampleRate, sampleRate));
}

/** Log-mel values of a waveform; one shorter than a window is padded with zeros to its length. */
export function logMelOf(samples: Float32Array, kernel: LogMelKernel): Float32Array {
  return kernel.compute(padTo(samples, kernel.parameters.window)).values;
}

/** A waveform with zeros after it up to a length, or itself where it is as long. */
export function padTo(samples: Float32Array, length: number): Float32Array {
  if (samples.length >= length) return samples;
  const padded = new Float32Array(length);
  padded.set(samples);
  return padded;
}

/** Samples of a waveform that has exactly `count` frames. */
export function samplesFor(count: number, { window, hop, frames }: LogMelParameters): number {
  return (count - 1) * hop + (frames === 'centred' ? 0 : window);
}

/** Files of a folder that look like recordings, sorted by code point. */
export function soundFiles(folder: string): string[] {
  return fs.readdirSync(folder).filter(isRecordingName).sort(compareCodePoints);
}

/** Hash of float arrays and plain values together. */
export function contentHash(arrays: readonly Float32Array[], rest: unknown): string {
  return sha256({
    rest,
    arrays: arrays.map((values) =>
      sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    ),
  });
}
