import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { acquireLock } from 'research-basics/lock';
import { openNpyRows, type NpyRows } from '../../base/npyRows';
import { eachTextLine } from '../../base/textLines';
import type { ManifestRow } from '../../corpus/types';
import { recipeOf } from './compute';
import type { ExtractCorpusOptions } from './extractCorpus';
import { isAccepted } from './messages';
import { writeResults, type Results, type Versions } from './results';
import {
  allShards,
  readShardRecord,
  type RecordingLine,
  shardFolder,
  type ShardState,
  shardStates,
} from './shards';

/**
 * Merges the shards of a corpus into the files that `extractCorpus` writes, byte for byte. The recordings are not
 * needed. A damaged shard is not believed: its record is removed, so that extracting that shard again rebuilds it.
 *
 * @param failures `leave-out` merges shards in which recordings failed; default `refuse`
 * @throws UserError (`input`) naming every shard that is missing, damaged, or has recordings that failed.
 */
export function mergeShards(
  options: Omit<ExtractCorpusOptions, 'workers' | 'onProgress' | 'signal'>,
  shards: number,
  failures: 'refuse' | 'leave-out' = 'refuse',
): Results & {
  readonly absent: readonly { readonly row: ManifestRow; readonly reason: string }[];
} {
  const { rows, outFolder } = options;
  const recipe = recipeOf(options);
  const lock = acquireLock(path.join(outFolder, '.lock'), outFolder);
  const opened: NpyRows[] = [];
  try {
    const states = shardStates(options, shards, 'hashes');
    refuseFaulty(
      outFolder,
      shards,
      states.filter(({ state }) => failures === 'refuse' || state !== 'failed'),
    );
    const folders = allShards(shards).map((shard) => shardFolder(outFolder, shard));
    const versions = commonVersions(folders.map((folder) => readShardRecord(folder).versions));
    const lines = new Map<number, RecordingLine>();
    const places = new Map<
      string,
      { readonly matrix: NpyRows; readonly from: number; readonly to: number }
    >();
    for (const folder of folders) {
      const matrix = openNpyRows(path.join(folder, 'features.npy'));
      opened.push(matrix);
      let from = 0;
      eachTextLine(path.join(folder, 'recordings.jsonl'), (text) => {
        const line = JSON.parse(text) as RecordingLine;
        const { outcome, key } = line;
        lines.set(line.line, line);
        if (!isAccepted(outcome) || key === undefined) return;
        const to = from + 1 + (recipe.keep === 'excerpts' ? outcome.excerpts : 0);
        places.set(key, { matrix, from, to });
        from = to;
      });
    }
    const absent: { row: ManifestRow; reason: string }[] = [];
    const items = rows.flatMap((row) => {
      const { outcome, key, hash, absent: reason } = lines.get(row.line)!;
      if (reason !== undefined) {
        absent.push({ row, reason });
        return [];
      }
      return [
        {
          row,
          ...(outcome === undefined ? {} : { outcome }),
          ...(key === undefined ? {} : { key }),
          ...(hash === undefined ? {} : { hash }),
        },
      ];
    });
    const featuresOf = (key: string): Float32Array => {
      const { matrix, from, to } = places.get(key)!;
      return matrix.readRows(from, to);
    };
    const results = writeResults(outFolder, items, featuresOf, { ...recipe, versions });
    return { ...results, absent };
  } finally {
    opened.forEach((rowsOf) => rowsOf.close());
    lock.release();
  }
}

function refuseFaulty(outFolder: string, shards: number, states: readonly ShardState[]): void {
  const faulty = states.filter(({ state }) => state !== 'complete');
  if (faulty.length === 0) return;
  for (const { shard, state } of faulty) {
    if (state === 'damaged')
      fs.rmSync(path.join(shardFolder(outFolder, { number: shard, of: shards }), 'shard.json'), {
        force: true,
      });
  }
  const shown = faulty.slice(0, 20).map(({ shard, reason }) => `shard ${shard} ${reason}`);
  const more = faulty.length > 20 ? ` and ${faulty.length - 20} more` : '';
  throw inputError(
    `${outFolder}: ${faulty.length} of ${shards} shards cannot be merged: ${shown.join(', ')}${more}; extract them again (--shard ${faulty[0]!.shard}/${shards}), the others are kept`,
  );
}

function commonVersions(all: readonly Versions[]): Versions {
  const [first] = all;
  const other = all.findIndex((versions) => sha256(versions) !== sha256(first));
  if (other > 0)
    throw inputError(
      `shard ${other + 1} was made by ${versionText(all[other]!)}, shard 1 by ${versionText(first!)}; install one version on all machines and extract the odd ones again`,
    );
  return first!;
}

const versionText = (versions: Versions): string => `stm-lab ${versions['stm-lab']} on Node ${versions.node}`;
