import * as fs from 'node:fs';
import * as path from 'node:path';
import { eachTextLine } from '../../base/textLines';
import { inputError } from 'research-basics/errors';
import type { Clip, ClipCollection, Part } from './clips';

/** Options of the MagnaTagATune loader. */
export interface MagnaTagATuneOptions {
  /** Number of tags kept, by how many clips bear them; default 50. */
  readonly tags?: number;
  /**
   * What becomes of clips that bear none of them: `left-out` (default, as in the published numbers), or `kept`,
   * as in the numbers of the musicnn and MARBLE protocols, which are lower and not comparable.
   */
  readonly tagless?: 'left-out' | 'kept';
}

/**
 * The part of a clip by the first hexadecimal digit of its path: 0 to b training, c validation, d to f test.
 *
 * @throws UserError (`input`) for a path that does not begin with a folder 0 to f.
 */
export function magnaTagATunePart(mp3Path: string): Part {
  const digit = parseInt(mp3Path[0] ?? '', 16);
  if (!/^[0-9a-f]\//.test(mp3Path))
    throw inputError(`MagnaTagATune path "${mp3Path}": does not begin with a folder 0 to f`);
  return digit < 12 ? 'train' : digit === 12 ? 'validation' : 'test';
}

/**
 * MagnaTagATune in its published layout: `annotations_final.csv` (tab-separated and quoted: clip_id, 188 tags,
 * mp3_path) and the folders 0 to f. The tags that most clips bear, ties in the order of the table; name them, never
 * number them, when comparing with other lists. Groups are artists (the file name up to the first hyphen); the
 * published split lets an artist into several parts.
 *
 * @throws UserError (`input`) when the table is missing, has other columns, or lists no recording that is there.
 */
export function loadMagnaTagATune(root: string, options: MagnaTagATuneOptions = {}): ClipCollection {
  const { tags = 50, tagless = 'left-out' } = options;
  const file = path.join(root, 'annotations_final.csv');
  if (!fs.existsSync(file))
    throw inputError(`${file}: is missing; give the folder that holds it and the folders 0 to f`);
  const lines: string[][] = [];
  eachTextLine(file, (line) => {
    if (line.trim() !== '') lines.push(line.split('\t').map((cell) => cell.trim().replace(/^"|"$/g, '')));
  });
  const header = lines[0] ?? [];
  if (header[0] !== 'clip_id' || header.at(-1) !== 'mp3_path')
    throw inputError(`${file}: its first line is not clip_id, the tags, mp3_path, separated by tabs`);
  const names = header.slice(1, -1);
  const rows = lines.slice(1).map((cells, at) => {
    if (cells.length !== header.length)
      throw inputError(
        `${file}: line ${at + 2} has ${cells.length} cells where the header has ${header.length}`,
      );
    const bears = names.flatMap((_, tag) => (cells[tag + 1] === '1' ? [tag] : []));
    return { mp3: cells.at(-1)!, bears };
  });
  const counts = names.map(() => 0);
  for (const { bears } of rows) for (const tag of bears) counts[tag]!++;
  const kept = names
    .map((_, tag) => tag)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, tags);
  const output = new Map(kept.map((tag, place) => [tag, place]));
  const clips: Clip[] = [];
  let [without, absent, empty] = [0, 0, 0];
  for (const { mp3, bears } of rows) {
    const own = bears.flatMap((tag) => output.get(tag) ?? []).sort((a, b) => a - b);
    const recording = path.join(root, mp3);
    const stat = fs.statSync(recording, { throwIfNoEntry: false });
    if (own.length === 0 && tagless === 'left-out') without++;
    else if (stat === undefined) absent++;
    else if (stat.size === 0) empty++;
    else
      clips.push({
        file: recording,
        name: mp3,
        group: /^[^-]*/.exec(path.posix.basename(mp3))![0],
        outputs: own,
        part: magnaTagATunePart(mp3),
      });
  }
  if (clips.length === 0)
    throw inputError(`${root}: holds none of the ${rows.length} recordings that ${file} lists`);
  const notes = [
    [without, 'bear none of the tags and are left out'],
    [absent, 'are missing'],
    [empty, 'are empty files'],
  ] as const;
  return {
    outputs: kept.map((tag) => names[tag]!),
    task: 'tags',
    clips,
    notes: notes.flatMap(([count, what]) => (count === 0 ? [] : [`${count} clips ${what}`])),
  };
}
