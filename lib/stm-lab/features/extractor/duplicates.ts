import * as fs from 'node:fs';
import * as path from 'node:path';
import { readCsv, writeCsv } from '../../base/csv';

/** Name of the file beside `index.csv` that lists them. */
export const DUPLICATES_FILE = 'duplicates.csv';

/** One recording of a set of equal bytes. */
export interface Duplicate {
  readonly path: string;
  readonly label: string;
  readonly group: string;
}

/**
 * Sets of recordings whose bytes are the same although their groups or labels differ: divided by group they land on
 * both sides of a split. Copies within one group and label do no such harm and are left out.
 */
export function duplicateSets(
  recordings: readonly { readonly row: Duplicate; readonly hash: string | undefined }[],
): Duplicate[][] {
  const byHash = new Map<string, Duplicate[]>();
  for (const { row, hash } of recordings) {
    if (hash === undefined) continue;
    const entry = { path: row.path, label: row.label, group: row.group };
    const found = byHash.get(hash);
    if (found === undefined) byHash.set(hash, [entry]);
    else found.push(entry);
  }
  return [...byHash.values()].filter(
    ([first, ...others]) =>
      first !== undefined &&
      others.some(({ group, label }) => group !== first.group || label !== first.label),
  );
}

/** Writes the sets: set (from 1), path, label, group. */
export function writeDuplicates(file: string, sets: readonly (readonly Duplicate[])[]): void {
  const rows = sets.flatMap((set, i) => set.map((recording) => ({ set: i + 1, ...recording })));
  writeCsv(file, ['set', 'path', 'label', 'group'], rows);
}

/** Reads the sets that an extraction found; none when it found none. */
export function readDuplicates(folder: string): Duplicate[][] {
  const file = path.join(folder, DUPLICATES_FILE);
  if (!fs.existsSync(file)) return [];
  const sets = new Map<string, Duplicate[]>();
  for (const { set = '', path: recording = '', label = '', group = '' } of readCsv(file).rows) {
    const entry = { path: recording, label, group };
    const found = sets.get(set);
    if (found === undefined) sets.set(set, [entry]);
    else found.push(entry);
  }
  return [...sets.values()];
}

const EXAMPLES = 3;

/**
 * What to say of sets of equal bytes, in one sentence with examples and the fix.
 *
 * @param parted of a split: how many of the sets have recordings in several roles
 */
export function duplicateWarning(
  sets: readonly (readonly Duplicate[])[],
  parted?: number,
): string | undefined {
  if (sets.length === 0) return undefined;
  const recordings = sets.reduce((sum, set) => sum + set.length, 0);
  const differ = (name: 'group' | 'label'): boolean =>
    sets.some(([first, ...others]) => others.some((other) => other[name] !== first![name]));
  const what = [...(differ('group') ? ['group'] : []), ...(differ('label') ? ['label'] : [])].join(' or ');
  const shown = sets
    .slice(0, EXAMPLES)
    .map((set) =>
      set
        .slice(0, EXAMPLES)
        .map((one) => `${one.path} (group ${JSON.stringify(one.group)}, label ${JSON.stringify(one.label)})`)
        .join(' = '),
    )
    .join('; ');
  const consequence =
    parted === undefined
      ? 'a split by group may put the same sound into training and test'
      : parted === 0
        ? 'none of them is in two roles of this split'
        : `${parted} of these sets are in several of training, validation and test, so scores are too high`;
  return (
    `${recordings} recordings in ${sets.length} sets have the same bytes but another ${what} (${shown}` +
    `${sets.length > EXAMPLES ? '; ...' : ''}): ${consequence}; give copies one group and one label, or keep one of each`
  );
}
