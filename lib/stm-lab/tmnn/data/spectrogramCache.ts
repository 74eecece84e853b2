import * as fs from 'node:fs';
import * as path from 'node:path';
import { cacheSound, type CachedSound, designResampler, readAudio, readSamples, resample } from '../../audio';
import { inputError, UserError } from 'research-basics/errors';
import { sha256, sha256File } from 'research-basics/files';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { openNpyRows } from '../../base/npyRows';
import { writeNpy } from '../../base/npy';
import { type Analysis, createPowerSpectrogram, frameCount } from '../../features/spectrogram';
import { readsWaveform, type TmnnSpec } from '../spec';

/** Raised when what is stored for the same recording changes. */
const CACHE_FORMAT = 1;

/** Power spectrograms of clips, or the clips themselves as frames of one sample, read in parts. */
export interface SpectrogramSource {
  readonly clips: number;
  readonly bins: number;
  frames(clip: number): number;
  /** Frames `from` .. `from + count` - 1 of a clip into `target` (count x bins). */
  read(clip: number, from: number, count: number, target: Float32Array): void;
  /** Where segments are cut from the waveform: `from` then counts samples, and may lie before a short clip's begin. */
  readonly waveform?: {
    samples(clip: number): number;
    /** Samples of a segment. */
    readonly segment: number;
  };
}

/**
 * Segments cut from waveforms, their ends reflected as those of a recording of their own; zeros around a clip shorter than
 * a segment. The spectrogram of each is computed when it is read.
 *
 * @param segment samples of a segment.
 */
export async function waveformSource(
  clips: readonly CachedSound[],
  analysis: Analysis,
  segment: number,
): Promise<SpectrogramSource> {
  const kernel = await createPowerSpectrogram(analysis);
  const bins = analysis.fftLength / 2 + 1;
  return {
    clips: clips.length,
    bins,
    frames: () => frameCount(segment, analysis),
    waveform: { samples: (clip) => clips[clip]!.samples, segment },
    read: (clip, from, count, target) => {
      const samples = new Float32Array(segment);
      const lead = Math.max(0, -from);
      samples.set(
        readSamples(clips[clip]!, Math.max(0, from), Math.min(segment - lead, clips[clip]!.samples)),
        lead,
      );
      target.set(kernel.compute(samples).subarray(0, count * bins));
    },
  };
}

/**
 * The samples of clips, as frames of one number. A clip shorter than a segment lies in zeros as long as one: in their middle for
 * `spectrograms`, anywhere in training for `waveforms` (see `SpectrogramSource.waveform`).
 *
 * @param segment samples of a segment.
 */
export function sampleSource(
  clips: readonly CachedSound[],
  segment: number,
  cutAs: 'spectrograms' | 'waveforms',
): SpectrogramSource {
  const samplesOf = (clip: number): number => clips[clip]!.samples;
  return {
    clips: clips.length,
    bins: 1,
    frames: (clip) => Math.max(samplesOf(clip), segment),
    ...(cutAs === 'waveforms' ? { waveform: { samples: samplesOf, segment } } : {}),
    read: (clip, from, count, target) => {
      const room = Math.max(0, segment - samplesOf(clip));
      const first = cutAs === 'waveforms' ? from : from - Math.floor(room / 2);
      const lead = Math.max(0, -first);
      target.fill(0);
      target.set(readSamples(clips[clip]!, Math.max(0, first), count - lead), lead);
    },
  };
}

/** Decoded recordings (see `cacheSound`), or why there is none. */
export async function cacheWaveforms(
  folder: string,
  files: readonly string[],
  { analysis, signal, progress }: CacheOptions,
): Promise<(CachedSound | { readonly file: undefined; readonly reason: string })[]> {
  const results: (CachedSound | { readonly file: undefined; readonly reason: string })[] = [];
  for (const file of files) {
    results.push(await orReason(() => cacheSound(folder, file, analysis.sampleRate, signal)));
    progress?.(results.length, files.length);
  }
  return results;
}

/** What was computed, or why its input could not be used. */
async function orReason<T>(
  compute: () => Promise<T>,
): Promise<T | { readonly file: undefined; readonly reason: string }> {
  try {
    return await compute();
  } catch (error) {
    if (!(error instanceof UserError && error.kind === 'input')) throw error;
    return { file: undefined, reason: error.message };
  }
}

/** Spectrograms in memory: one array (frames x bins) a clip. */
export function memorySource(spectrograms: readonly Float32Array[], bins: number): SpectrogramSource {
  return {
    clips: spectrograms.length,
    bins,
    frames: (clip) => spectrograms[clip]!.length / bins,
    read: (clip, from, count, target) =>
      target.set(spectrograms[clip]!.subarray(from * bins, (from + count) * bins)),
  };
}

/** Options of `cacheSpectrograms`. */
export interface CacheOptions {
  readonly analysis: Analysis;
  /** Shorter clips are extended to so many samples with zeros, half before and half behind. */
  readonly minSamples: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each clip. */
  readonly progress?: (done: number, total: number) => void;
}

/** Where a clip's spectrogram is. */
export interface CachedSpectrogram {
  readonly file: string;
  readonly frames: number;
  readonly hash: string;
}

/** Where a clip's spectrogram is, or why there is none. */
export type CachedClip = CachedSpectrogram | { readonly file: undefined; readonly reason: string };

/**
 * Computes the power spectrogram of every recording once: `<folder>/ab/ab12….npy` (frames x bins, float32), named by
 * the content of the recording and the analysis, so that a moved file is found again and a changed one computed again.
 * A recording that cannot be read becomes a reason, and the rest continues.
 *
 * @throws UserError (other kinds than `input`) when the environment fails.
 */
export async function cacheSpectrograms(
  folder: string,
  files: readonly string[],
  options: CacheOptions,
): Promise<CachedClip[]> {
  const { analysis, minSamples, signal, progress } = options;
  const kernel = await createPowerSpectrogram(analysis);
  const results: CachedClip[] = [];
  const pace = createPace(signal, 'computing spectrograms');
  for (const file of files) {
    await pace();
    const found = await orReason(async () => {
      const hash = sha256({ format: CACHE_FORMAT, analysis, minSamples, content: sha256File(file) });
      const target = path.join(folder, hash.slice(0, 2), `${hash}.npy`);
      if (!fs.existsSync(target)) {
        const { samples, sampleRate } = await readAudio(file);
        const resampler = designResampler(sampleRate, analysis.sampleRate);
        const wrong = firstNotFinite(samples);
        if (wrong >= 0)
          throw inputError(
            `${file}: sample ${wrong} is ${samples[wrong]}; repair the recording or leave it out`,
          );
        const power = kernel.compute(extended(resample(samples, resampler), minSamples));
        const bins = analysis.fftLength / 2 + 1;
        writeNpy(target, { shape: [power.length / bins, bins], data: power });
      }
      return { file: target, frames: framesOf(target), hash };
    });
    results.push(found);
    progress?.(results.length, files.length);
  }
  return results;
}

function framesOf(file: string): number {
  const rows = openNpyRows(file);
  rows.close();
  return rows.rows;
}

function extended(samples: Float32Array, length: number): Float32Array {
  if (samples.length >= length) return samples;
  const longer = new Float32Array(length);
  longer.set(samples, Math.floor((length - samples.length) / 2));
  return longer;
}

/**
 * Spectrograms that `cacheSpectrograms` left, opened again for each read: tens of thousands may be in use.
 *
 * @throws UserError (`input`) from the source, for a file of another number of bins.
 */
export function fileSource(
  clips: readonly { readonly file: string; readonly frames: number }[],
  { fftLength }: Analysis,
): SpectrogramSource {
  const bins = fftLength / 2 + 1;
  return {
    clips: clips.length,
    bins,
    frames: (clip) => clips[clip]!.frames,
    read: (clip, from, count, target) => {
      const rows = openNpyRows(clips[clip]!.file);
      try {
        if (rows.columns !== bins)
          throw inputError(`${rows.source}: has ${rows.columns} bins, ${bins} are expected; delete it`);
        rows.readRows(from, from + count, target);
      } finally {
        rows.close();
      }
    },
  };
}

/** Frames of a segment of this many seconds, or its samples where the network reads waveforms. */
export function segmentSteps(seconds: number, spec: Pick<TmnnSpec, 'frontEnd' | 'analysis'>): number {
  return readsWaveform(spec)
    ? Math.round(seconds * spec.analysis.sampleRate)
    : segmentFrames(seconds, spec.analysis);
}

/** Frames of a segment of this many seconds. */
export function segmentFrames(seconds: number, analysis: Analysis): number {
  return frameCount(Math.round(seconds * analysis.sampleRate), analysis);
}
