import { concatenate } from '../../base/concatenate';
import type { Engine } from '../../engine';
import {
  detectionErrorRate,
  detectionSeconds,
  hysteresis,
  trackErrorRate,
  tuneHysteresis,
  type ProbabilityTrack,
} from '../detection';
import { bandsPerOctave, createLogMel, frameRate } from '../../features/mel/logMel';
import { formatRttm } from '../../corpus';
import { createSpeechNetwork, SPEECH_CLASSES, type StrfNetwork } from '../networks';
import {
  classTargets,
  logMelScale,
  madeSounds,
  standardise,
  storedSounds,
  type LogMelScale,
  type SoundSet,
  type SoundSource,
} from '../soundSet';
import { predictStrf, type TrainedStrf, type TrainingContext } from '../train';
import { createNoiseMixer, type NoiseSettings } from './noiseFolder';
import { contentHash, samplesFor } from './sounds';
import { readSpeechFolder, SPEECH_PARTS } from '../../corpus';
import { sizedLayer, withTrained, type PreparedTask, type TaskExtras, type TaskSettings } from './task';
import { blocksOf, cutWindows, frameLabels, type Windows } from './speechWindows';

/** Settings of the speech activity task. */
export interface SpeechSettings extends TaskSettings {
  readonly contraction: number;
  readonly recurrent: readonly number[];
  readonly dense: readonly number[];
  /** Distance between the beginnings of training excerpts, seconds. */
  readonly excerptEvery: number;
  /** Distance between the beginnings of scored windows, as a share of a window. */
  readonly windowStep: number;
  /** Seconds of the blocks that are resampled for intervals. */
  readonly blockSeconds: number;
  /** Noise in training, where a folder of noise is given. Default 5 to 20 dB. */
  readonly noise?: NoiseSettings;
}

/**
 * Reads a speech activity task. Windows are standardised one by one, as the network sees them; a window's
 * frame is speech when its middle is. Onset, offset and shortest durations are chosen on the development
 * part.
 */
export async function prepareSpeech(
  folder: string,
  settings: SpeechSettings,
  { noise: noiseFolder, signal }: TaskExtras = {},
): Promise<PreparedTask> {
  const { frontEnd, frames } = settings;
  const noise =
    noiseFolder === undefined
      ? undefined
      : createNoiseMixer(noiseFolder, frontEnd, settings.noise ?? {}, [5, 20]);
  const kernel = createLogMel(frontEnd);
  const rate = frameRate(frontEnd);
  const [train, development, test] = [[], [], []] as [Windows[], Windows[], Windows[]];
  for (const [i, list] of [train, development, test].entries())
    for (const recording of readSpeechFolder(folder, SPEECH_PARTS[i]!))
      list.push(
        await cutWindows(recording, kernel, frames, {
          every: Math.round(i === 0 ? settings.excerptEvery * rate : settings.windowStep * frames),
          last: i === 0 ? 'drop' : 'align',
          samples: i === 0 && noise !== undefined ? 'keep' : 'drop',
          signal,
        }),
      );
  const trainValues = concatenate(train.map(({ values }) => values));
  const scale = logMelScale(trainValues);
  const labels = concatenate(train.map((recording) => frameLabels(recording, settings)));
  const trainSet: SoundSet = {
    values: standardise(trainValues, scale),
    rows: trainValues.length / (frontEnd.bands * frames),
    bands: frontEnd.bands,
    frames,
    targets: classTargets(labels, SPEECH_CLASSES.length),
    targetSize: frames * SPEECH_CLASSES.length,
  };
  const windows = train.flatMap(({ samples, starts }) =>
    Array.from(starts, (start) => ({ samples, from: start * frontEnd.hop })),
  );
  const sourceOf = (seed: number): SoundSource =>
    noise === undefined
      ? storedSounds(trainSet)
      : madeSounds(trainSet, async (row, step) => {
          const { samples, from } = windows[row]!;
          const window = samples!.subarray(from, from + samplesFor(frames, frontEnd));
          return standardise(kernel.compute(await noise.mix(window, seed, step, row)).values, scale);
        });
  const blocks = test.flatMap((recording) => blocksOf(recording, settings.blockSeconds));
  const always = detectionErrorRate(
    test.map(({ speech, scored, seconds }) =>
      detectionSeconds({ reference: speech, hypothesis: [{ begin: 0, end: seconds }], scored }),
    ),
  );
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
      [trainValues, labels],
      [
        noise?.identity,
        ...[...development, ...test].map(({ name, speech, scored, values }) => [
          name,
          speech,
          scored,
          contentHash([values], null),
        ]),
      ],
    ),
    units: { frameRate: rate, bandsPerOctave: bandsPerOctave(frontEnd), shape },
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
      `${train.length} recordings to train on, ${development.length} to tune on, ${test.length} to test (${always.speech.toFixed(1)} s of speech in ${test.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s).`,
      `Intervals come from resampling blocks of ${settings.blockSeconds} s of the test recordings; with few blocks they are wide.`,
    ],
    baselines: {
      'always speech': { error: always.rate, missed: always.missed, falseAlarm: always.falseAlarm },
    },
    run: (engine, strf, seed, context) => {
      const network = createSpeechNetwork(engine, {
        bands: frontEnd.bands,
        strf: sizedLayer(settings, strf),
        contraction: settings.contraction,
        recurrent: settings.recurrent,
        dense: settings.dense,
      });
      const training = { ...settings.training, seed };
      return withTrained(engine, network, sourceOf(seed), training, context, async (trained) => {
        const tracksOf = async (list: readonly Windows[]): Promise<ProbabilityTrack[]> => {
          const tracks: ProbabilityTrack[] = [];
          for (const recording of list)
            tracks.push(await trackOf(engine, network, trained, recording, scale, settings, context));
          return tracks;
        };
        const tuning = await tracksOf(development);
        const rule = tuneHysteresis(tuning);
        const detected = (await tracksOf(test)).map((track) =>
          hysteresis(track.probabilities, track.frameRate, rule, track.start),
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
  trained: Pick<TrainedStrf, 'values' | 'buffers'>,
  recording: Windows,
  scale: LogMelScale,
  { frames, frontEnd }: SpeechSettings,
  { signal }: TrainingContext,
): Promise<ProbabilityTrack> {
  const { starts } = recording;
  const windows: SoundSet = {
    values: standardise(recording.values, scale),
    rows: starts.length,
    bands: frontEnd.bands,
    frames,
    targets: new Float32Array(),
    targetSize: 0,
  };
  const { probabilities } = await predictStrf(engine, network, trained, windows, { signal });
  const sums = new Float64Array(starts.at(-1)! + frames);
  const counts = new Int32Array(sums.length);
  starts.forEach((start, row) => {
    for (let t = 0; t < frames; t++) {
      sums[start + t]! += probabilities[(row * frames + t) * SPEECH_CLASSES.length + 1]!;
      counts[start + t]!++;
    }
  });
  return {
    // Windows further apart than they are long leave frames that none sees.
    probabilities: Float32Array.from(sums, (sum, t) => (counts[t]! > 0 ? sum / counts[t]! : 0)),
    frameRate: frameRate(frontEnd),
    start: (frontEnd.window - frontEnd.hop) / 2 / frontEnd.sampleRate,
    reference: recording.speech,
    scored: recording.scored,
  };
}
