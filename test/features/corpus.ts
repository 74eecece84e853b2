import * as fs from 'node:fs';
import * as path from 'node:path';
import type { ManifestRow } from 'stm-lab/dist/corpus/types';
import { randomState } from 'research-basics/random/mt19937';
import { writeWav } from 'stm-lab/dist/audio';

/** A manifest row for a file. */
export function rowFor(file: string, index: number, extra: Record<string, string> = {}): ManifestRow {
  return {
    line: index + 2,
    path: path.basename(file),
    file,
    label: index % 2 === 0 ? 'speech: tonal' : 'env: urban',
    group: `group, ${index % 3}`,
    startSeconds: 0,
    extra,
  };
}

/** Noise with a slowly moving level, of some seconds. */
export function noise(seed: number, seconds: number, sampleRate: number): Float32Array {
  const random = randomState(seed);
  return Float32Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, i) => (random.double() - 0.5) * (0.6 + 0.4 * Math.sin((seed * i) / sampleRate)),
  );
}

/** Writes `count` recordings of several rates and lengths (some too short or too silent) and their rows. */
export function makeCorpus(folder: string, count: number): ManifestRow[] {
  fs.mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, i) => {
    const sampleRate = [8000, 16000, 22050, 11025][i % 4]!;
    const samples = noise(i + 1, i % 7 === 6 ? 2 : 4.2 + 4 * (i % 3), sampleRate);
    if (i % 9 === 8) samples.fill(0, sampleRate);
    const file = path.join(folder, `${String(i).padStart(3, '0')}.wav`);
    writeWav(file, samples, sampleRate);
    return rowFor(file, i);
  });
}

/** The five result files, as bytes. */
export function results(outFolder: string): Record<string, string> {
  const names = ['features.npy', 'index.csv', 'rejected.csv', 'axes.json', 'extraction.json'];
  return Object.fromEntries(
    names.map((name) => [name, fs.readFileSync(path.join(outFolder, name)).toString('latin1')]),
  );
}
