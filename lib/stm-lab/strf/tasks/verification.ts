import * as fs from 'node:fs';
import { concatenate } from '../../base/concatenate';
import { uniqueCodes } from '../../base/codePoints';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { equalErrorRate, minimumDetectionCost, rankScores } from '../../evaluation';
import type { Engine } from '../../engine';
import { bandsPerOctave, frameRate, type LogMelParameters } from '../../features/mel/logMel';
import type { StrfNetwork } from '../networks';
import { normaliseScores, rowCosine, unitRows } from '../scoreNorm';
import {
  classTargets,
  logMelScale,
  madeSounds,
  standardise,
  type LogMelScale,
  type SoundSource,
} from '../soundSet';
import { predictStrf, type StrfValues } from '../predict';
import { pairTrials } from '../verification';
import { developmentOf, developmentOutcome, epochRemark } from './development';
import type { NoiseMixer } from './noiseFolder';
import { onceByInput, type SoundInput } from './soundInput';
import { contentHash, samplesFor, soundAt } from './sounds';
import { speakerNetwork, type SpeakerSettings } from './speakerNetwork';
import { chooseSpeakers, spread } from './speakerChoice';
import { withTrained, type PreparedTask, type TaskMeasure } from './task';
import type { VerificationRecording, VerificationSet } from '../../corpus';

/** Of fewer speakers, resamples would be few and alike. */
const SPEAKERS_TO_RESAMPLE = 10;

/** Recordings that the scale of the input is taken from, at most. */
const SCALE_RECORDINGS = 1000;

/**
 * Prepares an open-set verification task after Coria et al.: a batch holds one random excerpt of a random
 * recording of each of its speakers; a recording's embedding is the mean over windows; trials are scored by
 * their cosine, and once more with s-norm against the training speakers. Nothing but the trials' embeddings
 * is kept in memory: recordings are read when they are needed. A best record is that of the lowest equal error rate over
 * all pairs of recordings of training speakers who are held out for it.
 *
 * @throws UserError (`input`) when fewer than two speakers are left to train on.
 */
export async function prepareVerification(
  { train: allTrain, test, pairs, targets }: VerificationSet,
  settings: SpeakerSettings,
  noise?: NoiseMixer,
  signal?: AbortSignal,
): Promise<PreparedTask> {
  const { frontEnd, frames, embedding } = settings;
  const {
    windowEvery = 0.1,
    nearest = 400,
    cohortRecordings = 10,
    minimumSeconds = 0,
  } = settings.verification ?? {};
  const chosen = await chooseSpeakers(allTrain, settings.training, {
    minimumSeconds,
    recordings: cohortRecordings,
    sampleRate: frontEnd.sampleRate,
    signal,
  });
  const { train, development } = chosen;
  const developmentSpeakers = uniqueCodes(development.map(({ speaker }) => speaker)).codes;
  const speakers = uniqueCodes(train.map(({ speaker }) => speaker));
  const ofSpeaker = speakers.values.map((): VerificationRecording[] => []);
  train.forEach((recording, row) => ofSpeaker[speakers.codes[row]!]!.push(recording));
  const tested = uniqueCodes(test.map(({ speaker }) => speaker));
  const bySpeaker = tested.values.length >= SPEAKERS_TO_RESAMPLE;
  const inputFor = onceByInput(settings, async (input): Promise<ScaledInput> => ({
    input,
    scale: await scaleOf(spread(train, SCALE_RECORDINGS), input, settings, signal),
  }));
  const { scale } = await inputFor(undefined);
  const cohort = ofSpeaker.map((own) => spread(own, cohortRecordings));

  const sourceOf = (seed: number, { input, scale: own }: ScaledInput): SoundSource =>
    madeSounds(
      {
        rows: speakers.values.length,
        bands: input.bands,
        frames: input.frames,
        targets: classTargets([...speakers.values.keys()], speakers.values.length),
        targetSize: speakers.values.length,
      },
      async (row, step) => {
        const { double: next } = randomState(deriveSeed(seed, 'excerpt', step, row));
        const { file } = ofSpeaker[row]![Math.floor(next() * ofSpeaker[row]!.length)]!;
        const samples = await soundAt(file, frontEnd.sampleRate);
        const length = samplesFor(frames, frontEnd);
        const from = Math.floor(next() * (Math.max(0, samples.length - length) + 1));
        const excerpt = samples.subarray(from, from + length);
        const heard = noise === undefined ? excerpt : await noise.mix(excerpt, seed, step, row);
        return standardise(input.values(heard), own);
      },
    );

  const errorRate: TaskMeasure = { name: 'eer', title: 'equal error rate', better: 'lower' };

  const statisticOf: PreparedTask['statistic'] = ({ outputs }) => {
    const rankings = ['scores', 'normalised'].map((name) =>
      rankScores(outputs[name]!, (trial) => targets[trial] === 1),
    );
    return (weights) => {
      const weightOf = (trial: number): number => {
        const [a, b] = [pairs[2 * trial]!, pairs[2 * trial + 1]!];
        // Of a speaker, or a recording, drawn twice, the copies are not compared with each other.
        return bySpeaker && tested.codes[a] === tested.codes[b] ? weights[a]! : weights[a]! * weights[b]!;
      };
      const [plain, normalised] = rankings.map((ranking) => ({
        eer: equalErrorRate(ranking, weightOf),
        cost: minimumDetectionCost(ranking, {}, weightOf),
      }));
      return {
        eer: plain!.eer,
        cost: plain!.cost,
        eerNormalised: normalised!.eer,
        costNormalised: normalised!.cost,
      };
    };
  };

  return {
    name: 'speaker',
    hash: contentHash([], [namesOf(allTrain), namesOf(test), [...pairs], scale, noise?.identity]),
    units: {
      frameRate: frameRate(frontEnd),
      bandsPerOctave: bandsPerOctave(frontEnd),
      shape: { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps },
    },
    development: errorRate,
    measures: [
      errorRate,
      { name: 'cost', title: 'minimum detection cost', better: 'lower' },
      { name: 'eerNormalised', title: 'equal error rate, s-norm', better: 'lower' },
      { name: 'costNormalised', title: 'minimum detection cost, s-norm', better: 'lower' },
    ],
    design: bySpeaker
      ? { groups: tested.codes, labels: new Int32Array(test.length) }
      : { groups: Int32Array.from(test.keys()), labels: tested.codes },
    remarks: [
      `${targets.length} trials (${targets.reduce((sum, target) => sum + target, 0)} of one speaker) of ${test.length} recordings of ${tested.values.length} speakers, none of them among the ${speakers.values.length} trained on (${train.length} recordings).`,
      `Intervals come from resampling the tested ${bySpeaker ? 'speakers' : 'recordings, since there are too few speakers: for other speakers they are too narrow'}. Detection costs expect 1 target in 100 trials.`,
      ...(chosen.dropped === 0
        ? []
        : [`${chosen.dropped} speakers with less than ${minimumSeconds} s to train on are left out.`]),
      epochRemark(settings.training, errorRate),
    ],
    baselines: { chance: { eer: 0.5, cost: 1, eerNormalised: 0.5, costNormalised: 1 } },
    run: async (engine, strf, seed, context) => {
      const scaled = await inputFor(strf.variant);
      const network = speakerNetwork(engine, settings, strf, speakers.values.length);
      const embedAll = async (
        trained: StrfValues,
        recordings: readonly VerificationRecording[],
      ): Promise<Float32Array[]> => {
        const with_ = { engine, network, trained, scaled, frontEnd, signal: context.signal };
        const rows: Float32Array[] = [];
        for (const { file } of recordings) rows.push(await embedRecording(with_, file, frames, windowEvery));
        return rows;
      };
      const best = developmentOf(errorRate, async (trained) => {
        const values = concatenate(await embedAll(trained, development));
        const trials = pairTrials({ values, size: embedding, speakers: developmentSpeakers });
        return equalErrorRate(
          rankScores(trials.scores, (trial) => trials.targets[trial] === 1),
          () => 1,
        );
      });
      return withTrained(
        engine,
        network,
        sourceOf(seed, scaled),
        { ...settings.training, seed },
        { ...context, development: best },
        async (trained) => {
          if (context.purpose === 'development') return developmentOutcome(trained);
          const members: Float32Array[] = [];
          for (const own of cohort) members.push(meanOf(await embedAll(trained, own)));
          const embeddings = concatenate(await embedAll(trained, test));
          const unit = unitRows(embeddings, embedding);
          const scores = Float32Array.from(targets, (_, trial) =>
            rowCosine(unit, pairs[2 * trial]!, unit, pairs[2 * trial + 1]!, embedding),
          );
          const normalised = normaliseScores(
            { embeddings, cohort: concatenate(members), size: embedding, pairs, scores },
            { nearest },
          );
          const outcome = { records: trained.records, outputs: { scores, normalised } };
          const metrics = statisticOf(outcome)(new Float64Array(test.length).fill(1));
          return { ...outcome, metrics };
        },
      );
    },
    statistic: statisticOf,
  };
}

const namesOf = (recordings: readonly VerificationRecording[]): (string | number)[][] =>
  recordings.map(({ name, file, speaker }) => [name, fs.statSync(file).size, speaker]);

/** What networks read, and the scale of it. */
interface ScaledInput {
  readonly input: SoundInput;
  readonly scale: LogMelScale;
}

async function scaleOf(
  recordings: readonly VerificationRecording[],
  { values: valuesOf }: SoundInput,
  { input, frontEnd }: SpeakerSettings,
  signal: AbortSignal | undefined,
): Promise<LogMelScale> {
  const values: Float32Array[] = [];
  for (const { file } of recordings) values.push(valuesOf(await soundAt(file, frontEnd.sampleRate, signal)));
  return logMelScale(concatenate(values), input);
}

/** Mean embedding of a recording over windows that slide along it, the last one aligned to its end. */
async function embedRecording(
  with_: {
    readonly engine: Engine;
    readonly network: StrfNetwork;
    readonly trained: StrfValues;
    readonly scaled: ScaledInput;
    readonly frontEnd: LogMelParameters;
    readonly signal: AbortSignal | undefined;
  },
  file: string,
  frames: number,
  windowEvery: number,
): Promise<Float32Array> {
  const { engine, network, trained, scaled, frontEnd, signal } = with_;
  const { input, scale } = scaled;
  const length = samplesFor(frames, frontEnd);
  const samples = await soundAt(file, frontEnd.sampleRate, signal);
  const last = samples.length - length;
  const every = Math.max(1, Math.round(windowEvery * frontEnd.sampleRate));
  const starts = Array.from({ length: Math.max(0, Math.floor(last / every) + 1) }, (_, i) => i * every);
  if (last > 0 && starts.at(-1) !== last) starts.push(last);
  // A recording shorter than a window is one window with nothing around it, as in training.
  const windows =
    last < 0
      ? [input.values(samples)]
      : starts.map((from) => input.values(samples.subarray(from, from + length)));
  const { embeddings } = await predictStrf(engine, network, trained, {
    values: standardise(concatenate(windows), scale),
    rows: windows.length,
    bands: input.bands,
    frames: input.frames,
    targets: new Float32Array(),
    targetSize: 0,
  });
  const size = embeddings.length / windows.length;
  return meanOf(windows.map((_, i) => embeddings.subarray(i * size, (i + 1) * size)));
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  return Float32Array.from(rows[0]!, (_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length);
}
