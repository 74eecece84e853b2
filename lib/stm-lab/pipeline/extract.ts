import * as fs from 'node:fs';
import * as path from 'node:path';
import { readManifest, showPath } from '../corpus';
import type { Manifest } from '../corpus';
import { durationText } from 'research-basics/duration';
import { readJson, sha256, sha256File, writeJson } from 'research-basics/files';
import {
  extractCorpus,
  type ExtractionProgress,
  duplicateWarning,
  readDuplicates,
  type ExtractionSummary,
  type RejectedRecording,
  type Results,
} from '../features';
import type { Run } from 'mlflow-tracking-client';
import { flattenParameters, trackedRun, type StageContext, type TrackedRunRequest } from '../stages/context';
import { datasetOfManifest } from '../stages/dataset';
import { warnMany } from '../stages/warnMany';
import { extractionSettings, featureOptions, type ExtractedFeatures } from './featureSettings';
import { measureCost } from './extractionCost';
import { tellOfLosses } from './classLosses';
import { silenceSeconds } from './silenceLimit';

/** What `extractStage` reads and writes. */
export interface ExtractStageOptions {
  /** Path of a manifest, or one that was read already. */
  readonly manifest: string | Manifest;
  readonly out: string;
  /** Where recordings may lie; see `readManifest`. Default `anywhere`. */
  readonly paths?: 'anywhere' | 'inside' | undefined;
  /** Column of the manifest that names collections; see `readManifest`. */
  readonly collection?: string | undefined;
  readonly features: ExtractedFeatures;
  /** Worker threads; default: all cores. */
  readonly workers?: number | undefined;
}

/** Outcome of an extraction. */
export interface ExtractSummary {
  /** `cached` when every recording had been extracted before. */
  readonly status: 'computed' | 'cached';
  readonly folder: string;
  readonly accepted: number;
  /** Every other recording; `failed` ones are tried again on the next run. */
  readonly rejected: readonly RejectedRecording[];
  /** How many failed; lines of the manifest whose file could not be asked for are counted too. */
  readonly failed: number;
  readonly computed: number;
  readonly reused: number;
  readonly audioHours: number;
  readonly seconds: number;
  readonly featuresHash: string;
}

interface Remembered {
  readonly key: string;
  readonly featuresHash: string;
}

/** Progress as one line: files, hours, speed, failures, time left. */
export function extractionLine(progress: ExtractionProgress): string {
  const { filesDone, filesTotal, filesFailed, audioHours, timesRealTime, etaSeconds } = progress;
  const failed = filesFailed === 0 ? '' : `, ${filesFailed} failed`;
  const eta = Number.isFinite(etaSeconds) ? `, ${durationText(etaSeconds)} left` : '';
  return `extract: ${filesDone} of ${filesTotal} files, ${audioHours.toFixed(2)} h, ${timesRealTime.toFixed(0)} x real time${failed}${eta}`;
}

/**
 * Extracts the features of every recording of a manifest (see `extractCorpus` for the files). Lines that
 * cannot be used are reported to `context.warn` and counted as rejected; the others continue. While recordings failed
 * (see `failed`) the extraction counts as unfinished: calling this again tries them again.
 *
 * @throws UserError (`input`) where nothing can continue.
 */
export async function extractStage(
  options: ExtractStageOptions,
  context: StageContext = {},
): Promise<ExtractSummary> {
  const { out, features } = options;
  const manifest =
    typeof options.manifest === 'string'
      ? readManifest(options.manifest, {
          purpose: 'extraction',
          paths: options.paths ?? 'anywhere',
          collection: options.collection,
        })
      : options.manifest;
  tellOfManifest(manifest, context);
  const request = extractionRun(manifest, features);
  const earlier = rememberedExtraction(out);
  const work = async (run: Run | undefined): Promise<ExtractSummary> => {
    const summary = await measureCost(out, () =>
      extractCorpus({
        rows: manifest.rows,
        ...featureOptions(features),
        outFolder: out,
        workers: options.workers,
        signal: context.signal,
        onProgress: (progress) => context.progress?.(extractionLine(progress)),
      }),
    );
    recordExtraction({ out, manifest, features, results: summary }, context, run);
    run?.logMetrics(extractionMetrics(summary));
    const { accepted, rejected, computed, reused, audioHours, seconds, featuresHash } = summary;
    const status = computed === 0 && earlier?.featuresHash === featuresHash ? 'cached' : 'computed';
    const failed = summary.failed + unreachable(manifest);
    const counts = { accepted, rejected, failed, computed, reused, audioHours, seconds };
    return { status, folder: out, ...counts, featuresHash };
  };
  return earlier?.key === extractionKey(manifest, features)
    ? work(undefined)
    : trackedRun(context, request, work);
}

/** Lines whose recording the system did not let us look for. */
const unreachable = ({ problems }: Manifest): number =>
  problems.filter(({ cause }) => cause === 'environment').length;

/** Accepted, rejected and failed recordings in words. */
export function outcomeText({
  accepted,
  rejected,
  failed,
}: {
  readonly accepted: number;
  readonly rejected: readonly RejectedRecording[];
  readonly failed: number;
}): string {
  const unusable = rejected.filter(({ outcome }) => outcome === 'unusable').length;
  return `${accepted} accepted, ${unusable} rejected${failed === 0 ? '' : `, ${failed} FAILED: run again to retry them`}`;
}

/** Tells the reader what is odd about a manifest. */
export function tellOfManifest(manifest: Manifest, context: Pick<StageContext, 'warn'>): void {
  manifest.warnings.forEach((warning) => context.warn?.(`${manifest.file}: ${warning}`));
  warnMany(
    manifest.problems.map(({ line, path: recording, reason }) => {
      const about = `line ${line}${recording === '' ? '' : ` (${showPath(recording)})`}`;
      return { about, reason, text: `${manifest.file} ${about}: ${reason}` };
    }),
    context.warn,
  );
}

/** Equal keys, equal request. */
export function extractionKey(manifest: Manifest, features: ExtractedFeatures): string {
  const { maxSilenceSeconds, ...others } = features;
  const hash = featureOptions(features).embedding?.hash;
  const seconds = silenceSeconds(maxSilenceSeconds);
  // What is left at its default stays out of the key of earlier extractions.
  const more = {
    ...(seconds === undefined ? {} : { maxSilenceSeconds: seconds }),
    ...(hash === undefined ? {} : { model: hash }),
  };
  return sha256({ manifest: manifest.hash, features: { ...others, ...more } });
}

/** The run of an extraction. */
export function extractionRun(manifest: Manifest, features: ExtractedFeatures): TrackedRunRequest {
  return {
    name: 'extract',
    key: `extract-${extractionKey(manifest, features).slice(0, 16)}`,
    params: flattenParameters({ features }),
    tags: {
      'stm.stage': 'extract',
      'stm.manifest': manifest.hash,
      'stm.settings': sha256(extractionSettings(features)),
    },
  };
}

/** Remembers an extraction that is finished, in its folder and its run, and names what was rejected. */
export function recordExtraction(
  {
    out,
    manifest,
    features,
    results,
  }: {
    readonly out: string;
    readonly manifest: Manifest;
    readonly features: ExtractedFeatures;
    readonly results: Results;
  },
  context: Pick<StageContext, 'warn'>,
  run: Run | undefined,
): void {
  const { accepted, rejected, failed, decodings, featuresHash, files } = results;
  for (const kind of ['failed', 'unusable'] as const)
    warnMany(
      rejected
        .filter(({ outcome }) => outcome === kind)
        .map(({ path: recording, reason }) => {
          const about = showPath(recording);
          return { about, reason, text: `${kind === 'failed' ? 'FAILED' : 'rejected'} ${about}: ${reason}` };
        }),
      context.warn,
      files.rejected,
    );
  warnMany(
    decodings
      .filter(({ warnings }) => warnings.length > 0)
      .map(({ path: recording, warnings }) => ({ about: recording, reason: warnings.join('; ') })),
    context.warn,
    files.decoding,
  );
  const duplicates = duplicateWarning(readDuplicates(out));
  if (duplicates !== undefined) context.warn?.(duplicates);
  tellOfLosses(out, context);
  const record = path.join(out, 'stage.json');
  // What failed is tried again in the same run of the tracking.
  if (failed > 0) fs.rmSync(record, { force: true });
  else writeJson(record, { key: extractionKey(manifest, features), featuresHash } satisfies Remembered);
  run?.setTags({ 'stm.features': featuresHash, 'stm.index': sha256File(files.index) });
  run?.logDataset({
    ...datasetOfManifest(manifest),
    context: 'extraction',
    profile: { recordings: accepted + rejected.length, accepted, rejected: rejected.length },
  });
  for (const file of [
    files.index,
    files.rejected,
    files.axes,
    files.extraction,
    files.duplicates,
    files.decoding,
  ])
    if (file !== undefined) run?.logArtifact(file);
}

function extractionMetrics(summary: ExtractionSummary): Record<string, number> {
  const { accepted, rejected, failed, computed, audioHours, seconds } = summary;
  return {
    recordings: accepted + rejected.length,
    accepted,
    rejected: rejected.length,
    failed,
    computed,
    audio_hours: audioHours,
    seconds,
    ...(computed === 0 ? {} : { times_real_time: (3600 * audioHours) / seconds }),
  };
}

/** What a folder remembers of the extraction that filled it. */
function rememberedExtraction(out: string): Remembered | undefined {
  try {
    return readJson<Remembered>(path.join(out, 'stage.json'));
  } catch {
    return undefined;
  }
}
