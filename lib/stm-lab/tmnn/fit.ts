import { divergedError, inputError } from 'research-basics/errors';
import { checkSeed, deriveSeed } from 'research-basics/random/seeds';
import type { SnapshotPlace } from '../base/snapshot';
import type { Engine } from '../engine';
import {
  batchesByEpoch,
  type BatchGroup,
  divergenceSentence,
  type GroupResult,
  type NetworkValues,
  runTraining,
} from '../training';
import { cutSegments, randomPlace } from './data/segments';
import type { SpectrogramSource } from './data/spectrogramCache';
import { type FilterState, filterState } from './filterState';
import { predictClips } from './predict';
import { resolveFit, stageOptimiser, type TmnnFitOptions } from './schedule';
import type { TmnnSpec } from './spec';
import { createTrainer, type Task, type TmnnTrainer } from './trainer';

/** Clips to learn from. */
export interface TmnnData {
  readonly source: SpectrogramSource;
  /** 0 or 1, clips x outputs. */
  readonly labels: Float32Array;
  /** Numbers of clips. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Frames of a segment, or samples where waveforms are read. */
  readonly window: number;
}

/** One epoch of a training. */
export interface TmnnEpoch {
  /** From 1, over all stages. */
  readonly epoch: number;
  /** From 0. */
  readonly stage: number;
  readonly learningRate: number;
  /** Mean over the epoch's batches, before their updates. */
  readonly loss: number;
  readonly validationLoss: number;
  /** Bandwidth and filters after the epoch. */
  readonly filters: FilterState;
}

/** A training to be run. */
export interface TmnnFitTask {
  readonly spec: TmnnSpec;
  readonly task: Task;
  readonly data: TmnnData;
  readonly fit?: TmnnFitOptions;
  /** Keeps the state after every epoch and continues from there. */
  readonly checkpoint?: SnapshotPlace;
  readonly onEpoch?: (epoch: TmnnEpoch) => void;
  readonly onStep?: (step: number, steps: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A trained network. */
export interface TmnnFitResult {
  /** Values after the best epoch. */
  readonly best: NetworkValues;
  readonly bestEpoch: number;
  readonly history: readonly TmnnEpoch[];
  /** Before the first update. */
  readonly first: FilterState;
  /** Epochs that an earlier, killed run had done. */
  readonly resumed: number;
}

/**
 * Trains a network: each epoch one random segment of every training clip; the best epoch is that of the lowest
 * validation loss. A new stage continues from the best weights so far; momentum is kept between stages of one rule.
 *
 * The same seed gives the same weights, whether or not the training was killed and resumed.
 *
 * A batch holds `batchSize` clips, or all training clips where those are fewer.
 *
 * @throws UserError: `input` when there are fewer than two training clips, or none for validation;
 *   `interrupted` on `signal`; `diverged` when loss or weights become infinite or not a number (the epochs before stay
 *   in the checkpoint).
 */
export async function fitTmnn(engine: Engine, task: TmnnFitTask): Promise<TmnnFitResult> {
  const { spec, data, checkpoint, signal } = task;
  const fit = resolveFit(task.fit ?? {});
  const { stages, decay, windows } = fit;
  // A small corpus is one batch.
  const batchSize = Math.min(fit.batchSize, data.train.length);
  const seed = checkSeed(fit.seed);
  const { outputs } = spec;
  if (batchSize < 2)
    throw inputError(
      `tmnn: ${data.train.length} training clips are too few: normalisation over a batch needs two or more`,
    );
  if (data.validation.length === 0) throw inputError('tmnn: there are no validation clips');
  const labelsOf = (clips: readonly number[]): Float32Array => {
    const labels = new Float32Array(clips.length * outputs);
    clips.forEach((clip, row) =>
      labels.set(data.labels.subarray(clip * outputs, (clip + 1) * outputs), row * outputs),
    );
    return labels;
  };
  const validationLabels = labelsOf(data.validation);
  const trainer = createTrainer(engine, spec, task.task, stageOptimiser(stages[0]!, decay), { seed });
  try {
    const memory: { first?: FilterState } = { first: filterState(engine, trainer) };
    const { history, best, bestEpoch, divergence, resumed } = await runTraining<TmnnEpoch>(engine, {
      learner: trainer,
      stages: stages.map((stage) => ({
        epochs: stage.epochs,
        optimiser: stageOptimiser(stage, decay),
        schedule: { learningRate: stage.learningRate },
      })),
      batchesPerEpoch: Math.floor(data.train.length / batchSize),
      groupGradient: segmentGradients(trainer, data, labelsOf, batchSize, seed),
      epochRecord: async ({ epoch, stage, learningRate, sums, batches }) => {
        const validation = await predictClips(
          trainer,
          task.task,
          data.source,
          data.validation,
          validationLabels,
          { window: data.window, windows, batchSize, signal },
        );
        if (!Number.isFinite(validation.loss)) return 'validation loss';
        const filters = filterState(engine, trainer);
        const loss = sums['loss']! / (batches / epoch);
        return { epoch, stage, learningRate, loss, validationLoss: validation.loss, filters };
      },
      best: { value: ({ validationLoss }) => validationLoss, direction: 'minimise', keepsValues: true },
      memory,
      onEpoch: task.onEpoch,
      onBatch: task.onStep,
      checkpoint,
      signal,
    });
    if (divergence !== undefined)
      throw divergedError(
        `training ${divergenceSentence(divergence, `in epoch ${divergence.epoch}`, 'the recordings')}`,
      );
    return { best: best!, bestEpoch, history, first: memory.first!, resumed };
  } finally {
    trainer.dispose();
  }
}

/** One random segment of every clip of a batch. */
function segmentGradients(
  trainer: TmnnTrainer,
  { source, train, window }: TmnnData,
  labelsOf: (clips: readonly number[]) => Float32Array,
  batchSize: number,
  seed: number,
): (group: BatchGroup) => GroupResult {
  const counts = { train: train.length, trailing: 0 };
  const batchesOf = batchesByEpoch(counts, batchSize, 'shuffled', seed);
  return ({ epoch, inEpoch: step }) => {
    const clips = Array.from(batchesOf(epoch)[step]!.rows, (row) => train[row]!);
    const segments = clips.map((clip) => ({
      clip,
      from: randomPlace(source, window, seed, epoch, clip),
    }));
    const batch = {
      rows: clips.length,
      frames: window,
      power: cutSegments(source, segments, window),
      labels: labelsOf(clips),
    };
    const { loss, gradient } = trainer.gradient(batch, deriveSeed(seed, 'dropout', epoch, step));
    return { sums: { loss }, gradient };
  };
}
