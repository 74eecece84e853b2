import * as path from 'node:path';
import { concatenate } from '../../base/concatenate';
import { compareCodePoints, uniqueCodes } from '../../base/codePoints';
import { inputError } from 'research-basics/errors';
import { isFolder } from '../../corpus';
import { equalErrorRate, minimumDetectionCost, mostProbable, rankScores } from '../../evaluation';
import { bandsPerOctave, frameRate } from '../../features/mel/logMel';
import {
  classTargets,
  logMelScale,
  madeSounds,
  selectSounds,
  standardise,
  storedSounds,
  type SoundSet,
  type SoundSource,
} from '../soundSet';
import { predictStrf } from '../predict';
import { pairTrials } from '../verification';
import { developmentOf, developmentOutcome, epochRemark, holdOut } from './development';
import { createNoiseMixer, type NoiseMixer } from './noiseFolder';
import { manifestOrNames } from './labelled';
import { onceByInput, type SoundInput } from './soundInput';
import { contentHash, soundAt, soundFiles } from './sounds';
import { speakerNetwork, type SpeakerSettings } from './speakerNetwork';
import { withTrained, type PreparedTask, type TaskExtras, type TaskMeasure } from './task';
import { findTrialList, listVerification } from '../../corpus';
import { prepareVerification } from './verification';

/** A recording with its speaker and part. */
export interface SpeakerRecording {
  readonly file: string;
  readonly speaker: string;
  /** What is held out together: a manifest's group; of spoken digits the recording. */
  readonly group: string;
  readonly part: 'train' | 'test';
}

/**
 * Lists the recordings of a speaker task: a folder of the Free Spoken Digit Dataset
 * (`digit_speaker_index.wav`; index 0 to 4 tests, as published), or a manifest or folder of classes whose labels are speakers.
 * Its column `part` says train or test; without one, each speaker's last group (a session or video, by
 * name) tests.
 *
 * @throws UserError (`input`) when nothing fits, or a part is empty.
 */
export function listSpeakerRecordings(source: string): SpeakerRecording[] {
  const digits = isFolder(source) ? listDigits(source) : [];
  const recordings = digits.length > 0 ? digits : listManifest(source);
  for (const part of ['train', 'test'] as const)
    if (!recordings.some((recording) => recording.part === part))
      throw inputError(
        `${source}: holds no ${part} recordings; give a folder of digit_speaker_index.wav files, or a manifest whose labels are speakers, with two groups each or a column "part"`,
      );
  return recordings;
}

function listDigits(folder: string): SpeakerRecording[] {
  return soundFiles(folder).flatMap((name): SpeakerRecording[] => {
    const match = /^\d_(?<speaker>[^_]+)_(?<index>\d+)\.[^.]+$/.exec(name);
    if (match === null) return [];
    const { speaker, index } = match.groups as { speaker: string; index: string };
    const part = Number(index) < 5 ? 'test' : 'train';
    return [{ file: path.join(folder, name), speaker, group: name, part }];
  });
}

function listManifest(manifest: string): SpeakerRecording[] {
  const { rows } = manifestOrNames(manifest, 'digit_speaker_index.wav');
  const groups = new Map<string, Set<string>>();
  for (const { label, group } of rows) groups.set(label, (groups.get(label) ?? new Set()).add(group));
  const last = new Map(
    [...groups].map(([label, own]) => [label, own.size > 1 ? [...own].sort(compareCodePoints).at(-1) : '']),
  );
  return rows.map(({ file, label, group, extra, line }): SpeakerRecording => {
    const { part: given = '' } = extra;
    const part = given !== '' ? given : group === last.get(label) ? 'test' : 'train';
    if (part !== 'train' && part !== 'test')
      throw inputError(`${manifest}: line ${line} has the part "${part}"; the column must be train or test`);
    return { file, speaker: label, group, part };
  });
}

/**
 * Reads a speaker task. With a trial list (`trials.txt`, or VoxCeleb's own) in the folder or beside the
 * manifest: verification of speakers who are not trained on (see `listVerification`). Without: closed-set
 * identification of the test recordings, and verification over all pairs of them.
 *
 * @throws UserError (`input`) naming what cannot be read.
 */
export async function prepareSpeaker(
  source: string,
  settings: SpeakerSettings,
  { noise: noiseFolder, signal }: TaskExtras = {},
): Promise<PreparedTask> {
  const { frontEnd, noise: noiseSettings = {} } = settings;
  const noise =
    noiseFolder === undefined ? undefined : createNoiseMixer(noiseFolder, frontEnd, noiseSettings, [10, 20]);
  const list = findTrialList(source);
  return list === undefined
    ? prepareClosedSet(source, settings, noise, signal)
    : prepareVerification(listVerification(source, list), settings, noise, signal);
}

/** One part's recordings, log-mel values and speakers. */
interface Part {
  readonly files: readonly string[];
  readonly values: Float32Array;
  readonly labels: Int32Array;
  /** Number of the group of each recording. */
  readonly groups: Int32Array;
}

async function prepareClosedSet(
  source: string,
  settings: SpeakerSettings,
  noise: NoiseMixer | undefined,
  signal: AbortSignal | undefined,
): Promise<PreparedTask> {
  const { frontEnd, embedding } = settings;
  const { sampleRate } = frontEnd;
  const recordings = listSpeakerRecordings(source);
  const speakers = [...new Set(recordings.map(({ speaker }) => speaker))].sort();
  const read = async (part: 'train' | 'test', input: SoundInput): Promise<Part> => {
    const own = recordings.filter((recording) => recording.part === part);
    const values: Float32Array[] = [];
    for (const { file } of own) values.push(input.values(await soundAt(file, sampleRate, signal)));
    return {
      files: own.map(({ file }) => file),
      values: concatenate(values),
      labels: Int32Array.from(own, ({ speaker }) => speakers.indexOf(speaker)),
      groups: uniqueCodes(own.map(({ group, speaker }) => JSON.stringify([speaker, group]))).codes,
    };
  };
  const setsOf = async (input: SoundInput) => {
    const [train, test] = [await read('train', input), await read('test', input)];
    const scale = logMelScale(train.values, settings.input);
    const setOf = ({ values, labels }: Part): SoundSet => ({
      values: standardise(values, scale),
      rows: labels.length,
      bands: input.bands,
      frames: input.frames,
      targets: classTargets(labels, speakers.length),
      targetSize: speakers.length,
    });
    const [allTrain, testSet] = [setOf(train), setOf(test)];
    const rows = [...train.labels.keys()];
    // Where speakers have one group each to train on, single recordings are held out.
    const severalGroups = new Set(train.groups).size > new Set(train.labels).size;
    const parted = holdOut(settings.training, rows, train.labels, severalGroups ? train.groups : rows);
    const trainSet = selectSounds(allTrain, parted.train);
    const sourceOf = (seed: number): SoundSource =>
      noise === undefined
        ? storedSounds(trainSet)
        : madeSounds(trainSet, async (row, step) => {
            const samples = await soundAt(train.files[parted.train[row]!]!, sampleRate);
            return standardise(input.values(await noise.mix(samples, seed, step, row)), scale);
          });
    const developmentSet = selectSounds(allTrain, parted.development);
    return { train, test, allTrain, testSet, parted, developmentSet, sourceOf };
  };
  const setsFor = onceByInput(settings, setsOf);
  const { train, test, allTrain, testSet } = await setsFor(undefined);
  const accuracy: TaskMeasure = { name: 'accuracy', title: 'identification accuracy', better: 'higher' };
  const shape = { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps };

  const statisticOf: PreparedTask['statistic'] = ({ outputs }) => {
    const correct = outputs['correct']!;
    const trials = pairTrials({
      values: outputs['embeddings']!,
      size: embedding,
      speakers: test.labels,
    });
    const ranking = rankScores(trials.scores, (trial) => trials.targets[trial] === 1);
    const { pairs } = trials;
    return (weights) => {
      let [hits, all] = [0, 0];
      weights.forEach((weight, row) => {
        all += weight;
        hits += weight * correct[row]!;
      });
      // Of a recording drawn several times, the copies are not paired with each other.
      const weightOf = (trial: number): number =>
        weights[pairs[2 * trial]!]! * weights[pairs[2 * trial + 1]!]!;
      return {
        accuracy: hits / all,
        eer: equalErrorRate(ranking, weightOf),
        cost: minimumDetectionCost(ranking, {}, weightOf),
      };
    };
  };

  return {
    name: 'speaker',
    hash: contentHash(
      [train.values, test.values, allTrain.targets, testSet.targets],
      [speakers, noise?.identity],
    ),
    units: { frameRate: frameRate(frontEnd), bandsPerOctave: bandsPerOctave(frontEnd), shape },
    development: accuracy,
    measures: [
      accuracy,
      { name: 'eer', title: 'equal error rate', better: 'lower' },
      { name: 'cost', title: 'minimum detection cost', better: 'lower' },
    ],
    design: { groups: Int32Array.from(test.labels.keys()), labels: test.labels },
    remarks: [
      `${speakers.length} speakers, ${train.labels.length} recordings to train on, ${test.labels.length} to test; the test speakers are those of the training set.`,
      epochRemark(settings.training, accuracy),
      'If a speaker is also one recording session, as in spoken digits, the channel tells speakers apart too.',
    ],
    baselines: { chance: { accuracy: 1 / speakers.length, eer: 0.5, cost: 1 } },
    run: async (engine, strf, seed, context) => {
      const sets = await setsFor(strf.variant);
      const network = speakerNetwork(engine, settings, strf, speakers.length);
      const training = { ...settings.training, seed };
      const development = developmentOf(accuracy, async (trained) => {
        const { probabilities } = await predictStrf(engine, network, trained, sets.developmentSet, context);
        const found = mostProbable(probabilities, speakers.length);
        const { parted } = sets;
        const hits = parted.development.filter((row, i) => found[i] === train.labels[row]);
        return hits.length / parted.development.length;
      });
      return withTrained(
        engine,
        network,
        sets.sourceOf(seed),
        training,
        { ...context, development },
        async (trained) => {
          if (context.purpose === 'development') return developmentOutcome(trained);
          const { probabilities, embeddings } = await predictStrf(
            engine,
            network,
            trained,
            sets.testSet,
            context,
          );
          const found = mostProbable(probabilities, speakers.length);
          const correct = Float32Array.from(test.labels, (label, row) => (found[row] === label ? 1 : 0));
          const outcome = { records: trained.records, outputs: { correct, embeddings } };
          const metrics = statisticOf(outcome)(new Float64Array(test.labels.length).fill(1));
          return { ...outcome, metrics };
        },
      );
    },
    statistic: statisticOf,
  };
}
