import { readManifest, type Manifest } from '../corpus';
import {
  extractShard,
  mergeShards,
  shardFolder,
  shardStates,
  type ExtractCorpusOptions,
  type Shard,
  type ShardState,
  type ShardSummary,
} from '../features';
import { sharedRun, trackedRun, type StageContext } from '../stages/context';
import { warnMany } from '../stages/warnMany';
import {
  extractionLine,
  extractionRun,
  recordExtraction,
  tellOfManifest,
  type ExtractStageOptions,
} from './extract';
import { measureCost, mergeCosts } from './extractionCost';
import { featureOptions } from './featureSettings';

/** What a shard's extraction reads and writes; `out` is the folder of the whole. */
export interface ExtractShardOptions extends ExtractStageOptions {
  readonly manifest: string;
  readonly shard: Shard;
}

/** What a merge reads and writes. */
export interface MergeShardsOptions extends Omit<ExtractStageOptions, 'workers'> {
  readonly manifest: string;
  readonly shards: number;
  /**
   * What to do about shards in which recordings failed: `refuse` (default) to merge them, or `leave-out` those
   * recordings, named as failed in `rejected.csv`.
   */
  readonly failures?: 'refuse' | 'leave-out' | undefined;
}

/** Outcome of a merge. */
export interface MergeSummary {
  readonly folder: string;
  readonly accepted: number;
  readonly rejected: number;
  /** Recordings that failed in their shards; above 0 only with `failures: 'leave-out'`. */
  readonly failed: number;
  /** Recordings that were not there when their shard was extracted. */
  readonly absent: number;
  readonly featuresHash: string;
}

/**
 * Extracts one shard of a manifest (see `extractShard`), as a run below the run of the whole extraction. Shards need
 * nothing of one another, at most the file system they write to.
 */
export async function extractShardStage(
  options: ExtractShardOptions,
  context: StageContext = {},
): Promise<ShardSummary> {
  const { out, features, shard } = options;
  const manifest = readTrusting(options);
  const whole = extractionRun(manifest, features);
  const share = `shard ${shard.number} of ${shard.of}`;
  const request = {
    ...whole,
    name: `extract, ${share}`,
    key: `${whole.key}-${shard.number}-of-${shard.of}`,
    parent: sharedRun(context, whole),
  };
  return trackedRun(context, request, async (run) => {
    const summary = await measureCost(shardFolder(out, shard), () =>
      extractShard(
        {
          rows: manifest.rows,
          ...featureOptions(features),
          outFolder: out,
          workers: options.workers,
          signal: context.signal,
          onProgress: (progress) => context.progress?.(`${share}: ${extractionLine(progress)}`),
        },
        shard,
      ),
    );
    const { recordings, accepted, failed, computed, audioHours } = summary;
    warnMany(
      failed.map(({ path: recording, reason }) => ({ about: `FAILED ${recording}`, reason })),
      context.warn,
    );
    run?.logMetrics({ recordings, accepted, failed: failed.length, computed, audio_hours: audioHours });
    return summary;
  });
}

/**
 * Merges the shards of an extraction into the files that `extractStage` writes, byte for byte.
 *
 * @throws UserError (`input`) naming every shard that is missing or damaged.
 */
export function mergeShardsStage(
  options: MergeShardsOptions,
  context: StageContext = {},
): Promise<MergeSummary> {
  const { out, features, shards } = options;
  const manifest = readTrusting(options);
  tellOfManifest(manifest, context);
  return trackedRun(context, extractionRun(manifest, features), (run) => {
    const results = mergeShards(mergeRequest(manifest, options), shards, options.failures);
    const { accepted, rejected, failed, absent, featuresHash } = results;
    absent.forEach(({ row, reason }) =>
      context.warn?.(`${manifest.file} line ${row.line} (${row.path}): ${reason}`),
    );
    recordExtraction({ out, manifest, features, results }, context, run);
    const folders = Array.from({ length: shards }, (_, i) => shardFolder(out, { number: i + 1, of: shards }));
    mergeCosts(out, folders);
    run?.logMetrics({
      recordings: accepted + rejected.length,
      accepted,
      rejected: rejected.length,
      failed,
      shards,
    });
    return Promise.resolve({
      folder: out,
      accepted,
      rejected: rejected.length - failed,
      failed,
      absent: absent.length,
      featuresHash,
    });
  });
}

/** Which shards of an extraction are complete, told from their records and the sizes of their files. */
export function extractionShardStates(options: MergeShardsOptions): ShardState[] {
  return shardStates(mergeRequest(readTrusting(options), options), options.shards);
}

/** Without looking for the recordings: each shard looks for its own. */
const readTrusting = ({
  manifest,
  paths = 'anywhere',
  collection,
}: ExtractShardOptions | MergeShardsOptions): Manifest =>
  readManifest(manifest, { purpose: 'extraction', files: 'trust', paths, collection });

const mergeRequest = (
  manifest: Manifest,
  { out, features }: MergeShardsOptions,
): Omit<ExtractCorpusOptions, 'workers' | 'onProgress' | 'signal'> => ({
  rows: manifest.rows,
  ...featureOptions(features),
  outFolder: out,
});
