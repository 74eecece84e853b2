import * as path from 'node:path';
import { writeCsv } from 'stm-lab/dist/base/csv';
import { writeJson } from 'research-basics/files';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { randomState } from 'research-basics/random/mt19937';

/** What `plantedCollections` makes. */
export interface Planted {
  /** Recordings of each collection. Default 10. */
  readonly recordings?: number;
  /** Collections of each of the classes. Default 4, 4, 4. */
  readonly collections?: readonly number[];
  readonly excerpts?: number;
  readonly labels?: readonly string[];
}

export const RATES = 8;
const COLUMNS = 2 * RATES;

/**
 * A folder of features in which class and collection are confounded: every collection holds one class and has a
 * signature of its own, far stronger than what the class has in common. Each recording is a group.
 */
export function plantedCollections(
  folder: string,
  {
    recordings = 10,
    collections = [4, 4, 4],
    excerpts = 2,
    labels = ['x: one', 'x: two', 'y: one'],
  }: Planted = {},
): string {
  const random = randomState(5);
  const normals = (count: number, size: number): number[] =>
    Array.from({ length: count }, () => size * random.normal());
  const index: Record<string, string | number>[] = [];
  const features: number[] = [];
  const vectors: number[] = [];
  const starts: Record<string, number>[] = [];
  labels.forEach((label, c) => {
    const shared = Array.from({ length: COLUMNS }, (_, j) => (j % labels.length === c ? 0.8 : 0));
    for (let k = 0; k < collections[c]!; k++) {
      const signature = normals(COLUMNS, 1.5);
      for (let r = 0; r < recordings; r++) {
        const row = index.length;
        const own = normals(COLUMNS, 0.5);
        const parts = Array.from({ length: excerpts }, () =>
          normals(COLUMNS, 0.3).map((noise, j) => 5 + shared[j]! + signature[j]! + own[j]! + noise),
        );
        parts.forEach((part, excerpt) => {
          vectors.push(...part);
          starts.push({ row, excerpt, start_s: 4 * excerpt });
        });
        features.push(...parts[0]!.map((_, j) => parts.reduce((sum, part) => sum + part[j]! / excerpts, 0)));
        const name = `c${c}-${k}-${r}`;
        index.push({
          path: `${name}.wav`,
          label,
          group: name,
          excerpts,
          analysed_s: 4 * excerpts,
          row,
          collection: `set ${c}-${k}`,
        });
      }
    }
  });
  writeNpy(path.join(folder, 'features.npy'), {
    shape: [index.length, COLUMNS],
    data: Float32Array.from(features),
  });
  writeNpy(path.join(folder, 'excerpts.npy'), {
    shape: [starts.length, COLUMNS],
    data: Float32Array.from(vectors),
  });
  writeCsv(path.join(folder, 'index.csv'), Object.keys(index[0]!), index);
  writeCsv(path.join(folder, 'excerpts.csv'), ['row', 'excerpt', 'start_s'], starts);
  const rateHz = Array.from({ length: RATES }, (_, i) => i - (RATES - 1) / 2);
  writeJson(path.join(folder, 'axes.json'), { rateHz, scaleCycPerOct: [0, 1] });
  writeJson(path.join(folder, 'extraction.json'), {
    sha256: {
      'features.npy': 'planted',
      'index.csv': 'planted',
      'axes.json': 'planted',
      'excerpts.npy': 'planted',
    },
  });
  return folder;
}
