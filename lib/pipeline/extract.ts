import * as path from 'node:path';
import { readManifest } from '../corpus';
import type { Manifest } from '../corpus';
import { readJson, sha256, writeJson } from '../base/files';
import { extractCorpus, type ExtractionProgress, type ExtractionSummary } from '../features';
import type { Run } from '../tracking';
import { flattenParameters, trackedRun, type StageContext, type TrackedRunRequest } from './context';
import type { Experiment } from './experiment';

/** Which features, and what is kept of a recording. */
export type ExtractedFeatures = Experiment['features'] & {
  /** Of mel features: `power` (default, as published) or `decibel`. */
  readonly scale?: 'power' | 'decibel';
  /** `excerpts`: also the features of every excerpt, for poolings over them. Default `mean`. */
  readonly keep?: 'mean' | 'excerpts';
};

/** What `extractStage` reads and writes. */
export interface ExtractStageOptions {
  /** Path of a manifest, or one that was read already. */
  readonly manifest: string | Manifest;
  readonly out: string;
  readonly features: ExtractedFeatures;
  /** Worker threads; default: all cores. */
  readonly workers?: number | undefined;
}

/** Outcome of an extraction. */
export interface ExtractSummary {
  /** `kept` when every recording had been extracted before. */
  readonly status: 'computed' | 'kept';
  readonly folder: string;
  readonly accepted: number;
  readonly rejected: readonly { readonly path: string; readonly reason: string }[];
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

/** Progress as one line: files, hours, speed, time left. */
export function extractionLine(progress: ExtractionProgress): string {
  const { filesDone, filesTotal, audioHours, timesRealTime, etaSeconds } = progress;
  const eta = Number.isFinite(etaSeconds) ? `, ${durationText(etaSeconds)} left` : '';
  return `extract: ${filesDone} of ${filesTotal} files, ${audioHours.toFixed(2)} h, ${timesRealTime.toFixed(0)} x real time${eta}`;
}

function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * Extracts the features of every recording of a manifest (see `extractCorpus` for the files). Lines that
 * cannot be used are told to `context.warn` and counted as rejected; the rest goes on.
 *
 * @throws StmLabError (`input`) where nothing can go on.
 */
export async function extractStage(
  options: ExtractStageOptions,
  context: StageContext = {},
): Promise<ExtractSummary> {
  const { out, features } = options;
  const manifest =
    typeof options.manifest === 'string'
      ? readManifest(options.manifest, { purpose: 'extraction' })
      : options.manifest;
  manifest.warnings.forEach((warning) => context.warn?.(`${manifest.file}: ${warning}`));
  manifest.problems.forEach(({ line, path: recording, reason }) =>
    context.warn?.(`${manifest.file} line ${line}${recording === '' ? '' : ` (${recording})`}: ${reason}`),
  );
  const key = sha256({ manifest: manifest.hash, features });
  const memory = path.join(out, 'stage.json');
  const earlier = rememberedIn(memory);
  const work = async (run: Run | undefined): Promise<ExtractSummary> => {
    const summary = await extractCorpus({
      rows: manifest.rows,
      outFolder: out,
      features: features.kind,
      parameters: {
        ...(features.channels === undefined ? {} : { channels: features.channels }),
        ...(features.scale === undefined ? {} : { scale: features.scale }),
      },
      keep: features.keep,
      workers: options.workers,
      signal: context.signal,
      onProgress: (progress) => context.progress?.(extractionLine(progress)),
    });
    summary.rejected.forEach(({ path: recording, reason }) =>
      context.warn?.(`rejected ${recording}: ${reason}`),
    );
    writeJson(memory, { key, featuresHash: summary.featuresHash } satisfies Remembered);
    run?.setTags({ 'stm.features': summary.featuresHash });
    run?.logDataset({
      name: path.basename(path.dirname(manifest.file)),
      digest: manifest.hash.slice(0, 8),
      source: path.basename(manifest.file),
      context: 'extraction',
      profile: {
        recordings: manifest.rows.length,
        accepted: summary.accepted,
        rejected: summary.rejected.length,
      },
    });
    run?.logMetrics(extractionMetrics(summary));
    const { index, rejected: rejectedFile, axes, extraction } = summary.files;
    for (const file of [index, rejectedFile, axes, extraction]) run?.logArtifact(file);
    const { accepted, rejected, computed, reused, audioHours, seconds, featuresHash } = summary;
    const status = computed === 0 && earlier?.featuresHash === featuresHash ? 'kept' : 'computed';
    return { status, folder: out, accepted, rejected, computed, reused, audioHours, seconds, featuresHash };
  };
  if (earlier?.key === key) return work(undefined);
  const request: TrackedRunRequest = {
    name: 'extract',
    key: `extract-${key.slice(0, 16)}`,
    params: flattenParameters({ features, recordings: manifest.rows.length }),
    tags: { 'stm.stage': 'extract', 'stm.manifest': manifest.hash },
  };
  return trackedRun(context, request, work);
}

function extractionMetrics(summary: ExtractionSummary): Record<string, number> {
  const { accepted, rejected, computed, audioHours, seconds } = summary;
  return {
    accepted,
    rejected: rejected.length,
    computed,
    audio_hours: audioHours,
    seconds,
    ...(computed === 0 ? {} : { times_real_time: (3600 * audioHours) / seconds }),
  };
}

function rememberedIn(file: string): Remembered | undefined {
  try {
    return readJson<Remembered>(file);
  } catch {
    return undefined;
  }
}
