import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, removeTemporaries, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from './npy';

/** Where a training keeps its snapshot, and what identifies it. */
export interface SnapshotPlace {
  readonly folder: string;
  /** Hash of everything that decides the result: another training's snapshot is refused. */
  readonly identity: string;
}

/** What a training keeps: named float32 vectors, and anything that JSON can say, NaN and infinities too. */
export interface TrainingSnapshot<Progress> {
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly progress: Progress;
}

interface SnapshotFile {
  readonly format: 'stm-lab snapshot 1';
  /** Hash of network, options and data: another training never continues from this one. */
  readonly identity: string;
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
  readonly data: string;
  readonly sha256: string;
  readonly progress: unknown;
}

const NON_FINITE = 'nonFinite:';

/** JSON has no NaN or infinities; metrics of a class without rows are NaN. */
function encodeNumbers(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'number' && !Number.isFinite(inner) ? `${NON_FINITE}${inner}` : inner,
    ),
  );
}

function decodeNumbers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'string' && inner.startsWith(NON_FINITE)
      ? Number(inner.slice(NON_FINITE.length))
      : inner,
  );
}

/** SHA-256 of the values' bytes. */
const hashOf = (values: Float32Array): string =>
  sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

/**
 * Writes a snapshot: `snapshot-<hash>.npy`, then `snapshot.json` naming it, then removes the data file
 * before. A reader finds either the old pair or the new one, whenever the process is killed.
 */
export function writeSnapshot<Progress>(
  folder: string,
  identity: string,
  { arrays, progress }: TrainingSnapshot<Progress>,
): void {
  const parts = Object.entries(arrays).map(([name, values]) => ({ name, length: values.length }));
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { name, length } of parts) {
    all.set(arrays[name]!, at);
    at += length;
  }
  const hash = hashOf(all);
  const data = `snapshot-${hash.slice(0, 16)}.npy`;
  writeNpy(path.join(folder, data), { shape: [all.length], data: all });
  const content: SnapshotFile = {
    format: 'stm-lab snapshot 1',
    identity,
    arrays: parts,
    data,
    sha256: hash,
    progress: encodeNumbers(progress),
  };
  writeJson(path.join(folder, 'snapshot.json'), content);
  removeTemporaries(folder);
  for (const other of fs.readdirSync(folder))
    if (/^snapshot-[0-9a-f]+\.npy$/.test(other) && other !== data)
      fs.rmSync(path.join(folder, other), { force: true });
}

/**
 * Reads the snapshot of a folder; undefined when there is none.
 *
 * @throws UserError (`input`) when it belongs to another training, or its data file is damaged.
 */
export function readSnapshot<Progress>(
  folder: string,
  identity: string,
): TrainingSnapshot<Progress> | undefined {
  const file = path.join(folder, 'snapshot.json');
  if (!fs.existsSync(file)) return undefined;
  const content = readJson<SnapshotFile>(file);
  if (content.format !== 'stm-lab snapshot 1' || content.identity !== identity)
    throw inputError(
      `${file}: belongs to a training with another network, other options or other data; choose another folder or delete this one`,
    );
  const dataFile = path.join(folder, content.data);
  const { data } = readNpy(dataFile);
  const expected = content.arrays.reduce((sum, { length }) => sum + length, 0);
  if (!(data instanceof Float32Array) || data.length !== expected || hashOf(data) !== content.sha256)
    throw inputError(`${dataFile}: is damaged; delete ${folder} to start this training again`);
  let at = 0;
  const arrays = Object.fromEntries(
    content.arrays.map(({ name, length }) => {
      const part = data.slice(at, at + length);
      at += length;
      return [name, part];
    }),
  );
  return { arrays, progress: decodeNumbers(content.progress) as Progress };
}
