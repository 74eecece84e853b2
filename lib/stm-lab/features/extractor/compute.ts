import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { rawPcmFromColumns } from '../../audio';
import { inputError, messageOf, UserError } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import { sha256 } from 'research-basics/files';
import { acquireLock } from 'research-basics/lock';
import type { ManifestRow } from '../../corpus/types';
import type { Kept } from './analysers';
import type { EmbeddingModel } from '../embedding';
import { openJournal, type Journal } from './journal';
import {
  describeFeatures,
  featureKind,
  type FeatureDescription,
  type FeatureKind,
  type FeatureParameters,
} from './kinds';
import { isAccepted, isFailed, type Job, type Outcome } from './messages';
import { runPool } from './pool';
import { fileStamp } from './stamp';

/** How far an extraction is. */
export interface ExtractionProgress {
  readonly filesTotal: number;
  /** Finished files: reused, rejected and failed ones included. */
  readonly filesDone: number;
  /** Files whose result was kept from an earlier run. */
  readonly filesReused: number;
  /** Files that are unusable by their bytes. */
  readonly filesRejected: number;
  /** Files that could not be worked on; they are tried again on the next run. */
  readonly filesFailed: number;
  /** Hours of audio looked at in this run. */
  readonly audioHours: number;
  /** Audio looked at per time spent, in this run; 0 before the first file. */
  readonly timesRealTime: number;
  /** Seconds left at the present pace; NaN before the first file. */
  readonly etaSeconds: number;
}

/** What every extraction is given, besides its recordings. */
export interface ExtractionOptions {
  /** Folder for the results and for the finished work kept between runs. */
  readonly outFolder: string;
  /** Default `stm`. */
  readonly features?: FeatureKind | undefined;
  /** Parameters that differ from the published ones. */
  readonly parameters?: Partial<FeatureParameters> | undefined;
  /** Of embedding features: the model. Its `hash` enters every cache key, its place does not. */
  readonly embedding?: EmbeddingModel | undefined;
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

/** A recording on its way through an extraction. */
export interface Prepared {
  readonly row: ManifestRow;
  readonly job?: Job;
  /** Everything but the content that the result depends on. */
  readonly recipe: string;
  /** Set once the recording is finished. */
  outcome?: Outcome;
  key?: string;
  /** SHA-256 of its bytes, once known. */
  hash?: string;
}

/** What is made of each recording. */
export interface Recipe {
  readonly kind: FeatureKind;
  readonly keep: Kept;
  readonly description: FeatureDescription;
  readonly embedding?: EmbeddingModel | undefined;
}

/**
 * The recipe of an extraction.
 *
 * @throws UserError (`input`) for excerpts of features that have none.
 */
export function recipeOf({
  features: kind = 'stm',
  keep = 'mean',
  parameters,
  embedding,
}: Pick<ExtractionOptions, 'features' | 'keep' | 'parameters' | 'embedding'>): Recipe {
  if (keep === 'excerpts' && !featureKind(kind).hasExcerpts)
    throw inputError(
      `${kind} features take one excerpt per recording, so there are none to keep; leave out --keep excerpts`,
    );
  const own = embedding === undefined ? parameters : { ...parameters, hash: embedding.hash };
  return { kind, keep, description: describeFeatures(kind, own, embedding), embedding };
}

/**
 * Everything but the content that a recording's features depend on, as text.
 *
 * @throws UserError (`input`) for a declared format that makes no sense.
 */
export function recipeText({ file, startSeconds, extra }: ManifestRow, recipe: Recipe): string {
  const { kind, keep, description } = recipe;
  const { parameters, revision } = description;
  const raw = rawPcmFromColumns(file, extra) ?? null;
  const more = keep === 'excerpts' ? { keep } : {};
  return canonicalJson({ kind, parameters, revision, startSeconds, raw, ...more });
}

function prepare(row: ManifestRow, index: number, recipe: Recipe): Prepared {
  const { file, startSeconds } = row;
  try {
    const job: Job = { row: index, file, startSeconds, raw: rawPcmFromColumns(file, row.extra) };
    return { row, job, recipe: recipeText(row, recipe) };
  } catch (error) {
    return {
      row,
      recipe: '',
      outcome: { kind: 'unusable', reason: messageOf(error).replace(`${file}: `, '') },
    };
  }
}

/** Finished recordings, where their features are kept, and what it took. */
export interface Extracted {
  readonly items: readonly Prepared[];
  readonly journal: Journal;
  readonly recipe: Recipe;
  readonly tally: Tally;
}

/** What was done in one run. */
export interface Tally {
  /** Recordings computed in this run, and kept from earlier ones. */
  readonly computed: number;
  readonly reused: number;
  readonly audioHours: number;
}

/**
 * Locks the output folder, extracts what its journal does not hold yet, and hands everything to `finish`, which writes
 * the results under the same lock.
 *
 * @throws UserError: `input` when the folder is in use or cannot be written, `interrupted` on `signal`.
 */
export async function runExtraction<T>(
  rows: readonly ManifestRow[],
  options: ExtractionOptions,
  finish: (extracted: Extracted) => T,
): Promise<T> {
  const { outFolder, signal } = options;
  const workers = options.workers ?? availableParallelism();
  if (!Number.isInteger(workers) || workers < 1)
    throw inputError(`workers ${workers}: must be a whole number from 1`);
  const recipe = recipeOf(options);
  const lock = acquireLock(path.join(outFolder, '.lock'), outFolder);
  let journal: Journal | undefined;
  try {
    journal = openJournal(path.join(outFolder, '.work'), recipe.description.rowLength);
    const items = rows.map((row, index) => prepare(row, index, recipe));
    const tally = await computeMissing(items, journal, options, recipe, workers);
    return finish({ items, journal, recipe, tally });
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason)
      throw new UserError(
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

const keyOf = (hash: string, recipe: string): string => sha256({ hash, recipe });

async function computeMissing(
  items: Prepared[],
  journal: Journal,
  { onProgress, signal }: ExtractionOptions,
  { kind, keep, description, embedding }: Recipe,
  workers: number,
): Promise<Tally> {
  const began = performance.now();
  let reused = 0;
  let done = 0;
  let computed = 0;
  let rejected = 0;
  let failed = 0;
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
      filesFailed: failed,
      audioHours: audioSeconds / 3600,
      timesRealTime: audioSeconds / seconds,
      etaSeconds: computed === 0 ? NaN : (seconds / computed) * (items.length - done),
    });
  };
  const settle = (item: Prepared, outcome: Outcome, key?: string): void => {
    item.outcome = outcome;
    if (key !== undefined) item.key = key;
    done++;
    if (isFailed(outcome)) failed++;
    else if (!isAccepted(outcome)) rejected++;
    report('due');
  };
  const reuse = (item: Prepared, hash: string): boolean => {
    const key = keyOf(hash, item.recipe);
    const outcome = journal.find(key);
    item.hash = hash;
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
  if (waiting.length > 0) {
    // A model that cannot be used is reported once, not by every worker.
    if (embedding !== undefined) await featureKind(kind).prepare(description.parameters, keep, embedding);
    await runPool(
      Math.min(workers, waiting.length),
      { features: kind, keep, parameters: description.parameters, embedding },
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
          computed++;
          if (isFailed(outcome)) return settle(item, outcome);
          const key = keyOf(hash, item.recipe);
          journal.add({ key, hash, stamp, outcome, ...(features === undefined ? {} : { features }) });
          audioSeconds += scannedSeconds;
          settle(item, outcome, key);
        },
        onFailure(job, reason) {
          computed++;
          settle(items[job.row]!, { kind: 'failed', reason });
        },
      },
      signal,
    );
  }
  report('now');
  return { computed, reused, audioHours: audioSeconds / 3600 };
}
