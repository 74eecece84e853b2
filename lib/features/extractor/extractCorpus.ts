import { availableParallelism } from 'node:os';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { rawPcmFromColumns } from '../../audio';
import { writeCsv } from '../../base/csv';
import { inputError, messageOf, StmLabError } from '../../base/errors';
import { canonicalJson, sha256, sha256File, writeJson } from '../../base/files';
import { acquireLock } from '../../base/lock';
import { openNpyWriter } from '../../base/npy';
import type { ManifestRow } from '../../corpus/types';
import type { MelParameters } from '../mel';
import type { StmParameters } from '../stm';
import { describeFeatures, type FeatureDescription, type FeatureKind } from './analysers';
import { openJournal, type Journal } from './journal';
import type { Job, Outcome } from './messages';
import { runPool } from './pool';
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
  /** Worker threads. Default: the processor's available cores. Results do not depend on it. */
  readonly workers?: number | undefined;
  readonly onProgress?: ((progress: ExtractionProgress) => void) | undefined;
  /** Stops the extraction; finished recordings are kept. */
  readonly signal?: AbortSignal | undefined;
}

/** What an extraction made. */
export interface ExtractionSummary {
  /** The five result files. */
  readonly files: {
    readonly features: string;
    readonly index: string;
    readonly rejected: string;
    readonly axes: string;
    readonly extraction: string;
  };
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
  kind: FeatureKind,
  description: FeatureDescription,
): Prepared {
  const { file, startSeconds } = row;
  const { parameters, revision } = description;
  try {
    const raw = rawPcmFromColumns(file, row.extra);
    return {
      row,
      job: { row: index, file, startSeconds, raw },
      recipe: canonicalJson({ kind, parameters, revision, startSeconds, raw: raw ?? null }),
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
 *
 * The bytes depend on the manifest, the recordings and the parameters alone: not on the number of workers, on
 * interruptions, on folders or on the clock. Finished recordings are kept in `outFolder/.work`, by content and
 * parameters, and are not extracted again; a killed run is continued by calling this again.
 *
 * @throws StmLabError: `input` when the folder is in use or cannot be written, `interrupted` on `signal`.
 */
export async function extractCorpus(options: ExtractCorpusOptions): Promise<ExtractionSummary> {
  const { rows, outFolder, features: kind = 'stm', signal } = options;
  const workers = options.workers ?? availableParallelism();
  if (!Number.isInteger(workers) || workers < 1)
    throw inputError(`workers ${workers}: must be a whole number from 1`);
  const description = describeFeatures(kind, options.parameters);
  const lock = acquireLock(path.join(outFolder, '.lock'), outFolder);
  let journal: Journal | undefined;
  const began = performance.now();
  try {
    journal = openJournal(path.join(outFolder, '.work'), description.rowLength);
    const items = rows.map((row, index) => prepare(row, index, kind, description));
    const tally = await computeMissing(items, journal, options, { kind, description, workers, began });
    const result = writeResults(outFolder, items, journal, kind, description);
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
  readonly description: FeatureDescription;
  readonly workers: number;
  readonly began: number;
}

type Tally = Pick<ExtractionSummary, 'computed' | 'reused' | 'audioHours'>;

async function computeMissing(
  items: Prepared[],
  journal: Journal,
  { onProgress, signal }: ExtractCorpusOptions,
  { kind, description, workers, began }: Context,
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
      { features: kind, parameters: description.parameters },
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

function writeResults(
  outFolder: string,
  items: readonly Prepared[],
  journal: Journal,
  kind: FeatureKind,
  description: FeatureDescription,
): Pick<ExtractionSummary, 'files' | 'accepted' | 'rejected' | 'featuresHash'> {
  const at = (name: string): string => path.join(outFolder, name);
  const files = {
    features: at('features.npy'),
    index: at('index.csv'),
    rejected: at('rejected.csv'),
    axes: at('axes.json'),
    extraction: at('extraction.json'),
  };
  // Its presence says that the other files belong together.
  fs.rmSync(files.extraction, { force: true });
  const index: Record<string, string | number>[] = [];
  const rejected: { path: string; reason: string }[] = [];
  const contents: (string | undefined)[] = [];
  try {
    const writer = openNpyWriter(files.features, '<f4', [description.rowLength]);
    try {
      for (const { row, outcome, key } of items) {
        if (outcome === undefined || 'reason' in outcome || key === undefined) {
          rejected.push({
            path: row.path,
            reason: outcome !== undefined && 'reason' in outcome ? outcome.reason : '',
          });
          continue;
        }
        writer.append(journal.features(key));
        contents.push(key);
        index.push({
          path: row.path,
          label: row.label,
          group: row.group,
          excerpts: outcome.excerpts,
          analysed_s: outcome.analysedSeconds,
          longest_silence_s: Number(outcome.longestSilenceSeconds.toFixed(6)),
          row: index.length,
        });
      }
      writer.finish();
    } catch (error) {
      writer.abort();
      throw error;
    }
  } catch (error) {
    if (error instanceof StmLabError) throw error;
    throw inputError(
      `${files.features}: could not be written (${messageOf(error)}); free space and run again, finished recordings are kept`,
      error,
    );
  }
  writeCsv(
    files.index,
    ['path', 'label', 'group', 'excerpts', 'analysed_s', 'longest_silence_s', 'row'],
    index,
  );
  writeCsv(files.rejected, ['path', 'reason'], rejected);
  writeJson(files.axes, description.axes);
  const featuresHash = sha256File(files.features);
  writeJson(files.extraction, {
    features: kind,
    parameters: description.parameters,
    revision: description.revision,
    row_length: description.rowLength,
    versions: { 'stm-lab': packageVersion(), node: process.versions.node },
    accepted: index.length,
    rejected: rejected.length,
    sha256: {
      'features.npy': featuresHash,
      'index.csv': sha256File(files.index),
      'rejected.csv': sha256File(files.rejected),
      'axes.json': sha256File(files.axes),
      // Of the accepted recordings' contents and parameters, in order.
      recordings: sha256(contents),
    },
  });
  return { files, accepted: index.length, rejected, featuresHash };
}

function packageVersion(): string {
  const file = path.join(__dirname, '..', '..', '..', 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
