import type { Engine } from '../../engine';
import type { GroupDesign } from '../../evaluation';
import type { InitialOptions } from '../../features/strf/initial';
import type { StrfOptions } from '../layer';
import type { LogMelParameters } from '../../features/mel/logMel';
import type { FrontOptions, StrfNetwork } from '../networks';
import type { InputScale, SoundSet, SoundSource } from '../soundSet';
import {
  trainStrf,
  type StrfTraining,
  type TrainedStrf,
  type TrainingContext,
  type TrainingRecord,
} from '../train';
import type { UnitContext } from '../units';

/** The four tasks of Riad et al. 2021. */
export type StrfTaskName = 'speaker' | 'speech' | 'birds' | 'urban';

/** What all tasks' settings share. */
export interface TaskSettings {
  readonly frontEnd: LogMelParameters;
  /** Frames of every spectrogram that the network sees. */
  readonly frames: number;
  readonly strf: {
    readonly filters: number;
    readonly frequencyTaps: number;
    readonly timeTaps: number;
    /** Law of the starting carriers; default `geometric`. */
    readonly carriers?: InitialOptions['carriers'];
  } & Pick<StrfOptions, 'grid' | 'output' | 'sigmaBounds' | 'sigmaRate'>;
  /** Default `standardised`. */
  readonly input?: InputScale;
  readonly training: StrfTraining;
}

/** Settings of the tasks whose networks have a front part. */
export interface FrontSettings extends TaskSettings, Pick<FrontOptions, 'mapDropout' | 'appendSpectrogram'> {
  readonly contraction: number;
}

/** The front part of a task's network. */
export function frontOptions(settings: FrontSettings, strf: StrfOptions): FrontOptions {
  const { frontEnd, contraction, mapDropout = 0, appendSpectrogram = false } = settings;
  return {
    bands: frontEnd.bands,
    strf: sizedLayer(settings, strf),
    contraction,
    mapDropout,
    appendSpectrogram,
  };
}

/** What a task may be given besides its recordings. */
export interface TaskExtras {
  /** Folder of noise that is added to training sounds: see `readNoiseFolder`. */
  readonly noise?: string | undefined;
  /** Folder for decoded recordings of the speech task; default `stm-lab-sounds` in the system's temporary folder. */
  readonly cache?: string | undefined;
  /** Ends the reading of recordings. */
  readonly signal?: AbortSignal | undefined;
}

/** What one training left behind. */
export interface CellOutcome {
  /** Named scores of this training alone. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Loss and filters on the way; of several folds, the first's. */
  readonly records: readonly TrainingRecord[];
  /** Predictions, as the task's `statistic` reads them. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Text files for the reader, by name, e.g. detected speech as RTTM. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A score of a task. */
export interface TaskMeasure {
  readonly name: string;
  readonly title: string;
  readonly better: 'higher' | 'lower';
}

/** Progress and interruption of a task's training, and what it is for. */
export interface TaskContext extends TrainingContext {
  /**
   * `test` (default): scores on the test recordings. `development`: the metric `development` alone, of the best record
   * (`epoch: 'best'`); of several folds the first is trained, and its test recordings are not heard.
   */
  readonly purpose?: 'test' | 'development' | undefined;
}

/** A task with its sounds read, ready to train and score any variant of the layer. */
export interface PreparedTask {
  readonly name: StrfTaskName;
  /** SHA-256 of sounds and targets. */
  readonly hash: string;
  /** Units of the filters' modulations, without the grid. */
  readonly units: Omit<UnitContext, 'grid'>;
  /** The first is the main one. */
  readonly measures: readonly TaskMeasure[];
  /**
   * The score on the development part: recordings of the training part that are held out (see `StrfTraining.epoch`), by
   * which the best record of a training is chosen, and settings in a search.
   */
  readonly development: TaskMeasure;
  /** What is resampled for intervals: one row per scored unit. */
  readonly design: GroupDesign;
  /** One sentence each: what was left out, what the numbers do not show. */
  readonly remarks: readonly string[];
  /** Scores without any learning, by name. */
  readonly baselines: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Conditions without a network, by name. */
  readonly classifiers?: Readonly<
    Record<string, (seed: number, signal: AbortSignal | undefined) => Promise<CellOutcome>>
  >;
  run(engine: Engine, strf: StrfOptions, seed: number, context: TaskContext): Promise<CellOutcome>;
  /** Scores of one training, as a function of how often each unit counts. */
  statistic(cell: Pick<CellOutcome, 'outputs'>): (weights: Float64Array) => Record<string, number>;
}

/** The layer of a task, with the settings' size. */
export function sizedLayer(settings: TaskSettings, strf: StrfOptions): StrfOptions {
  const { frequencyTaps, timeTaps, carriers, ...rest } = settings.strf;
  const initial = carriers === undefined ? strf.initial : { ...strf.initial, carriers };
  return {
    ...rest,
    ...strf,
    shape: { frequencyTaps, timeTaps },
    ...(initial === undefined ? {} : { initial }),
  };
}

/** Trains a network made for the purpose and hands it to `use`; it is disposed whatever happens. */
export async function withTrained<T>(
  engine: Engine,
  network: StrfNetwork,
  data: SoundSet | SoundSource,
  training: StrfTraining,
  context: TrainingContext,
  use: (trained: TrainedStrf) => T | Promise<T>,
): Promise<T> {
  try {
    return await use(await trainStrf(engine, network, data, training, context));
  } finally {
    network.dispose();
  }
}

/** Checkpoint place of one fold of a training. */
export function foldContext(context: TrainingContext, fold: string): TrainingContext {
  if (context.checkpoint === undefined) return context;
  const { folder, identity } = context.checkpoint;
  return { ...context, checkpoint: { folder: `${folder}/${fold}`, identity: `${identity} ${fold}` } };
}
