import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, removeTemporaries, sha256, sha256File, writeJson } from '../base/files';
import { acquireLock } from '../base/lock';

/** Raised when a stage's files change meaning, so that older results are made again. */
const STAGE_FORMAT = 1;

/** What a finished stage leaves beside its results as `stage.json`. */
export interface StageRecord {
  readonly stage: string;
  /** SHA-256 over stage, parameters and inputs: equal key, equal results. */
  readonly key: string;
  readonly parameters: unknown;
  /** Name of each input and the SHA-256 of its content. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Each result file (relative to the folder), its bytes and SHA-256. */
  readonly outputs: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** A stage to be run in a folder, or reused when the folder already holds its results. */
export interface StageRequest {
  readonly stage: string;
  readonly folder: string;
  /** Everything that decides the result, besides the inputs. */
  readonly parameters: unknown;
  readonly inputs: Readonly<Record<string, string>>;
  /** Does the work; called only when needed. Returns the result files, relative to the folder. */
  readonly run: () => Promise<readonly string[]>;
}

/** A stage's record, and whether the work was done now or had been done before. */
export interface StageResult {
  readonly status: 'computed' | 'cached';
  readonly record: StageRecord;
}

/** The identity of a stage's results: equal keys mean equal results. */
export function stageKey(request: Pick<StageRequest, 'stage' | 'parameters' | 'inputs'>): string {
  return sha256({
    format: STAGE_FORMAT,
    stage: request.stage,
    parameters: request.parameters,
    inputs: request.inputs,
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
 * their own partial results and continue from them. A result file that is missing or has another
 * length counts as not done.
 */
export async function runStage(request: StageRequest): Promise<StageResult> {
  const key = stageKey(request);
  const earlier = readableRecord(request.folder);
  if (earlier !== undefined && earlier.key === key && outputsPresent(request.folder, earlier)) {
    return { status: 'cached', record: earlier };
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
  const files = await request.run();
  const record: StageRecord = {
    stage: request.stage,
    key,
    parameters: request.parameters,
    inputs: request.inputs,
    outputs: Object.fromEntries(
      [...files].sort().map((name) => {
        const file = path.join(request.folder, name);
        return [name, { bytes: fs.statSync(file).size, sha256: sha256File(file) }];
      }),
    ),
  };
  writeJson(path.join(request.folder, 'stage.json'), record);
  return record;
}

function readableRecord(folder: string): StageRecord | undefined {
  try {
    return readStageRecord(folder);
  } catch {
    // A record that cannot be read says nothing about the results: they are made again.
    return undefined;
  }
}

function outputsPresent(folder: string, record: StageRecord): boolean {
  return Object.entries(record.outputs).every(([name, { bytes }]) => {
    const stat = fs.statSync(path.join(folder, name), { throwIfNoEntry: false });
    return stat !== undefined && stat.size === bytes;
  });
}
