import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, sha256, sha256File, writeFileAtomic, writeJson } from 'research-basics/files';
import { createRecordingFinder } from '../../corpus';
import type { ManifestRow } from '../../corpus/types';
import { recipeOf, recipeText, runExtraction, type Recipe, type Tally } from './compute';
import type { ExtractCorpusOptions } from './extractCorpus';
import { isAccepted, isFailed, type Outcome } from './messages';
import { currentVersions, writeRows, type Versions } from './results';

/** One of the parts into which a corpus is cut, counted from 1. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

/** What one shard's extraction made. */
export interface ShardSummary extends Tally {
  /** `cached` when the shard was there and whole. */
  readonly status: 'computed' | 'cached';
  readonly folder: string;
  readonly recordings: number;
  readonly accepted: number;
  /** Recordings that failed: the shard is not done, and they are tried again when it is extracted again. */
  readonly failed: readonly FailedRecording[];
}

/** A recording that could not be worked on, and why. */
export interface FailedRecording {
  readonly path: string;
  readonly reason: string;
}

/** Whether a shard can be merged, and if not, why, as the end of a sentence. */
export interface ShardState {
  readonly shard: number;
  /** `failed`: whole except for recordings that failed. */
  readonly state: 'complete' | 'missing' | 'damaged' | 'failed';
  readonly reason?: string;
}

/** `shard.json`: what the shard's other files hold. */
interface ShardRecord {
  readonly shard: Shard;
  /** Hash of the recordings' paths and of all that their features depend on but content. */
  readonly request: string;
  readonly versions: Versions;
  readonly recordings: number;
  readonly accepted: number;
  /**
   * How many recordings failed, and the first of them. Absent in shards of earlier versions, which did not tell
   * failed from unusable: they are rebuilt from their finished work.
   */
  readonly failed?: { readonly count: number; readonly first?: FailedRecording };
  readonly files: Readonly<Record<'features.npy' | 'recordings.jsonl', FileRecord>>;
  /** Hash of all of the above. */
  readonly check?: string;
}

interface FileRecord {
  readonly bytes: number;
  readonly sha256: string;
}

/** A line of `recordings.jsonl`. */
export interface RecordingLine {
  /** Line in the manifest. */
  readonly line: number;
  /** Set when there was no such file: it is left out, as it is in an extraction of the whole. */
  readonly absent?: string;
  readonly outcome?: Outcome;
  readonly key?: string;
  /** SHA-256 of the recording's bytes. */
  readonly hash?: string;
}

/** The folder of a shard below the folder of the whole. */
export function shardFolder(outFolder: string, { number, of }: Shard): string {
  const width = String(of).length;
  return path.join(outFolder, 'shards', `${String(number).padStart(width, '0')}-of-${of}`);
}

/** Every `of`-th line of the manifest, so that long recordings, which stand together, are dealt out. */
function rowsOfShard(rows: readonly ManifestRow[], { number, of }: Shard): ManifestRow[] {
  if (!Number.isInteger(of) || of < 1 || !Number.isInteger(number) || number < 1 || number > of)
    throw inputError(`shard ${number}/${of}: give a number from 1 to the number of shards, such as 3/8`);
  // By line, not by place among the usable ones: a recording that one node cannot see then moves no other.
  return rows.filter(({ line }) => line % of === number % of);
}

/**
 * Extracts one shard of a corpus into `OUT/shards/K-of-N`, apart from all others: `features.npy`, `recordings.jsonl`
 * (one line per recording), `shard.json` (hashes, written last). Nothing in them depends on where folders lie. A shard that
 * is whole is reused; one that was killed or damaged, or in which recordings failed, continues from its own `.work`.
 *
 * @param options `rows`: all usable rows of the manifest, read without looking for the files.
 * @throws UserError as `extractCorpus`; (`input`) when none of the shard's recordings is there.
 */
export async function extractShard(options: ExtractCorpusOptions, shard: Shard): Promise<ShardSummary> {
  const rows = rowsOfShard(options.rows, shard);
  const folder = shardFolder(options.outFolder, shard);
  const request = requestOf(rows, recipeOf(options));
  const { state } = checkShard(folder, request, shard, 'hashes');
  if (state === 'complete') {
    const { recordings, accepted } = readShardRecord(folder);
    const nothing = { computed: 0, reused: recordings, audioHours: 0 };
    return { status: 'cached', folder, recordings, accepted, failed: [], ...nothing };
  }
  const absent = new Map<number, string>();
  const present: ManifestRow[] = [];
  const find = createRecordingFinder();
  for (const row of rows) {
    const found = find(row.file);
    if ('file' in found) present.push({ ...row, file: found.file });
    // Where the system does not let us look, the extraction fails and is tried again.
    else if (found.cause === 'environment') present.push(row);
    else absent.set(row.line, found.reason);
  }
  if (rows.length > 0 && absent.size === rows.length)
    throw inputError(
      `shard ${shard.number} of ${shard.of}: none of its ${rows.length} recordings is there (the first: ${rows[0]!.file}); is the corpus mounted on this machine?`,
    );
  return runExtraction(present, { ...options, outFolder: folder }, (extracted) => {
    const { items, journal, recipe, tally } = extracted;
    fs.rmSync(path.join(folder, 'shard.json'), { force: true });
    let accepted = 0;
    const failed: FailedRecording[] = [];
    const lines: RecordingLine[] = [...absent].map(([line, reason]) => ({ line, absent: reason }));
    writeRows(path.join(folder, 'features.npy'), recipe.description.rowLength, (append) => {
      for (const { row, outcome, key, hash } of items) {
        lines.push({
          line: row.line,
          ...(outcome === undefined ? {} : { outcome }),
          ...(key === undefined ? {} : { key }),
          ...(hash === undefined ? {} : { hash }),
        });
        if (isFailed(outcome)) failed.push({ path: row.path, reason: outcome.reason });
        if (!isAccepted(outcome) || key === undefined) continue;
        append(journal.features(key));
        accepted++;
      }
    });
    lines.sort((a, b) => a.line - b.line);
    writeFileAtomic(path.join(folder, 'recordings.jsonl'), jsonLines(lines));
    const record: ShardRecord = {
      shard,
      request,
      versions: currentVersions(),
      recordings: lines.length,
      accepted,
      failed: { count: failed.length, ...(failed.length === 0 ? {} : { first: failed[0]! }) },
      files: {
        'features.npy': describeFile(path.join(folder, 'features.npy')),
        'recordings.jsonl': describeFile(path.join(folder, 'recordings.jsonl')),
      },
    };
    writeJson(path.join(folder, 'shard.json'), { ...record, check: sha256(record) });
    return { status: 'computed', folder, recordings: lines.length, accepted, failed, ...tally } as const;
  });
}

function* jsonLines(lines: readonly unknown[]): Generator<string> {
  for (const line of lines) yield `${JSON.stringify(line)}\n`;
}

const describeFile = (file: string): FileRecord => ({
  bytes: fs.statSync(file).size,
  sha256: sha256File(file),
});

function requestOf(rows: readonly ManifestRow[], recipe: Recipe): string {
  return sha256(rows.map((row) => [row.line, row.path, safeRecipe(row, recipe)]));
}

/** A declared format that makes no sense rejects the recording later; here it is a part of the request like any other. */
function safeRecipe(row: ManifestRow, recipe: Recipe): unknown {
  try {
    return recipeText(row, recipe);
  } catch {
    return row.extra;
  }
}

/** What `shard.json` of a folder says. */
export const readShardRecord = (folder: string): ShardRecord =>
  readJson<ShardRecord>(path.join(folder, 'shard.json'));

const failureText = (failure: FailedRecording | undefined): string =>
  failure === undefined ? 'not named' : `${failure.path}: ${failure.reason}`;

/** `sizes` asks the file system only; `hashes` reads everything. */
function checkShard(folder: string, request: string, shard: Shard, how: 'sizes' | 'hashes'): ShardState {
  const answer = (state: ShardState['state'], reason: string): ShardState => ({
    shard: shard.number,
    state,
    reason,
  });
  if (!fs.existsSync(path.join(folder, 'shard.json'))) return answer('missing', 'is not finished');
  let record: ShardRecord;
  try {
    const { check, ...rest } = readShardRecord(folder);
    if (check !== sha256(rest)) return answer('damaged', 'has a damaged shard.json');
    record = rest;
  } catch {
    return answer('damaged', 'has a damaged shard.json');
  }
  if (record.request !== request)
    return answer('missing', 'was made of other recordings or with other parameters');
  for (const [name, { bytes, sha256: hash }] of Object.entries(record.files)) {
    const file = path.join(folder, name);
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size;
    if (size !== bytes || (how === 'hashes' && sha256File(file) !== hash))
      return answer('damaged', `has a damaged ${name}`);
  }
  const { failed } = record;
  if (failed === undefined)
    return answer(
      'missing',
      'was made by an earlier version, which did not tell failed recordings from unusable ones',
    );
  if (failed.count > 0)
    return answer(
      'failed',
      `has ${failed.count} recordings that failed (the first: ${failureText(failed.first)})`,
    );
  return { shard: shard.number, state: 'complete' };
}

/** Which of a corpus's shards are there. `hashes` (default `sizes`) reads them whole. */
export function shardStates(
  options: Omit<ExtractCorpusOptions, 'workers' | 'onProgress' | 'signal'>,
  shards: number,
  how: 'sizes' | 'hashes' = 'sizes',
): ShardState[] {
  const recipe = recipeOf(options);
  return allShards(shards).map((shard) =>
    checkShard(
      shardFolder(options.outFolder, shard),
      requestOf(rowsOfShard(options.rows, shard), recipe),
      shard,
      how,
    ),
  );
}

/** All shards of a corpus cut into `count`. */
export const allShards = (count: number): Shard[] =>
  Array.from({ length: count }, (_, i) => ({ number: i + 1, of: count }));
