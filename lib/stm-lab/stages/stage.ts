import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, removeTemporaries, sha256, sha256File, writeJson } from 'research-basics/files';
import { acquireLock } from 'research-basics/lock';
import { engineStamp, loadEngine } from '../engine';
import { changeOf } from './stageChange';
import type { StageFailure, StageOutput, StageRecord, StageRequest } from './stageRecord';

export type { StageFailure, StageOutput, StageRecord, StageRequest };

/** Raised when a stage's files or runs change meaning, so that older results are recomputed. */
export const STAGE_FORMAT = 2;

/** Larger result files are checked by their length alone: hashing them would take longer than a moment. */
const HASHED_BYTES = 256e6;

/** A stage's record, and whether the work was done now or had been done before. */
export interface StageResult {
  readonly status: 'computed' | 'cached';
  readonly record: StageRecord;
}

/**
 * Description of the engine on which a stage would run. It is loaded only where the folder's record does not tell it: results that
 * are found finished need no TensorFlow.
 *
 * @throws UserError as `loadEngine`.
 */
export async function engineFor(folder: string, signal: AbortSignal | undefined): Promise<string> {
  const record = readableRecord(folder);
  // WebAssembly may have stood in for a native library that could not be loaded then.
  if (record?.engine?.startsWith('native ') && record.engineStamp === engineStamp()) return record.engine;
  return (await loadEngine({ signal })).description;
}

/** The identity of a stage's results: equal keys mean equal results. */
export function stageKey(request: Pick<StageRequest, 'stage' | 'parameters' | 'inputs' | 'engine'>): string {
  const { stage, parameters, inputs, engine } = request;
  return sha256({
    format: STAGE_FORMAT,
    stage,
    parameters,
    inputs,
    ...(engine === undefined ? {} : { engine }),
  });
}

/** The record of a finished stage in `folder`, or undefined when there is none. */
export function readStageRecord(folder: string): StageRecord | undefined {
  const file = path.join(folder, 'stage.json');
  return fs.existsSync(file) ? readJson<StageRecord>(file) : undefined;
}

/**
 * Runs a stage unless its folder already holds the results of the same parameters and inputs.
 *
 * The record is written last, so a stage that was killed is run again; stages that take long keep
 * their own partial results and continue from them. A result file that is missing or damaged counts as
 * not done, and so does a part that failed. `onStale` is called with the reason why earlier results cannot be reused.
 */
export async function runStage(request: StageRequest): Promise<StageResult> {
  const key = stageKey(request);
  const earlier = readableRecord(request.folder);
  if (earlier !== undefined) {
    const reason = earlier.key === key ? damageOf(request.folder, earlier) : changeOf(earlier, request);
    const { failed = [] } = earlier;
    if (reason === undefined && failed.length === 0) return { status: 'cached', record: earlier };
    request.onStale?.(
      reason === undefined
        ? `${request.stage}: tried again: ${failed.map(({ name }) => name).join(', ')} (${request.folder})`
        : `${request.stage}: recomputed, since ${reason} (${request.folder})`,
    );
  }
  const lock = acquireLock(path.join(request.folder, '.lock'), request.folder);
  try {
    removeTemporaries(request.folder);
    return { status: 'computed', record: await compute(request, key) };
  } finally {
    lock.release();
  }
}

async function compute(request: StageRequest, key: string): Promise<StageRecord> {
  fs.rmSync(path.join(request.folder, 'stage.json'), { force: true });
  const made = await request.run();
  const { files, failed } = 'files' in made ? made : { files: made, failed: [] };
  const record: StageRecord = {
    format: STAGE_FORMAT,
    stage: request.stage,
    key,
    parameters: request.parameters,
    inputs: request.inputs,
    ...(request.engine === undefined ? {} : { engine: request.engine, engineStamp: engineStamp() }),
    outputs: Object.fromEntries(
      [...files].sort().map((name) => {
        const file = path.join(request.folder, name);
        return [name, { bytes: fs.statSync(file).size, sha256: sha256File(file) }];
      }),
    ),
    ...(failed.length === 0 ? {} : { failed }),
    ...(request.untracked === true ? { untracked: true } : {}),
  };
  writeJson(path.join(request.folder, 'stage.json'), record);
  return record;
}

function readableRecord(folder: string): StageRecord | undefined {
  try {
    return readStageRecord(folder);
  } catch {
    // A record that cannot be read says nothing about the results: they are recomputed.
    return undefined;
  }
}

/** What is wrong with a stage's result files, if anything. */
function damageOf(folder: string, { outputs }: StageRecord): string | undefined {
  for (const [name, { bytes, sha256: hash }] of Object.entries(outputs)) {
    const file = path.join(folder, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return `${name} is missing`;
    if (stat.size !== bytes || (bytes <= HASHED_BYTES && sha256File(file) !== hash))
      return `${name} has changed`;
  }
  return undefined;
}
