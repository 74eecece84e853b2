import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, sha256File, writeJson } from 'research-basics/files';
import { acquireLock } from 'research-basics/lock';
import { loadEngine } from '../../engine';
import type { Shard, ShardState } from '../../features';
import { sharedRun, stageRun, type StageContext } from '../../stages/context';
import { stageKey, type StageFailure } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { cellFile, scoreAll } from './cells';
import type { CellTask } from './pool';
import type { AblateStageOptions } from './options';
import { ablateStage, openAblation, type AblateSummary } from './stage';

/** A shard's finished cells, as `shards/K-of-N.json` below the ablation's folder remembers them. */
interface ShardRecord {
  /** Hash of the ablation and its data. */
  readonly request: string;
  /** Name and content hash of each cell's file. */
  readonly cells: Readonly<Record<string, string>>;
  /** Cells that diverged: the shard is complete without them, and the merge tries them again. */
  readonly failed?: readonly string[];
}

const recordFile = (out: string, { number, of }: Shard): string =>
  path.join(out, 'shards', `${number}-of-${of}.json`);
const hashOfCell = (out: string, task: CellTask): string =>
  sha256File(cellFile(path.join(out, 'cells'), task));
const tasksOfShard = (tasks: readonly CellTask[], { number, of }: Shard): CellTask[] =>
  tasks.filter((_, i) => i % of === number - 1);

/**
 * Scores every `of`-th cell of an ablation, apart from the other shards: the cells are kept in the folder of the whole,
 * where `ablateStage` finds them. Each is a run below the run of the ablation. A cell that diverges is left out.
 *
 * @throws UserError as `ablateStage`.
 */
export async function ablateShard(
  options: AblateStageOptions & { readonly shard: Shard },
  context: StageContext = {},
): Promise<{ readonly cells: number; readonly failed: readonly StageFailure[] }> {
  const { out, shard } = options;
  const open = openAblation(options);
  const { tasks, request } = open;
  const file = recordFile(out, shard);
  const lock = acquireLock(`${file}.lock`, `${out}, shard ${shard.number} of ${shard.of}`);
  try {
    const own = tasksOfShard(tasks, shard);
    const run = stageRun({ ...request, engine: (await loadEngine({ signal: context.signal })).description });
    const parts = stageParts(context);
    const outcomes = await scoreAll(options, open, own, context, sharedRun(context, run), parts);
    const scored = own.filter((_, i) => outcomes[i] !== undefined);
    writeJson(file, {
      request: stageKey(request),
      cells: Object.fromEntries(scored.map((task) => [task.name, hashOfCell(out, task)])),
      ...(parts.failed.length === 0 ? {} : { failed: parts.failed.map(({ name }) => name) }),
    } satisfies ShardRecord);
    return { cells: scored.length, failed: parts.failed };
  } finally {
    lock.release();
  }
}

/** Which shards of an ablation are complete, told from the hashes of their cells. */
export function ablationShardStates(options: AblateStageOptions & { readonly shards: number }): ShardState[] {
  const { out, shards } = options;
  const { tasks, request } = openAblation(options);
  const key = stageKey(request);
  return Array.from({ length: shards }, (_, i): ShardState => {
    const shard = { number: i + 1, of: shards };
    const own = tasksOfShard(tasks, shard);
    const record = readRecord(recordFile(out, shard));
    if (own.length > 0 && record?.request !== key)
      return { shard: shard.number, state: 'missing', reason: 'is not finished' };
    const damaged = own.find(
      (task) => !record?.failed?.includes(task.name) && !isWhole(out, task, record?.cells[task.name]),
    );
    return damaged === undefined
      ? { shard: shard.number, state: 'complete' }
      : { shard: shard.number, state: 'damaged', reason: `has a damaged cell ${damaged.name}` };
  });
}

function isWhole(out: string, task: CellTask, hash: string | undefined): boolean {
  try {
    return hashOfCell(out, task) === hash;
  } catch {
    return false;
  }
}

function readRecord(file: string): ShardRecord | undefined {
  try {
    return readJson<ShardRecord>(file);
  } catch {
    return undefined;
  }
}

/**
 * Writes the results of an ablation whose cells were scored in shards: the files of `ablateStage`, byte for byte.
 *
 * @throws UserError (`input`) naming every shard that is missing or damaged.
 */
export function mergeAblation(
  options: AblateStageOptions & { readonly shards: number },
  context: StageContext = {},
): Promise<AblateSummary> {
  const { out, shards } = options;
  const faulty = ablationShardStates(options).filter(({ state }) => state !== 'complete');
  if (faulty.length > 0)
    throw inputError(
      `${out}: ${faulty.length} of ${shards} shards cannot be merged: ${faulty.map(({ shard, reason }) => `shard ${shard} ${reason}`).join(', ')}; run them again (--shard ${faulty[0]!.shard}/${shards}), finished cells are reused`,
    );
  return ablateStage(options, context);
}
