import * as os from 'node:os';
import * as path from 'node:path';
import { readSamples } from '../../audio';
import { concatenate } from '../../base/concatenate';
import type { Engine } from '../../engine';
import { fastDoubles } from '../../training/random';
import {
  detectionErrorRate,
  detectionSeconds,
  hysteresis,
  trackErrorRate,
  tuneHysteresis,
  type ProbabilityTrack,
} from '../detection';
import { bandsPerOctave, createLogMel, frameRate, type LogMelKernel } from '../../features/mel/logMel';
import { formatRttm, intersectionOf, readSpeechFolder, SPEECH_PARTS } from '../../corpus';
import {
  createSpeechNetwork,
  SPEECH_CLASSES,
  type SpeechNetworkOptions,
  type StrfNetwork,
} from '../networks';
import {
  classTargets,
  logMelScale,
  standardise,
  type LogMelScale,
  type SoundSet,
  type SoundSource,
} from '../soundSet';
import { predictStrf, type StrfValues } from '../predict';
import type { TrainingContext } from '../train';
import { developmentOf, developmentOutcome, epochRemark } from './development';
import { createNoiseMixer, type NoiseSettings } from './noiseFolder';
import { contentHash } from './sounds';
import {
  blocksOf,
  chunkDrawer,
  chunkOf,
  chunkValues,
  crossEntropy,
  labelsAt,
  openSpeech,
  partsOf,
  windowStarts,
  type SpeechSound,
} from './speechWindows';
import {
  frontOptions,
  withTrained,
  type FrontSettings,
  type PreparedTask,
  type TaskExtras,
  type TaskMeasure,
} from './task';

/** Settings of the speech activity task. */
export interface SpeechSettings extends FrontSettings {
  readonly recurrent: readonly number[];
  readonly merge?: SpeechNetworkOptions['merge'];
  readonly dense: readonly number[];
  /** Distance between the beginnings of scored windows, as a share of a window. */
  readonly windowStep: number;
  /** Seconds of the blocks that are resampled for intervals. */
  readonly blockSeconds: number;
  /** Noise in training, where a folder of noise is given. Default 5 to 20 dB. */
  readonly noise?: NoiseSettings;
}

/** Chunks that the scale of the input is taken from, at most. */
const SCALE_CHUNKS = 1000;

/** Windows that pass through the network together. */
const WINDOWS_TOGETHER = 64;

/**
 * Reads a speech activity task. Recordings are decoded into `cache` once and read from there in chunks, so that memory
 * does not grow with them. Every update draws new training chunks (see `chunkDrawer`); chunks are standardised one by
 * one, and a frame is speech when its middle is. Onset, offset and shortest durations are chosen on the development
 * part, and so is a best record: that of the lowest cross-entropy.
 *
 * @throws UserError (`input`) naming what cannot be read.
 */
export async function prepareSpeech(
  folder: string,
  settings: SpeechSettings,
  { noise: noiseFolder, signal, cache = path.join(os.tmpdir(), 'stm-lab-sounds') }: TaskExtras = {},
): Promise<PreparedTask> {
  const { frontEnd, frames } = settings;
  const { sampleRate, bands } = frontEnd;
  const noise =
    noiseFolder === undefined
      ? undefined
      : createNoiseMixer(noiseFolder, frontEnd, settings.noise ?? {}, [5, 20]);
  const kernel = createLogMel(frontEnd);
  const rate = frameRate(frontEnd);
  const opened: SpeechSound[][] = [];
  for (const part of SPEECH_PARTS)
    opened.push(await openSpeech(readSpeechFolder(folder, part), cache, sampleRate, signal));
  const [train, development, test] = opened as [SpeechSound[], SpeechSound[], SpeechSound[]];
  const chunk = chunkOf(settings);
  const draw = chunkDrawer(train, chunk.samples, sampleRate);
  const trainSeconds = train.flatMap(partsOf).reduce((sum, { begin, end }) => sum + end - begin, 0);
  const scale = logMelScale(
    concatenate(
      Array.from(
        { length: Math.min(SCALE_CHUNKS, Math.ceil((trainSeconds * sampleRate) / chunk.samples)) },
        (_, i) => {
          const { recording, from } = draw(fastDoubles(1, 'scale', i));
          return chunkValues(readSamples(recording.sound, from, chunk.samples), kernel, frames);
        },
      ),
    ),
    settings.input,
  );
  const { batch = 16 } = settings.training;
  const sourceOf = (seed: number): SoundSource => ({
    rows: batch,
    batch: async (rows, step) => {
      const values: Float32Array[] = [];
      const labels: Float32Array[] = [];
      for (const row of rows) {
        const { recording, from } = draw(fastDoubles(seed, 'chunk', step, row));
        const samples = readSamples(recording.sound, from, chunk.samples);
        const heard = noise === undefined ? samples : await noise.mix(samples, seed, step, row);
        values.push(chunkValues(heard, kernel, frames));
        labels.push(labelsAt(recording, frames, from / sampleRate + chunk.middle, rate));
      }
      return {
        ...{ rows: rows.length, bands, frames, targetSize: frames * SPEECH_CLASSES.length },
        values: standardise(concatenate(values), scale),
        targets: classTargets(concatenate(labels), SPEECH_CLASSES.length),
      };
    },
  });
  const blocks = test.flatMap((recording) => blocksOf(recording, settings.blockSeconds));
  const always = detectionErrorRate(
    test.map(({ speech, scored, seconds }) =>
      detectionSeconds({ reference: speech, hypothesis: [{ begin: 0, end: seconds }], scored }),
    ),
  );
  const entropy: TaskMeasure = { name: 'crossEntropy', title: 'cross-entropy', better: 'lower' };
  const shape = { frequencyTaps: settings.strf.frequencyTaps, timeTaps: settings.strf.timeTaps };

  const statisticOf: PreparedTask['statistic'] = ({ outputs }) => {
    const seconds = outputs['seconds']!;
    return (weights) => {
      const [speech, missed, falseAlarm] = [0, 1, 2].map((column) =>
        weights.reduce((sum, weight, block) => sum + weight * seconds[3 * block + column]!, 0),
      ) as [number, number, number];
      return {
        error: (missed + falseAlarm) / speech,
        missed: missed / speech,
        falseAlarm: falseAlarm / speech,
      };
    };
  };

  return {
    name: 'speech',
    hash: contentHash(
      [],
      [
        noise?.identity,
        ...opened.map((part) =>
          part.map(({ name, speech, scored, sound }) => [name, speech, scored, sound.hash]),
        ),
      ],
    ),
    units: { frameRate: rate, bandsPerOctave: bandsPerOctave(frontEnd), shape },
    development: entropy,
    measures: [
      { name: 'error', title: 'detection error rate', better: 'lower' },
      { name: 'missed', title: 'missed speech', better: 'lower' },
      { name: 'falseAlarm', title: 'false alarm', better: 'lower' },
    ],
    design: {
      groups: Int32Array.from(blocks.keys()),
      labels: new Int32Array(blocks.length),
    },
    remarks: [
      `${train.length} recordings (${trainSeconds.toFixed(0)} s) to train on, ${development.length} to tune on, ${test.length} to test (${always.speech.toFixed(1)} s of speech in ${test.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s).`,
      epochRemark(settings.training, entropy),
      `Intervals come from resampling blocks of ${settings.blockSeconds} s of the test recordings; with few blocks they are wide.`,
    ],
    baselines: {
      'always speech': { error: always.rate, missed: always.missed, falseAlarm: always.falseAlarm },
    },
    run: (engine, strf, seed, context) => {
      const network = createSpeechNetwork(engine, {
        ...frontOptions(settings, strf),
        recurrent: settings.recurrent,
        merge: settings.merge ?? 'mean',
        dense: settings.dense,
      });
      const tracksOf = async (
        trained: StrfValues,
        list: readonly SpeechSound[],
      ): Promise<ProbabilityTrack[]> => {
        const tracks: ProbabilityTrack[] = [];
        const way = { kernel, scale, settings };
        for (const recording of list)
          tracks.push(await trackOf(engine, network, trained, recording, way, context));
        return tracks;
      };
      const best = developmentOf(entropy, async (trained) =>
        crossEntropy(await tracksOf(trained, development), development, chunk.middle),
      );
      const options = [
        { ...settings.training, seed },
        { ...context, development: best },
      ] as const;
      return withTrained(engine, network, sourceOf(seed), ...options, async (trained) => {
        if (context.purpose === 'development') return developmentOutcome(trained);
        const tuning = await tracksOf(trained, development);
        const rule = tuneHysteresis(tuning);
        const detected = (await tracksOf(trained, test)).map((track, i) =>
          intersectionOf(hysteresis(track.probabilities, track.frameRate, rule, track.start), [
            { begin: 0, end: test[i]!.seconds },
          ]),
        );
        const seconds = detected.flatMap((hypothesis, i) =>
          blocksOf(test[i]!, settings.blockSeconds).flatMap((scored) => {
            const found = detectionSeconds({ reference: test[i]!.speech, hypothesis, scored });
            return [found.speech, found.missed, found.falseAlarm];
          }),
        );
        const outputs = { seconds: Float32Array.from(seconds) };
        const scores = statisticOf({ outputs })(new Float64Array(blocks.length).fill(1));
        const turns = detected.flatMap((segments, i) =>
          segments.map((segment) => ({ ...segment, recording: test[i]!.name, speaker: 'speech' })),
        );
        return {
          outputs,
          files: { 'test.rttm': formatRttm(turns) },
          records: trained.records,
          metrics: { ...scores, development: trackErrorRate(tuning, rule).rate, ...rule },
        };
      });
    },
    statistic: statisticOf,
  };
}

/** Mean over the windows that see a frame of its probability of speech. */
async function trackOf(
  engine: Engine,
  network: StrfNetwork,
  trained: StrfValues,
  recording: SpeechSound,
  {
    kernel,
    scale,
    settings,
  }: { readonly kernel: LogMelKernel; readonly scale: LogMelScale; readonly settings: SpeechSettings },
  { signal }: TrainingContext,
): Promise<ProbabilityTrack> {
  const { frames, frontEnd, windowStep } = settings;
  const { hop, bands } = frontEnd;
  const rate = frameRate(frontEnd);
  const chunk = chunkOf(settings);
  const every = Math.max(1, Math.round(windowStep * frames));
  const starts = windowStarts(recording.sound.samples, { frames, every, hop });
  const sums = new Float64Array(starts.at(-1)! + frames);
  const counts = new Int32Array(sums.length);
  for (let at = 0; at < starts.length; at += WINDOWS_TOGETHER) {
    const part = starts.slice(at, at + WINDOWS_TOGETHER);
    const values = part.map((start) =>
      chunkValues(readSamples(recording.sound, start * hop, chunk.samples), kernel, frames),
    );
    const windows: SoundSet = {
      ...{ rows: part.length, bands, frames, targets: new Float32Array(), targetSize: 0 },
      values: standardise(concatenate(values), scale),
    };
    const { probabilities } = await predictStrf(engine, network, trained, windows, { signal });
    part.forEach((start, row) => {
      for (let t = 0; t < frames; t++) {
        sums[start + t]! += probabilities[(row * frames + t) * SPEECH_CLASSES.length + 1]!;
        counts[start + t]!++;
      }
    });
  }
  return {
    // Windows further apart than they are long leave frames that none sees.
    probabilities: Float32Array.from(sums, (sum, t) => (counts[t]! > 0 ? sum / counts[t]! : 0)),
    frameRate: rate,
    start: chunk.middle - 0.5 / rate,
    reference: recording.speech,
    scored: recording.scored,
  };
}
