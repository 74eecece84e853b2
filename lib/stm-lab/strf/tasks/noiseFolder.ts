import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { LogMelParameters } from '../../features/mel/logMel';
import { addNoise } from '../noise';
import { soundsBelow } from '../../corpus';
import { soundAt } from './sounds';

/** The three parts of MUSAN. */
export const NOISE_KINDS = ['noise', 'music', 'speech'] as const;
export type NoiseKind = (typeof NOISE_KINDS)[number];

/** Which noise training sounds get. */
export interface NoiseSettings {
  /** Range of the signal-to-noise ratio, dB, drawn uniformly. Default the task's. */
  readonly snrDb?: readonly [number, number];
  /** Default `noise` alone: other voices would contradict what the tasks teach. */
  readonly kinds?: readonly NoiseKind[];
}

/** Adds noise to training sounds. */
export interface NoiseMixer {
  /** Hash of settings, and of the noise files' names and sizes. */
  readonly identity: string;
  /**
   * A waveform with noise at a drawn ratio (see `addNoise`); the same seed and path always give the same.
   *
   * @param samples at the mixer's rate.
   */
  mix(samples: Float32Array, seed: number, ...path: (string | number)[]): Promise<Float32Array>;
}

/**
 * Recordings of noise: MUSAN as it unpacks (`noise/`, `music/`, `speech/`, recordings in folders below), or
 * any folder with such parts.
 *
 * @throws UserError (`input`) for a part that is missing or holds nothing.
 */
export function readNoiseFolder(folder: string, kinds: readonly NoiseKind[] = ['noise']): string[] {
  return kinds.flatMap((kind) => {
    const part = path.join(folder, kind);
    const files = fs.existsSync(part) ? soundsBelow(part) : [];
    if (files.length === 0)
      throw inputError(
        `${part}: holds no recordings; give the folder with MUSAN's parts noise, music, speech`,
      );
    return files;
  });
}

/** Samples that a mixer keeps decoded: 256 MB. */
const KEPT_SAMPLES = 64 * 2 ** 20;

/**
 * A mixer over a folder of noise. Noise is cut from a random place of a random recording; where that is too
 * short, others follow.
 *
 * @param defaultSnrDb where the settings name no range.
 * @throws UserError (`input`) for waveforms that are not standardised, a range that does not rise, and, from the
 *   mixer, a recording without samples.
 */
export function createNoiseMixer(
  folder: string,
  { sampleRate, waveform }: Pick<LogMelParameters, 'sampleRate' | 'waveform'>,
  settings: NoiseSettings,
  defaultSnrDb: readonly [number, number],
): NoiseMixer {
  const { snrDb: [low, high] = defaultSnrDb, kinds = ['noise'] } = settings;
  if (waveform !== 'standardised')
    throw inputError('noise: the front end must standardise waveforms, since noise changes their level');
  if (!(low <= high)) throw inputError(`noise: the range of ratios ${low} .. ${high} dB must rise`);
  const files = readNoiseFolder(folder, kinds);
  const read = rememberSounds(sampleRate);
  const excerpt = async (length: number, next: () => number): Promise<Float32Array> => {
    const noise = new Float32Array(length);
    for (let at = 0; at < length;) {
      const file = files[Math.floor(next() * files.length)]!;
      const sound = await read(file);
      if (sound.length === 0) throw inputError(`${file}: holds no samples; take it out of the noise folder`);
      const room = length - at;
      const from = Math.floor(next() * (Math.max(0, sound.length - room) + 1));
      const part = sound.subarray(from, from + room);
      noise.set(part, at);
      at += part.length;
    }
    return noise;
  };
  return {
    identity: sha256({
      range: [low, high],
      sampleRate,
      files: files.map((file) => [path.relative(folder, file), fs.statSync(file).size]),
    }),
    mix: async (samples, seed, ...where) => {
      const { double: next } = randomState(deriveSeed(seed, 'noise', ...where));
      const snrDb = low + (high - low) * next();
      return addNoise(samples, await excerpt(samples.length, next), snrDb);
    },
  };
}

/** Reads recordings and keeps those used last. */
function rememberSounds(sampleRate: number): (file: string) => Promise<Float32Array> {
  const kept = new Map<string, Float32Array>();
  let total = 0;
  return async (file) => {
    const sound = kept.get(file) ?? (await soundAt(file, sampleRate));
    if (!kept.delete(file)) total += sound.length;
    kept.set(file, sound);
    for (const [oldest, { length }] of kept) {
      if (total <= KEPT_SAMPLES) break;
      kept.delete(oldest);
      total -= length;
    }
    return sound;
  };
}
