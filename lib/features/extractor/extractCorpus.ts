import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { rawPcmFromColumns } from '../../audio';
import { inputError, messageOf, StmLabError } from '../../base/errors';
import { canonicalJson, sha256 } from '../../base/files';
import { acquireLock } from '../../base/lock';
import type { ManifestRow } from '../../corpus/types';
import type { MelParameters } from '../mel';
import type { StmParameters } from '../stm';
import { describeFeatures, type FeatureDescription, type FeatureKind, type Kept } from './analysers';
import { openJournal, type Journal } from './journal';
import type { Job, Outcome } from './messages';
import { runPool } from './pool';
import { writeResults, type ResultFiles } from './results';
import { fileStamp } from './stamp';

/** How far an extraction is. */
export interface ExtractionProgress {
  readonly filesTotal: number;
  /** Finished files, reused and rejected ones included. */
  readonly filesDone: number;
  /** Files whose result was kept from an earlier run. */
  readonly filesReused: number;
  readonly filesRejected: number;
  /** Hours of audio looked at in this run. */
  readonly audioHours: number;
  /** Audio looked at per time spent, in this run; 0 before the first file. */
  readonly timesRealTime: number;
  /** Seconds left at the present pace; NaN before the first file. */
  readonly etaSeconds: number;
}

/** What to extract, and where to. */
export interface ExtractCorpusOptions {
  readonly rows: readonly ManifestRow[];
  /** Folder for the results and for the finished work kept between runs. */
  readonly outFolder: string;
  /** Default `stm`. */
  readonly features?: FeatureKind | undefined;
  /** Parameters that differ from the published ones. */
  readonly parameters?: Partial<StmParameters> | Partial<MelParameters> | undefined;
  /**
   * `mean` (default): one row per recording. `excerpts`: also one per accepted excerpt, in two more files
   * (STM only).
   */
  readonly keep?: Kept | undefined;
  /** Worker threads. Default: the processor's available cores. Results do not depend on it. */
  readonly workers?: number | undefined;
  readonly onProgress?: ((progress: ExtractionProgress) => void) | undefined;
  /** Stops the extraction; finished recordings are kept. */
  readonly signal?: AbortSignal | undefined;
}

/** What an extraction made. */
export interface ExtractionSummary {
  /** The result files. */
  readonly files: ResultFiles;
  readonly accepted: number;
  readonly rejected: readonly { readonly path: string; readonly reason: string }[];
  /** Recordings computed in this run, and kept from earlier ones. */
  readonly computed: number;
  readonly reused: number;
  /** SHA-256 of `features.npy`. */
  readonly featuresHash: string;
  readonly audioHours: number;
  readonly seconds: number;
}

interface Prepared {
  readonly row: ManifestRow;
  readonly job?: Job;
  /** Everything but the content that the result depends on. */
  readonly recipe: string;
  /** Set once the recording is finished. */
  outcome?: Outcome;
  key?: string;
}

function prepare(
  row: ManifestRow,
  index: number,
  { kind, keep, description }: Pick<Context, 'kind' | 'keep' | 'description'>,
): Prepared {
  const { file, startSeconds } = row;
  const { parameters, revision } = description;
  const more = keep === 'excerpts' ? { keep } : {};
  try {
    const raw = rawPcmFromColumns(file, row.extra);
    return {
      row,
      job: { row: index, file, startSeconds, raw },
      recipe: canonicalJson({ kind, parameters, revision, startSeconds, raw: raw ?? null, ...more }),
    };
  } catch (error) {
    return { row, recipe: '', outcome: { reason: messageOf(error).replace(`${file}: `, '') } };
  }
}

const keyOf = (hash: string, recipe: string): string => sha256({ hash, recipe });

/**
 * Extracts features of every recording of a manifest on worker threads and writes into `outFolder`:
 *
 * - `features.npy`: float32, one row per accepted recording, in manifest order
 * - `index.csv`: path, label, group, excerpts, analysed_s, longest_silence_s, row
 * - `rejected.csv`: path and reason of every other recording
 * - `axes.json`: the axes of a row
 * - `extraction.json`: parameters, versions, counts and hashes
 * - with `keep: 'excerpts'`: `excerpts.npy`, float32, one row per accepted excerpt, recordings in the order of
 *   `index.csv`; and `excerpts.csv`: row (of `features.npy`), excerpt (from 0), start_s. The other files stay
 *   byte for byte as without, but for what `extraction.json` says of these two.
 *
 * The bytes depend on the manifest, the recordings and the parameters alone: not on the number of workers, on
 * interruptions, on folders or on the clock. Finished recordings are kept in `outFolder/.work`, by content and
 * parameters, and are not extracted again; a killed run is continued by calling this again.
 *
 * @throws StmLabError: `input` when the folder is in use or cannot be written, `interrupted` on `signal`.
 */
export async function extractCorpus(options: ExtractCorpusOptions): Promise<ExtractionSummary> {
  const { rows, outFolder, features: kind = 'stm', keep = 'mean', signal } = options;
  const workers = options.workers ?? availableParallelism();
  if (!Number.isInteger(workers) || workers < 1)
    throw inputError(`workers ${workers}: must be a whole number from 1`);
  if (keep === 'excerpts' && kind !== 'stm')
    throw inputError(
      `${kind} features take one excerpt per recording; excerpts are kept of STM features only`,
    );
  const description = describeFeatures(kind, options.parameters);
  const lock = acquireLock(path.join(outFolder, '.lock'), outFolder);
  let journal: Journal | undefined;
  const began = performance.now();
  try {
    journal = openJournal(path.join(outFolder, '.work'), description.rowLength);
    const items = rows.map((row, index) => prepare(row, index, { kind, keep, description }));
    const tally = await computeMissing(items, journal, options, { kind, keep, description, workers, began });
    const result = writeResults(outFolder, items, journal, { kind, keep, description });
    return { ...result, ...tally, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason)
      throw new StmLabError(
        'interrupted',
        `${outFolder}: extraction stopped; run it again to continue where it was`,
        { cause: error },
      );
    throw error;
  } finally {
    journal?.close();
    lock.release();
  }
}

interface Context {
  readonly kind: FeatureKind;
  readonly keep: Kept;
  readonly description: FeatureDescription;
  readonly workers: number;
  readonly began: number;
}

type Tally = Pick<ExtractionSummary, 'computed' | 'reused' | 'audioHours'>;

async function computeMissing(
  items: Prepared[],
  journal: Journal,
  { onProgress, signal }: ExtractCorpusOptions,
  { kind, keep, description, workers, began }: Context,
): Promise<Tally> {
  let reused = 0;
  let done = 0;
  let computed = 0;
  let rejected = 0;
  let audioSeconds = 0;
  let lastReport = -Infinity;
  const report = (when: 'now' | 'due'): void => {
    const now = performance.now();
    if (onProgress === undefined || (when === 'due' && now - lastReport < 200)) return;
    lastReport = now;
    const seconds = (now - began) / 1000;
    onProgress({
      filesTotal: items.length,
      filesDone: done,
      filesReused: reused,
      filesRejected: rejected,
      audioHours: audioSeconds / 3600,
      timesRealTime: audioSeconds / seconds,
      etaSeconds: computed === 0 ? NaN : (seconds / computed) * (items.length - done),
    });
  };
  const settle = (item: Prepared, outcome: Outcome, key?: string): void => {
    item.outcome = outcome;
    if (key !== undefined) item.key = key;
    done++;
    if ('reason' in outcome) rejected++;
    report('due');
  };
  const reuse = (item: Prepared, hash: string): boolean => {
    const key = keyOf(hash, item.recipe);
    const outcome = journal.find(key);
    if (outcome === undefined) return false;
    reused++;
    settle(item, outcome, key);
    return true;
  };

  const waiting: Job[] = [];
  for (const item of items) {
    if (item.job === undefined) {
      settle(item, item.outcome!);
      continue;
    }
    let hash: string | undefined;
    try {
      hash = journal.knownHash(fileStamp(item.job.file));
    } catch {
      // Missing: the worker says so in its words.
    }
    if (hash === undefined || !reuse(item, hash)) waiting.push(item.job);
  }
  report('now');

  const seen = new Map<number, { hash: string; stamp: string }>();
  let next = 0;
  if (waiting.length > 0)
    await runPool(
      Math.min(workers, waiting.length),
      { features: kind, keep, parameters: description.parameters },
      {
        nextJob: () => waiting[next++],
        onHash(job, hash, stamp) {
          journal.noteHash(stamp, hash);
          if (reuse(items[job.row]!, hash)) return 'known';
          seen.set(job.row, { hash, stamp });
          return 'extract';
        },
        onDone(job, { outcome, features, scannedSeconds }) {
          const item = items[job.row]!;
          const { hash, stamp } = seen.get(job.row)!;
          seen.delete(job.row);
          const key = keyOf(hash, item.recipe);
          journal.add({ key, hash, stamp, outcome, ...(features === undefined ? {} : { features }) });
          computed++;
          audioSeconds += scannedSeconds;
          settle(item, outcome, key);
        },
        onFailure(job, reason) {
          computed++;
          settle(items[job.row]!, { reason });
        },
      },
      signal,
    );
  report('now');
  return { computed, reused, audioHours: audioSeconds / 3600 };
}
