import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { counted, withExamples } from './examples';
import { isRecordingName, listFiles } from './listing';
import type { Manifest, ManifestRow } from './types';

/** Names that folders of an official division have, and the part that each means. */
const PARTS: Readonly<Record<string, string>> = {
  ...{ train: 'train', training: 'train' },
  ...{ validation: 'validation', valid: 'validation', val: 'validation', dev: 'validation' },
  ...{ development: 'validation', test: 'test', testing: 'test', eval: 'test', evaluation: 'test' },
};

/** Whether a path is that of a folder. */
export function isFolder(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The folder of a manifest, which may be that folder itself. */
export function manifestFolder(file: string): string {
  return isFolder(file) ? file : path.dirname(file);
}

/**
 * Reads a folder as a manifest: one sub-folder per class, `class/recording.wav`, or `class/group/recording.wav` where
 * recordings share a speaker, artist or place. A group of one name in several classes is one group. Without a second
 * level each recording is a group of its own, which is warned of. Outer folders that hold nothing but one folder are
 * passed through, and `train`, `validation` and `test` (or `dev`, `eval` and the like) above the classes become the
 * column `part`.
 *
 * @param links whether links are followed; see `listFiles`.
 * @throws UserError (`input`) when no recording lies in a folder of a class.
 */
export function readClassFolder(folder: string, links: 'followed' | 'ignored' = 'followed'): Manifest {
  const { files, problems } = listFiles(folder, { links });
  const recordings = files
    .filter(({ name, alsoAt }) => alsoAt === undefined && isRecordingName(name))
    .map(({ path: own, name }) => ({ path: own, steps: name.split('/').map((step) => step.trim()) }));
  const { depth, parted } = classLevel(recordings.map(({ steps }) => steps));
  const inClasses = recordings.filter(({ steps }) => steps.length > depth + 1);
  if (inClasses.length === 0) throw noClasses(folder, recordings.length);
  const rows = inClasses.map(({ path: own, steps }, i): ManifestRow => {
    const inner = steps.length > depth + 2 ? steps[depth + 1]! : undefined;
    return {
      line: i + 1,
      path: own,
      file: path.resolve(folder, own),
      label: steps[depth]!,
      group: inner ?? steps.join('/').replace(/\.[^.]*$/, ''),
      startSeconds: 0,
      extra: parted ? { part: PARTS[steps[depth - 1]!.toLowerCase()]! } : {},
    };
  });
  const alone = inClasses.filter(({ steps }) => steps.length === depth + 2).length;
  const loose = recordings.filter(({ steps }) => steps.length <= depth + 1).map((found) => found.path);
  return {
    file: path.resolve(folder),
    rows,
    problems: [],
    warnings: [
      ...problems,
      ...(loose.length === 0
        ? []
        : [
            `${counted(loose.length, 'recording')} left out, since no folder names a class: ${withExamples(loose)}`,
          ]),
      ...(alone === 0
        ? []
        : [
            `${counted(alone, 'recording')} count as a group each, since no folder below the class names a speaker, artist or place; where recordings share one, scores will be too good`,
          ]),
    ],
    hash: sha256(rows.map(({ path: own, label, group, extra }) => [own, label, group, extra])),
  };
}

/** How many folders lie above those of the classes, and whether the innermost of them are parts. */
function classLevel(all: readonly (readonly string[])[]): { depth: number; parted: boolean } {
  let depth = 0;
  const first = all[0] ?? [];
  while (
    all.some((steps) => steps.length > depth + 2) &&
    all.every((steps) => steps.length > depth + 1 && steps[depth] === first[depth])
  )
    depth++;
  const outer = new Set(all.map((steps) => (steps.length > depth + 2 ? steps[depth]!.toLowerCase() : '')));
  const parted = outer.size > 1 && [...outer].every((name) => Object.hasOwn(PARTS, name));
  return { depth: parted ? depth + 1 : depth, parted };
}

function noClasses(folder: string, recordings: number): Error {
  const found =
    recordings === 0 ? 'no recordings' : `${counted(recordings, 'recording')}, in no folder of a class`;
  return inputError(
    `${folder}: is a folder with ${found}; give a CSV file with the columns path, label and group ("stm-lab manifest build" writes it for published corpora), or a folder with one sub-folder per class: class/recording.wav, or class/group/recording.wav`,
  );
}
