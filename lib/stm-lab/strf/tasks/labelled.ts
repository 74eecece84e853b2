import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from '../../base/errors';
import { readManifest } from '../../corpus';
import { soundFiles } from './sounds';

/** A recording with one label, and what it must not be parted from. */
export interface LabelledRecording {
  readonly file: string;
  readonly label: string;
  readonly group: string;
}

/**
 * Lists calls: a folder of `bird_date-type-number` recordings (who calls: label the bird, group the
 * recording day), or a manifest with labels and groups of its own, e.g. call types by bird.
 */
export function listCalls(source: string): LabelledRecording[] {
  if (!fs.statSync(source, { throwIfNoEntry: false })?.isDirectory())
    return readManifest(source).rows.map(({ file, label, group }) => ({ file, label, group }));
  const calls = soundFiles(source).flatMap((name): LabelledRecording[] => {
    const match = /^(?<bird>[^_]+)_(?<day>\d{6})-/.exec(name);
    if (match === null) return [];
    const { bird, day } = match.groups as { bird: string; day: string };
    return [{ file: path.join(source, name), label: bird, group: day }];
  });
  if (calls.length === 0)
    throw inputError(
      `${source}: holds no calls named bird_date-type-number; give such a folder or a manifest`,
    );
  return calls;
}

/**
 * Lists the recordings of a manifest that bear one of the labels.
 *
 * @throws StmLabError (`input`) when a label has none.
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
