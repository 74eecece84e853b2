import * as path from 'node:path';
import { inputError, UserError } from 'research-basics/errors';
import { isFolder, readManifest, type Manifest } from '../../corpus';
import { soundFiles } from './sounds';

/** A recording with one label, and what it must not be parted from. */
export interface LabelledRecording {
  readonly file: string;
  readonly label: string;
  readonly group: string;
}

/**
 * Lists calls: a folder of `bird_date-type-number` recordings (who calls: label the bird, group the
 * recording day), or a manifest or folder of classes with labels and groups of its own, e.g. call types by bird.
 */
export function listCalls(source: string): LabelledRecording[] {
  const calls = (isFolder(source) ? soundFiles(source) : []).flatMap((name): LabelledRecording[] => {
    const match = /^(?<bird>[^_]+)_(?<day>\d{6})-/.exec(name);
    if (match === null) return [];
    const { bird, day } = match.groups as { bird: string; day: string };
    return [{ file: path.join(source, name), label: bird, group: day }];
  });
  return calls.length > 0
    ? calls
    : manifestOrNames(source, 'bird_date-type-number').rows.map(({ file, label, group }) => ({
        file,
        label,
        group,
      }));
}

/**
 * Reads a manifest or folder of classes where a folder of recordings with telling names would do too.
 *
 * @throws UserError (`input`) as `readManifest`, with the names where a folder was given.
 */
export function manifestOrNames(source: string, names: string): Manifest {
  try {
    return readManifest(source);
  } catch (error) {
    if (!(error instanceof UserError) || error.kind !== 'input' || !isFolder(source)) throw error;
    throw inputError(`${error.message}; or recordings named ${names}`, error);
  }
}

/**
 * Lists the recordings of a manifest that bear one of the labels.
 *
 * @throws UserError (`input`) when a label has none.
 */
export function listScenes(manifest: string, labels: readonly string[]): LabelledRecording[] {
  const rows = readManifest(manifest).rows;
  for (const label of labels)
    if (!rows.some((row) => row.label === label))
      throw inputError(
        `${manifest}: no recording has the label "${label}"; it holds ${[...new Set(rows.map((row) => row.label))].join(', ')}`,
      );
  return rows
    .filter(({ label }) => labels.includes(label))
    .map(({ file, label, group }) => ({ file, label, group }));
}
