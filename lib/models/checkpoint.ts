import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from '../base/errors';
import { readJson, sha256File, writeJson } from '../base/files';
import { readNpy, writeNpy } from '../base/npy';
import { type MlpSpec, parameterShapes, sizeOf } from './spec';
import type { TrainerState } from './trainer';

/** What is kept between epochs, so that a killed training goes on as if nothing had happened. */
export interface Checkpoint<Progress> {
  readonly state: TrainerState;
  /** Best weights so far, when early stopping looks for them. */
  readonly best: readonly Float32Array[] | undefined;
  /** Plain JSON of the fit loop (history, patience, whether done). */
  readonly progress: Progress;
}

interface CheckpointFile {
  readonly format: 'stm-lab checkpoint 1';
  /** Hash of network, options and data: another training never goes on from this one. */
  readonly identity: string;
  readonly batches: number;
  readonly pending: boolean;
  readonly best: boolean;
  readonly state: string;
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

function decodeNumbers<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'string' && inner.startsWith(NON_FINITE)
      ? Number(inner.slice(NON_FINITE.length))
      : inner,
  ) as T;
}

const concatenate = (arrays: readonly Float32Array[]): Float32Array => {
  const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    result.set(array, at);
    at += array.length;
  }
  return result;
};

/**
 * Writes `state-<batches>.npy`, then `checkpoint.json` naming it, then removes the state before. A reader
 * finds either the old pair or the new one, whenever the process is killed.
 */
export function writeCheckpoint<Progress>(
  folder: string,
  identity: string,
  { state, best, progress }: Checkpoint<Progress>,
): void {
  const name = `state-${state.batches}.npy`;
  const file = path.join(folder, name);
  const data = concatenate([
    ...state.weights,
    ...state.first,
    ...state.second,
    ...(state.pending ?? []),
    ...(best ?? []),
  ]);
  writeNpy(file, { shape: [data.length], data });
  const content: CheckpointFile = {
    format: 'stm-lab checkpoint 1',
    identity,
    batches: state.batches,
    pending: state.pending !== undefined,
    best: best !== undefined,
    state: name,
    sha256: sha256File(file),
    progress: encodeNumbers(progress),
  };
  writeJson(path.join(folder, 'checkpoint.json'), content);
  for (const other of fs.readdirSync(folder)) {
    const left =
      /^state-\d+\.npy$/.test(other) || /^\.(state-\d+\.npy|checkpoint\.json)\..*\.tmp$/.test(other);
    if (left && other !== name) fs.rmSync(path.join(folder, other), { force: true });
  }
}

/**
 * Reads the checkpoint of a folder; undefined when there is none.
 *
 * @throws StmLabError (`input`) when it belongs to another training, or its state file is damaged.
 */
export function readCheckpoint<Progress>(
  folder: string,
  identity: string,
  spec: MlpSpec,
): Checkpoint<Progress> | undefined {
  const file = path.join(folder, 'checkpoint.json');
  if (!fs.existsSync(file)) return undefined;
  const content = readJson<CheckpointFile>(file);
  if (content.format !== 'stm-lab checkpoint 1' || content.identity !== identity)
    throw inputError(
      `${file}: belongs to a training with another network, other options or other data; choose another folder or delete this one`,
    );
  const stateFile = path.join(folder, content.state);
  const { data } = readNpy(stateFile);
  const sizes = parameterShapes(spec).map(({ shape }) => sizeOf(shape));
  const sets = 3 + Number(content.pending) + Number(content.best);
  const expected = sets * sizes.reduce((sum, size) => sum + size, 0);
  if (!(data instanceof Float32Array) || data.length !== expected || sha256File(stateFile) !== content.sha256)
    throw inputError(`${stateFile}: is damaged; delete ${folder} to start this training again`);
  let at = 0;
  const take = (): Float32Array[] =>
    sizes.map((size) => {
      const part = data.slice(at, at + size);
      at += size;
      return part;
    });
  const state: TrainerState = {
    batches: content.batches,
    weights: take(),
    first: take(),
    second: take(),
    pending: content.pending ? take() : undefined,
  };
  return {
    state,
    best: content.best ? take() : undefined,
    progress: decodeNumbers(content.progress as Progress),
  };
}
