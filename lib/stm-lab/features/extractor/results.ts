import * as fs from 'node:fs';
import * as path from 'node:path';
import { uniqueCodes } from '../../base/codePoints';
import { writeCsv } from '../../base/csv';
import { inputError, messageOf, UserError } from 'research-basics/errors';
import { sha256, sha256File, writeJson } from 'research-basics/files';
import { openNpyWriter } from '../../base/npy';
import type { ManifestRow } from '../../corpus/types';
import type { Kept } from './analysers';
import { writeAxes } from './axesFile';
import { DECODING_FILE, outsideDecoder, writeDecodings, type Decoding } from './decoding';
import { DUPLICATES_FILE, duplicateSets, writeDuplicates } from './duplicates';
import type { FeatureDescription, FeatureKind } from './kinds';
import { isAccepted, type Accepted, type Outcome } from './messages';

/** Where the results of an extraction lie. */
export interface ResultFiles {
  readonly features: string;
  readonly index: string;
  readonly rejected: string;
  readonly axes: string;
  readonly extraction: string;
  /** Accepted recordings of the same bytes but another group or label; only where there are some. */
  readonly duplicates?: string;
  /** What FFmpeg decoded, and recordings with warnings; only where there are some. */
  readonly decoding?: string;
  /** One row per accepted excerpt, and which recording each belongs to: with `keep: 'excerpts'` only. */
  readonly excerpts?: { readonly features: string; readonly index: string };
}

/** A recording without features: `unusable` by its bytes, or `failed` by its surroundings. */
export interface RejectedRecording {
  readonly path: string;
  readonly label: string;
  readonly outcome: 'unusable' | 'failed';
  readonly reason: string;
}

/** What became of the recordings of one class. */
export interface ClassCount {
  readonly label: string;
  readonly listed: number;
  readonly accepted: number;
  readonly failed: number;
}

/** What the result files hold, in numbers. */
export interface Results {
  readonly files: ResultFiles;
  readonly accepted: number;
  /** Every other recording; those that failed are tried again on the next run. */
  readonly rejected: readonly RejectedRecording[];
  /** How many of them failed. */
  readonly failed: number;
  /** Accepted recordings that FFmpeg decoded or that have warnings. */
  readonly decodings: readonly Decoding[];
  /** SHA-256 of `features.npy`. */
  readonly featuresHash: string;
}

/** A recording whose outcome is known. */
export interface Finished {
  readonly row: ManifestRow;
  readonly outcome?: Outcome;
  /** Names its content and parameters, by which its features are kept. */
  readonly key?: string;
  /** SHA-256 of its bytes. */
  readonly hash?: string;
}

/** A recording with features. */
export interface AcceptedRecording {
  readonly row: ManifestRow;
  readonly outcome: Accepted;
  readonly key: string;
  readonly hash: string | undefined;
}

/** Programs whose version may change results. */
export type Versions = Readonly<Record<'stm-lab' | 'node', string>>;

/** What the results say of themselves. */
export interface ResultDescription {
  readonly kind: FeatureKind;
  readonly keep: Kept;
  readonly description: FeatureDescription;
  readonly versions: Versions;
}

/** A result file that could not be written ends the extraction; what was computed is kept. */
function guardWriting<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw inputError(
      `${file}: could not be written (${messageOf(error)}); free space and run again, finished recordings are kept`,
      error,
    );
  }
}

/**
 * Writes rows into an NPY file of its own, whole or not at all.
 *
 * @throws UserError (`input`) when the disk refuses; what `fill` throws otherwise.
 */
export function writeRows(
  file: string,
  rowLength: number,
  fill: (append: (row: Float32Array) => void) => void,
): void {
  guardWriting(file, () => {
    const writer = openNpyWriter(file, '<f4', [rowLength]);
    try {
      fill((row) => writer.append(row));
      writer.finish();
    } catch (error) {
      writer.abort();
      throw error;
    }
  });
}

/**
 * Writes the result files of `extractCorpus`, in manifest order.
 *
 * @param featuresOf features kept under a key: the recording's row and, with `excerpts` kept, those of its excerpts
 */
export function writeResults(
  outFolder: string,
  items: readonly Finished[],
  featuresOf: (key: string) => Float32Array,
  { kind, keep, description, versions }: ResultDescription,
): Results {
  const at = (name: string): string => path.join(outFolder, name);
  const files = {
    features: at('features.npy'),
    index: at('index.csv'),
    rejected: at('rejected.csv'),
    axes: at('axes.json'),
    extraction: at('extraction.json'),
  };
  const duplicatesFile = at(DUPLICATES_FILE);
  const decodingFile = at(DECODING_FILE);
  const excerptFiles = { features: at('excerpts.npy'), index: at('excerpts.csv') };
  // Its presence says that the other files belong together.
  fs.rmSync(files.extraction, { force: true });
  const accepted: AcceptedRecording[] = [];
  const rejected: RejectedRecording[] = [];
  for (const { row, outcome, key, hash } of items) {
    if (isAccepted(outcome) && key !== undefined) accepted.push({ row, outcome, key, hash });
    else if (outcome !== undefined && 'reason' in outcome) {
      const { kind: verdict, reason } = outcome;
      rejected.push({ path: row.path, label: row.label, outcome: verdict, reason });
    }
  }
  const failed = rejected.filter(({ outcome }) => outcome === 'failed').length;
  const { rowLength } = description;
  writeRows(files.features, rowLength, (append) =>
    accepted.forEach(({ key }) => append(featuresOf(key).subarray(0, rowLength))),
  );
  const hasCollections = accepted.some(({ row }) => row.collection !== undefined);
  writeCsv(
    files.index,
    [
      ...['path', 'label', 'group', 'excerpts', 'analysed_s', 'longest_silence_s', 'row'],
      ...(hasCollections ? ['collection'] : []),
    ],
    accepted.map(({ row, outcome }, i) => ({
      path: row.path,
      label: row.label,
      group: row.group,
      excerpts: outcome.excerpts,
      analysed_s: outcome.analysedSeconds,
      longest_silence_s: Number(outcome.longestSilenceSeconds.toFixed(6)),
      row: i,
      ...(hasCollections ? { collection: row.collection ?? '' } : {}),
    })),
  );
  writeCsv(
    files.rejected,
    ['path', 'reason', 'outcome', 'label'],
    rejected.map((row) => ({ ...row })),
  );
  const duplicates = duplicateSets(accepted);
  if (duplicates.length > 0) writeDuplicates(duplicatesFile, duplicates);
  else fs.rmSync(duplicatesFile, { force: true });
  const decodings = accepted.flatMap(({ row, outcome: { decoder = '', warnings = [] } }) =>
    outsideDecoder(decoder) !== undefined || warnings.length > 0
      ? [{ path: row.path, decoder, warnings }]
      : [],
  );
  if (decodings.length > 0) writeDecodings(decodingFile, decodings);
  else fs.rmSync(decodingFile, { force: true });
  writeAxes(files.axes, description.axes);
  if (keep === 'excerpts') {
    writeRows(excerptFiles.features, rowLength, (append) =>
      accepted.forEach(({ key, outcome }) => {
        const values = featuresOf(key);
        for (let e = 1; e <= outcome.excerpts; e++)
          append(values.subarray(e * rowLength, (e + 1) * rowLength));
      }),
    );
    writeCsv(
      excerptFiles.index,
      ['row', 'excerpt', 'start_s'],
      accepted.flatMap(({ outcome }, row) =>
        (outcome.excerptStarts ?? []).map((start, excerpt) => ({ row, excerpt, start_s: start })),
      ),
    );
  } else Object.values(excerptFiles).forEach((file) => fs.rmSync(file, { force: true }));
  const featuresHash = sha256File(files.features);
  writeJson(files.extraction, {
    features: kind,
    parameters: description.parameters,
    revision: description.revision,
    row_length: rowLength,
    versions,
    accepted: accepted.length,
    rejected: rejected.length,
    failed,
    classes: countClasses(items),
    sha256: {
      'features.npy': featuresHash,
      'index.csv': sha256File(files.index),
      'rejected.csv': sha256File(files.rejected),
      'axes.json': sha256File(files.axes),
      ...(duplicates.length > 0 ? { [DUPLICATES_FILE]: sha256File(duplicatesFile) } : {}),
      ...(keep === 'excerpts'
        ? {
            'excerpts.npy': sha256File(excerptFiles.features),
            'excerpts.csv': sha256File(excerptFiles.index),
          }
        : {}),
      ...(decodings.length > 0 ? { [DECODING_FILE]: sha256File(decodingFile) } : {}),
      // Of the accepted recordings' contents, parameters and outside decoders, in order.
      recordings: sha256(
        accepted.map(({ key, outcome }) => [key, outsideDecoder(outcome.decoder)].filter(Boolean).join(' ')),
      ),
    },
  });
  return {
    files: {
      ...files,
      ...(duplicates.length > 0 ? { duplicates: duplicatesFile } : {}),
      ...(decodings.length > 0 ? { decoding: decodingFile } : {}),
      ...(keep === 'excerpts' ? { excerpts: excerptFiles } : {}),
    },
    accepted: accepted.length,
    rejected,
    failed,
    decodings,
    featuresHash,
  };
}

/** Listed, accepted and failed recordings of each class, in code-point order. */
function countClasses(items: readonly Finished[]): ClassCount[] {
  const { values, codes } = uniqueCodes(items.map(({ row }) => row.label));
  const counts = values.map((label) => ({ label, listed: 0, accepted: 0, failed: 0 }));
  items.forEach(({ outcome }, i) => {
    const own = counts[codes[i]!]!;
    own.listed++;
    if (isAccepted(outcome)) own.accepted++;
    else if (outcome?.kind === 'failed') own.failed++;
  });
  return counts;
}

/** The versions of this process. */
export function currentVersions(): Versions {
  const file = path.join(__dirname, '..', '..', '..', 'package.json');
  const { version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string };
  return { 'stm-lab': version, node: process.versions.node };
}
