import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256, sha256File } from 'research-basics/files';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { openNpyWriter } from '../base/npy';
import { openNpyRows } from '../base/npyRows';
import { openAudio } from './open';
import { startResampling } from './streamResample';

/** Raised when what is stored for the same recording changes. */
const CACHE_FORMAT = 1;

/** A recording decoded to one rate, on disk. */
export interface CachedSound {
  /** float32 samples, mono. */
  readonly file: string;
  /** How many. */
  readonly samples: number;
  /** Of the recording's bytes and the rate. */
  readonly hash: string;
}

/**
 * Decodes a recording once, in bounded memory: `<folder>/ab/ab12….npy`, named by the recording's bytes and the rate.
 *
 * @throws UserError: `input` when it cannot be read, holds no samples or some that are not numbers; `interrupted` on
 *   `signal`.
 */
export async function cacheSound(
  folder: string,
  file: string,
  sampleRate: number,
  signal?: AbortSignal,
): Promise<CachedSound> {
  const pace = createPace(signal, 'reading recordings');
  await pace();
  const hash = sha256({ format: CACHE_FORMAT, sampleRate, content: sha256File(file) });
  const target = path.join(folder, hash.slice(0, 2), `${hash}.npy`);
  if (!fs.existsSync(target)) await decode(file, target, sampleRate, pace);
  const rows = openNpyRows(target);
  rows.close();
  if (rows.rows === 0) throw inputError(`${file}: holds no samples; take it out of the list`);
  return { file: target, samples: rows.rows, hash };
}

async function decode(
  file: string,
  target: string,
  sampleRate: number,
  pace: () => Promise<void>,
): Promise<void> {
  const source = await openAudio(file);
  const resampler = startResampling(source.sampleRate, sampleRate);
  const writer = openNpyWriter(target, '<f4', [1]);
  let done = 0;
  try {
    for await (const block of source.blocks()) {
      await pace();
      const wrong = firstNotFinite(block);
      if (wrong >= 0)
        throw inputError(
          `${file}: sample ${done + wrong} is ${block[wrong]}; repair the recording or leave it out`,
        );
      done += block.length;
      writer.append(resampler.push(block));
    }
    writer.append(resampler.finish());
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** Samples `from` .. `from + length` of a recording, from 0; zeros beyond its end. */
export function readSamples({ file, samples }: CachedSound, from: number, length: number): Float32Array {
  const target = new Float32Array(length);
  const rows = openNpyRows(file);
  try {
    rows.readRows(from, Math.min(from + length, samples), target);
  } finally {
    rows.close();
  }
  return target;
}
