import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, writeJson } from 'research-basics/files';
import type { Split } from '../splits';
import { classNumbers, type IndexRow } from './featureFolder';

/** Where a split keeps the collections of its recordings, for the stages that see only the split. */
const COLLECTIONS_FILE = 'collections.json';

/** Names of collections, and the number of each row of the feature matrix. */
interface CollectionsFile {
  readonly names: readonly string[];
  readonly rows: readonly number[];
}

/** Keeps the collections of a feature folder beside a split of it, where there are any. */
export function keepCollections(index: readonly IndexRow[], split: string): void {
  const file = path.join(split, COLLECTIONS_FILE);
  if (index.every(({ collection }) => collection === undefined)) {
    fs.rmSync(file, { force: true });
    return;
  }
  const { classes, y } = classNumbers(index.map(({ collection }) => collection ?? ''));
  const kept: CollectionsFile = { names: classes, rows: [...y] };
  writeJson(file, kept);
}

/** The collection of each recording of a split as a number; undefined where none is kept. */
export function splitCollections(folder: string, split: Split): Int32Array | undefined {
  const file = path.join(folder, COLLECTIONS_FILE);
  if (!fs.existsSync(file)) return undefined;
  const { rows } = readJson<CollectionsFile>(file);
  return split.row.map((row) => rows[row]!);
}
