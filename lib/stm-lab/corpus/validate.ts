import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import { isRecordingName, listFiles } from './listing';
import { readManifest } from './manifest';
import { createRecordingFinder } from './recordings';

/** How a folder of recordings differs from its manifest; paths as the manifest writes them. */
export interface ManifestValidation {
  /** Listed, but not there. */
  readonly missing: readonly string[];
  /** Audio files below the manifest's folder that it does not list. */
  readonly extra: readonly string[];
  /** Files of another size or content than the columns `bytes` and `sha256` say. */
  readonly changed: readonly string[];
  /** Recordings with neither column, of which only the existence could be checked. */
  readonly unchecked: number;
}

/**
 * Compares the recordings on disk with their manifest.
 *
 * @throws UserError (`input`) when the manifest itself cannot be used.
 */
export function validateManifest(file: string): ManifestValidation {
  const { rows } = readManifest(file, { purpose: 'extraction', files: 'trust' });
  const missing: string[] = [];
  const changed: string[] = [];
  let unchecked = 0;
  const listed = new Set<string>();
  const find = createRecordingFinder();
  for (const row of rows) {
    const place = find(row.file);
    const file = 'file' in place ? place.file : row.file;
    listed.add(file);
    const found = 'file' in place ? fs.statSync(file, { throwIfNoEntry: false }) : undefined;
    const { bytes = '', sha256 = '' } = row.extra;
    if (found === undefined) missing.push(row.path);
    else if ((bytes !== '' && Number(bytes) !== found.size) || (sha256 !== '' && sha256File(file) !== sha256))
      changed.push(row.path);
    else if (bytes === '' && sha256 === '') unchecked++;
  }
  const root = fs.statSync(file).isDirectory() ? file : path.dirname(file);
  return { missing, extra: extraFiles(path.resolve(root), listed), changed, unchecked };
}

function extraFiles(root: string, listed: ReadonlySet<string>): string[] {
  const isListed = (file: string): boolean => listed.has(path.join(root, file));
  return listFiles(root)
    .files.filter(
      ({ path: own, name, alsoAt }) =>
        isRecordingName(name) && !isListed(own) && (alsoAt === undefined || !isListed(alsoAt)),
    )
    .map((file) => file.path);
}
