import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import type { CachedSound } from '../../audio';
import type { ClipCollection } from '../../corpus';
import type { StageContext } from '../../stages/context';
import {
  cacheSpectrograms,
  cacheWaveforms,
  type CachedSpectrogram,
  fileSource,
  readsWaveform,
  sampleSource,
  type SpectrogramSource,
  type TmnnSpec,
  waveformSource,
} from '..';
import { collectClips } from './collection';
import { systemSpec, type TmnnExperiment } from './experiment';

/** What networks read. */
export type TmnnInput = 'spectrograms' | 'samples';

/** Clips as the networks read them: what a study's systems need. */
export type ClipSources = Readonly<Partial<Record<TmnnInput, SpectrogramSource>>>;

/** A collection whose spectrograms or waveforms are in place. */
export interface ReadyCollection {
  readonly collection: ClipCollection;
  readonly sources: ClipSources;
  /** Hash of all recordings, labels and parts. */
  readonly hash: string;
}

/** What a network reads. */
export function inputOf(spec: Pick<TmnnSpec, 'frontEnd'>): TmnnInput {
  return readsWaveform(spec) ? 'samples' : 'spectrograms';
}

/** The clips as a network reads them. */
export function sourceFor(sources: ClipSources, spec: Pick<TmnnSpec, 'frontEnd'>): SpectrogramSource {
  return sources[inputOf(spec)]!;
}

/** What `readyCollections` reads and writes. */
export interface ReadyOptions {
  readonly experiment: TmnnExperiment;
  /** Folder of the collection, or the manifest. */
  readonly root: string;
  readonly out: string;
  /** Where power spectrograms and decoded waveforms are kept; default `<out>/spectrograms`. */
  readonly cache?: string;
  /** What networks read; default what the experiment's systems do. */
  readonly inputs?: readonly TmnnInput[];
}

type Stored = CachedSpectrogram | CachedSound;

/**
 * The experiment's clips as each seed parts them, their spectrograms computed and their waveforms decoded once.
 *
 * @throws UserError (`input`) when no recording can be read.
 */
export async function readyCollections(
  { experiment, root, out, cache = path.join(out, 'spectrograms'), inputs }: ReadyOptions,
  context: StageContext,
): Promise<ReadyCollection[]> {
  const specs = experiment.systems.map((system) => systemSpec(experiment, system, 1));
  const { analysis } = specs[0]!;
  const needed = new Set(inputs ?? specs.map(inputOf));
  const { segments = 'spectrograms' } = experiment.data;
  const isCut = segments === 'waveforms';
  const collections = experiment.seeds.map((seed) => collectClips(experiment, root, seed));
  const files = [...new Set(collections.flatMap(({ clips }) => clips.map(({ file }) => file)))];
  const segment = Math.round(experiment.segmentSeconds * analysis.sampleRate);
  const options = {
    analysis,
    minSamples: segment,
    signal: context.signal,
    progress: (done: number, total: number) => {
      if (done % 100 === 0) context.progress?.(`tmnn: recording ${done} of ${total}`);
    },
  };
  const decoded = isCut || needed.has('samples') ? await cacheWaveforms(cache, files, options) : undefined;
  const computed =
    !isCut && needed.has('spectrograms') ? await cacheSpectrograms(cache, files, options) : undefined;
  const all = [computed, decoded].flatMap((cached) => (cached === undefined ? [] : [cached]));
  const main = all[0]!;
  const unreadable = [
    ...new Set(
      all.flatMap((cached) => cached.flatMap((one) => (one.file === undefined ? [one.reason] : []))),
    ),
  ];
  unreadable.forEach((reason) => context.warn?.(reason));
  const row = new Map(files.map((file, i) => [file, i]));
  return Promise.all(
    collections.map(async (collection) => {
      const found = collection.clips.filter(({ file }) =>
        all.every((cached) => cached[row.get(file)!]!.file !== undefined),
      );
      if (found.length === 0) throw inputError(`${root}: none of its recordings can be read`);
      const storedOf = <S extends Stored>(cached: readonly (S | { readonly file: undefined })[]): S[] =>
        found.map(({ file }) => cached[row.get(file)!] as S);
      const waveforms = decoded && storedOf<CachedSound>(decoded);
      const spectrograms =
        computed !== undefined
          ? fileSource(storedOf<CachedSpectrogram>(computed), analysis)
          : needed.has('spectrograms')
            ? await waveformSource(waveforms!, analysis, segment)
            : undefined;
      const samples = needed.has('samples') ? sampleSource(waveforms!, segment, segments) : undefined;
      const stored = storedOf<Stored>(main);
      return {
        collection: { ...collection, clips: found, notes: [...collection.notes, ...unreadable] },
        sources: {
          ...(spectrograms === undefined ? {} : { spectrograms }),
          ...(samples === undefined ? {} : { samples }),
        },
        hash: sha256(
          found.map(({ name, group, outputs, part }, i) => [name, group, outputs, part, stored[i]!.hash]),
        ),
      };
    }),
  );
}
