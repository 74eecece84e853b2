import type { Engine } from '../../engine';
import type { GroupDesign } from '../../evaluation';
import type { StrfOptions } from '../layer';
import type { LogMelParameters } from '../../features/mel/logMel';
import type { StrfNetwork } from '../networks';
import type { SoundSet, SoundSource } from '../soundSet';
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
  readonly strf: { readonly filters: number; readonly frequencyTaps: number; readonly timeTaps: number };
  readonly training: StrfTraining;
}

/** What a task may be given besides its recordings. */
export interface TaskExtras {
  /** Folder of noise that is added to training sounds: see `readNoiseFolder`. */
  readonly noise?: string | undefined;
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

/** A task with its sounds read, ready to train and score any variant of the layer. */
export interface PreparedTask {
  readonly name: StrfTaskName;
  /** SHA-256 of sounds and targets. */
  readonly hash: string;
  /** Units of the filters' modulations, without the grid. */
  readonly units: Omit<UnitContext, 'grid'>;
  /** The first is the main one. */
  readonly measures: readonly TaskMeasure[];
  /** What is resampled for intervals: one row per scored unit. */
  readonly design: GroupDesign;
  /** One sentence each: what was left out, what the numbers do not show. */
  readonly remarks: readonly string[];
  /** Scores without any learning, by name. */
  readonly baselines: Readonly<Record<string, Readonly<Record<string, number>>>>;
  run(engine: Engine, strf: StrfOptions, seed: number, context: TrainingContext): Promise<CellOutcome>;
  /** Scores of one training, as a function of how often each unit counts. */
  statistic(cell: Pick<CellOutcome, 'outputs'>): (weights: Float64Array) => Record<string, number>;
}

/** The layer of a task, with the settings' size. */
export function sizedLayer(settings: TaskSettings, strf: StrfOptions): StrfOptions {
  const { filters, frequencyTaps, timeTaps } = settings.strf;
  return { filters, shape: { frequencyTaps, timeTaps }, ...strf };
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
