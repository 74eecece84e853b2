import { deriveSeed } from 'research-basics/random/seeds';
import { concatenate } from '../../base/concatenate';
import { bandsPerOctave, createLogMel, frameRate, type LogMelParameters } from '../../features/mel/logMel';
import { createSceneNetwork, type SceneNetworkOptions } from '../networks';
import { logMelScale, selectSounds, standardise, storedSounds, type SoundSet } from '../soundSet';
import { predictStrf, type StrfValues } from '../predict';
import type { TrainingRecord } from '../train';
import { mixedAndMasked } from './augment';
import { developmentOf, developmentOutcome, epochRemark, holdOut } from './development';
import { sceneScorer } from './sceneScores';
import { readScenes, type SceneSet, type TagLevels } from './scenes';
import { contentHash, samplesFor, soundAt } from './sounds';
import {
  foldContext,
  sizedLayer,
  withTrained,
  type PreparedTask,
  type TaskExtras,
  type TaskSettings,
} from './task';

/** Settings of the scene task. */
export interface UrbanSettings extends TaskSettings, Pick<SceneNetworkOptions, 'dropout' | 'mapDropout'> {
  readonly blocks: readonly number[];
  readonly dense: number;
  /** Labels of a manifest that are told apart. */
  readonly labels: readonly string[];
  /** Folds of a manifest. */
  readonly folds: number;
  /** Tags of SONYC-UST that are learned. Default `both`: 8 coarse and 23 fine. */
  readonly tags?: TagLevels;
  /** Most excerpts of a recording, spread evenly over it. */
  readonly excerpts: number;
  /** Whether training batches are mixed in pairs and masked in stripes, as Arnault et al. do. */
  readonly augment: 'none' | 'mixup-stripes';
}

/**
 * Reads a scene task: a manifest with one label a recording, scored by group-wise cross-validation; the folder
 * of ESC-50 or UrbanSound8K, scored by their published folds; or the folder of SONYC-UST with several tags a recording, scored on its test
 * part. Probabilities are averaged over a recording's excerpts. What is scored is never the best epoch on the scored
 * part, as published figures are, but the last update or the best record on a development part: the published one, or
 * one held out of the training recordings.
 *
 * @throws UserError (`input`) naming what cannot be read.
 */
export async function prepareUrban(
  source: string,
  settings: UrbanSettings,
  { signal }: Pick<TaskExtras, 'signal'> = {},
): Promise<PreparedTask> {
  const { frontEnd, frames } = settings;
  const { bands } = frontEnd;
  const set = readScenes(source, settings);
  const tags = set.tags.length;
  const { values, owner } = await cutExcerpts(set, settings, signal);
  const all: SoundSet = {
    values,
    rows: owner.length,
    bands,
    frames,
    targets: Float32Array.from(
      { length: owner.length * tags },
      (_, i) => set.targets[owner[Math.floor(i / tags)]! * tags + (i % tags)]!,
    ),
    targetSize: tags,
  };
  const excerptsOf = (recordings: readonly number[]): number[] => {
    const wanted = new Set(recordings);
    return owner.flatMap((row, i) => (wanted.has(row) ? [i] : []));
  };
  const scored = set.rounds.flatMap(({ test }) => test).sort((a, b) => a - b);
  const placeOf = new Map(scored.map((row, place) => [row, place]));
  const scorer = sceneScorer(set, scored);
  const main = scorer.measures[0]!;
  const shape = { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps };
  const labelOf = Int32Array.from(set.recordings, (_, row) =>
    set.kind === 'tags' ? 0 : set.targets.subarray(row * tags, (row + 1) * tags).indexOf(1),
  );
  const statistic: PreparedTask['statistic'] = ({ outputs }) => scorer.statistic(outputs['probabilities']!);

  return {
    name: 'urban',
    hash: contentHash([values, set.targets], [set.tags, [...set.groups], set.rounds]),
    units: { frameRate: frameRate(frontEnd), bandsPerOctave: bandsPerOctave(frontEnd), shape },
    measures: scorer.measures,
    development: main,
    design: {
      groups: Int32Array.from(scored, (row) => set.groups[row]!),
      labels: Int32Array.from(scored, (row) => labelOf[row]!),
    },
    remarks: [
      ...set.remarks,
      `${owner.length} excerpts of ${(samplesFor(frames, frontEnd) / frontEnd.sampleRate).toFixed(1)} s.`,
      epochRemark(settings.training, main),
    ],
    baselines: scorer.baselines,
    run: async (engine, strf, seed, context) => {
      const probabilities = new Float32Array(scored.length * tags);
      const metrics: Record<string, number> = {};
      let records: readonly TrainingRecord[] = [];
      for (const [fold, round] of set.rounds.entries()) {
        const { train, development } =
          round.development.length > 0 ? round : holdOut(settings.training, round.train, labelOf, set.groups);
        const chosen = selectSounds(all, excerptsOf(train));
        const scale = logMelScale(chosen.values, settings.input);
        const scaled = (part: SoundSet): SoundSet => ({ ...part, values: standardise(part.values, scale) });
        const foldSeed = deriveSeed(seed, 'fold', fold);
        const stored = storedSounds(scaled(chosen));
        const network = createSceneNetwork(engine, {
          tags,
          bands,
          strf: sizedLayer(settings, strf),
          blocks: settings.blocks,
          dense: settings.dense,
          mapDropout: settings.mapDropout ?? 0,
          ...(settings.dropout === undefined ? {} : { dropout: settings.dropout }),
        });
        const meanOf = async (trained: StrfValues, recordings: readonly number[]): Promise<Float32Array> => {
          const excerpts = excerptsOf(recordings);
          const held = scaled(selectSounds(all, excerpts));
          const predicted = await predictStrf(engine, network, trained, held, context);
          return meanByOwner(
            predicted.probabilities,
            excerpts.map((i) => owner[i]!),
            recordings,
          );
        };
        const apart = sceneScorer(set, development);
        const developed = async (trained: StrfValues): Promise<Record<string, number>> =>
          apart.statistic(await meanOf(trained, development))(ones(development.length));
        const options = [
          settings.augment === 'none' ? stored : mixedAndMasked(stored, foldSeed),
          { ...settings.training, seed: foldSeed },
          {
            ...foldContext(context, `fold-${fold + 1}`),
            development: developmentOf(main, async (trained) => (await developed(trained))[main.name]!),
          },
        ] as const;
        if (context.purpose === 'development')
          return withTrained(engine, network, ...options, developmentOutcome);
        await withTrained(engine, network, ...options, async (trained) => {
          if (fold === 0) records = trained.records;
          const found = await meanOf(trained, round.test);
          round.test.forEach((row, i) =>
            probabilities.set(found.subarray(i * tags, (i + 1) * tags), placeOf.get(row)! * tags),
          );
          if (round.development.length === 0) return;
          for (const [name, value] of Object.entries(await developed(trained)))
            metrics[`development_${name}`] = value;
        });
      }
      const outcome = { records, outputs: { probabilities } };
      return { ...outcome, metrics: { ...statistic(outcome)(ones(scored.length)), ...metrics } };
    },
    statistic,
  };
}

const ones = (length: number): Float64Array => new Float64Array(length).fill(1);

/** Log-mel excerpts of all recordings, and the recording of each. */
async function cutExcerpts(
  set: SceneSet,
  { frontEnd, frames, excerpts: most }: Pick<UrbanSettings, 'frontEnd' | 'frames' | 'excerpts'>,
  signal: AbortSignal | undefined,
): Promise<{ values: Float32Array; owner: number[] }> {
  const kernel = createLogMel(frontEnd);
  const length = samplesFor(frames, frontEnd);
  const excerpts: Float32Array[] = [];
  const owner: number[] = [];
  for (const [row, { file }] of set.recordings.entries())
    for (const samples of await excerptSamples(file, length, most, frontEnd, signal)) {
      excerpts.push(kernel.compute(samples).values);
      owner.push(row);
    }
  return { values: concatenate(excerpts), owner };
}

/** Up to `most` excerpts spread over a recording; a shorter one is repeated. */
async function excerptSamples(
  file: string,
  length: number,
  most: number,
  { sampleRate }: LogMelParameters,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const samples = await soundAt(file, sampleRate, signal);
  const whole =
    samples.length < length ? Float32Array.from({ length }, (_, i) => samples[i % samples.length]!) : samples;
  const count = Math.min(most, Math.max(1, Math.floor(whole.length / length)));
  return Array.from({ length: count }, (_, i) => {
    const from = count === 1 ? 0 : Math.floor(((whole.length - length) * i) / (count - 1));
    return whole.subarray(from, from + length);
  });
}

/** Mean probabilities of each recording over its excerpts: recordings x tags. */
function meanByOwner(
  probabilities: Float32Array,
  owner: readonly number[],
  recordings: readonly number[],
): Float32Array {
  const tags = probabilities.length / owner.length;
  const place = new Map(recordings.map((row, i) => [row, i]));
  const counts = new Float32Array(recordings.length);
  owner.forEach((row) => counts[place.get(row)!]!++);
  const means = new Float32Array(recordings.length * tags);
  owner.forEach((row, n) => {
    const i = place.get(row)!;
    for (let t = 0; t < tags; t++) means[i * tags + t]! += probabilities[n * tags + t]! / counts[i]!;
  });
  return means;
}
