import * as fs from 'node:fs';
import * as path from 'node:path';
import { readAudio } from 'stm-lab/dist/audio';
import { designResampler, resample } from 'stm-lab/dist/audio/resample';

const root = path.resolve(__dirname, '..', '..');

/** Reference data beside the repository, or `undefined` (the test says that it skips). */
export function sharedFolder(...parts: string[]): string | undefined {
  const folder = path.join(process.env.STM_SHARED ?? path.join(root, '..', 'shared'), ...parts);
  return fs.existsSync(folder) ? folder : undefined;
}

/** Golden data kept in the repository. */
export function goldenFolder(...parts: string[]): string {
  return path.join(root, 'test', 'golden', ...parts);
}

/** Largest magnitude of the difference. */
export function maxError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** The first 4 s of a golden sound at another rate. */
export async function excerptOf(name: string, sampleRate: number): Promise<Float32Array> {
  const recording = await readAudio(path.join(goldenFolder('stm', 'audio'), `${name}.wav`));
  const excerpt = recording.samples.slice(0, 4 * recording.sampleRate);
  return resample(excerpt, designResampler(recording.sampleRate, sampleRate));
}

/** What `make.py` in the golden folder of musicnn wrote beside its arrays. */
export interface MusicnnGolden {
  readonly sounds: readonly string[];
  readonly rates: readonly number[];
  readonly frames: readonly number[];
  readonly mean_pool: readonly number[];
  readonly penultimate: readonly number[];
  readonly librosa: Readonly<Record<string, readonly number[]>>;
}

export function readMusicnnGolden(): MusicnnGolden {
  return JSON.parse(
    fs.readFileSync(path.join(goldenFolder('musicnn'), 'expected.json'), 'utf8'),
  ) as MusicnnGolden;
}
