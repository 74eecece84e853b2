import { divergedError, inputError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { checkSeed, deriveSeed } from 'research-basics/random/seeds';
import { readSnapshot, writeSnapshot, type SnapshotPlace } from '../base/snapshot';
import type { Engine } from '../engine';
import { epochBatches } from '../training/batches';
import { cutSegments, randomFrame } from './data/segments';
import type { SpectrogramSource } from './data/spectrogramCache';
import { type FilterState, filterState } from './filterState';
import { predictClips } from './predict';
import { resolveFit, type Stage, stageOptimiser, type TmnnFitOptions } from './schedule';
import type { TmnnSpec } from './spec';
import { createTrainer, type Task, type TmnnTrainer, type TmnnValues } from './trainer';

/** Clips to learn from. */
export interface TmnnData {
  readonly source: SpectrogramSource;
  /** 0 or 1, clips x outputs. */
  readonly labels: Float32Array;
  /** Numbers of clips. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Frames of a segment. */
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
  /** Keeps the state after every epoch and goes on from there. */
  readonly checkpoint?: SnapshotPlace;
  readonly onEpoch?: (epoch: TmnnEpoch) => void;
  readonly onStep?: (step: number, steps: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A trained network. */
export interface TmnnFitResult {
  /** Values after the best epoch. */
  readonly best: TmnnValues;
  readonly bestEpoch: number;
  readonly history: readonly TmnnEpoch[];
  /** Before the first update. */
  readonly first: FilterState;
  /** Epochs that an earlier, killed run had done. */
  readonly resumed: number;
}

interface Progress {
  readonly updates: number;
  readonly history: readonly TmnnEpoch[];
  readonly bestEpoch: number;
  readonly first: FilterState;
}

/**
 * Trains a network: each epoch one random segment of every training clip; the best epoch is that of the lowest
 * validation loss. A new stage goes on from the best weights so far; momentum is kept between stages of one rule.
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
  const plan = stages.flatMap((stage, number) =>
    Array.from({ length: stage.epochs }, (_, i) => ({ ...stage, number, first: i === 0 })),
  );
  const saved =
    checkpoint === undefined ? undefined : readSnapshot<Progress>(checkpoint.folder, checkpoint.identity);
  const done = saved?.progress.history.length ?? 0;
  const trainer = createTrainer(
    engine,
    spec,
    task.task,
    stageOptimiser(stages[saved?.progress.history.at(-1)?.stage ?? 0]!, decay),
    { seed },
  );
  try {
    const first = saved?.progress.first ?? filterState(engine, trainer);
    const history: TmnnEpoch[] = [...(saved?.progress.history ?? [])];
    let bestEpoch = saved?.progress.bestEpoch ?? 0;
    let best: TmnnValues = trainer.read();
    if (saved !== undefined) best = restore(trainer, saved.arrays, saved.progress.updates);
    for (const [at, stage] of plan.entries()) {
      if (at < done) continue;
      const epoch = at + 1;
      if (stage.first && at > 0) enterStage(trainer, stages[stage.number - 1]!, stage, best, decay);
      const loss = await trainEpoch(trainer, { ...data, labelsOf, batchSize, seed, epoch, stage }, task);
      const validation = await predictClips(
        trainer,
        task.task,
        data.source,
        data.validation,
        validationLabels,
        {
          window: data.window,
          windows,
          batchSize,
          signal,
        },
      );
      if (!Number.isFinite(validation.loss) || firstNotFinite(trainer.optimiser.read().values) >= 0)
        throw divergedError(
          `training diverged in epoch ${epoch}: its weights became infinite or not a number (learning rate ${stage.learningRate}); lower the learning rate, or check the recordings`,
        );
      const record: TmnnEpoch = {
        epoch,
        stage: stage.number,
        learningRate: stage.learningRate,
        loss,
        validationLoss: validation.loss,
        filters: filterState(engine, trainer),
      };
      if (bestEpoch === 0 || validation.loss < history[bestEpoch - 1]!.validationLoss) {
        bestEpoch = epoch;
        best = trainer.read();
      }
      history.push(record);
      if (checkpoint !== undefined) {
        const state = trainer.optimiser.read();
        writeSnapshot<Progress>(checkpoint.folder, checkpoint.identity, {
          arrays: {
            parameters: state.values,
            buffers: trainer.buffers.read(),
            bestParameters: best.parameters,
            bestBuffers: best.buffers,
            ...Object.fromEntries(state.slots.map((slot, i) => [`slot${i}`, slot])),
          },
          progress: { updates: state.updates, history, bestEpoch, first },
        });
      }
      task.onEpoch?.(record);
    }
    return { best, bestEpoch, history, first, resumed: done };
  } finally {
    trainer.dispose();
  }
}

function restore(
  trainer: TmnnTrainer,
  arrays: Readonly<Record<string, Float32Array>>,
  updates: number,
): TmnnValues {
  const slots = Object.keys(arrays).filter((name) => name.startsWith('slot'));
  trainer.optimiser.write({
    updates,
    values: arrays['parameters']!,
    slots: slots.map((name) => arrays[name]!),
  });
  trainer.buffers.write(arrays['buffers']!);
  return { parameters: arrays['bestParameters']!, buffers: arrays['bestBuffers']! };
}

/** Best weights so far; moments and momentum 0 under another rule, else kept. */
function enterStage(
  trainer: TmnnTrainer,
  before: Stage,
  stage: Stage,
  best: TmnnValues,
  decay: number,
): void {
  if (before.rule !== stage.rule) {
    trainer.changeRule(stageOptimiser(stage, decay));
    trainer.write(best);
    return;
  }
  const { updates, slots } = trainer.optimiser.read();
  trainer.optimiser.write({ updates, slots, values: best.parameters });
  trainer.buffers.write(best.buffers);
}

async function trainEpoch(
  trainer: TmnnTrainer,
  part: {
    readonly source: SpectrogramSource;
    readonly train: readonly number[];
    readonly window: number;
    readonly labelsOf: (clips: readonly number[]) => Float32Array;
    readonly batchSize: number;
    readonly seed: number;
    readonly epoch: number;
    readonly stage: Stage;
  },
  { signal, onStep }: Pick<TmnnFitTask, 'signal' | 'onStep'>,
): Promise<number> {
  const { source, train, window, labelsOf, batchSize, seed, epoch, stage } = part;
  const steps = Math.floor(train.length / batchSize);
  const pace = createPace(signal, 'training');
  let sum = 0;
  let step = 0;
  for (const { rows } of epochBatches(
    { train: train.length, trailing: 0 },
    batchSize,
    'shuffled',
    seed,
    epoch,
  )) {
    if (step === steps) break;
    await pace();
    const clips = Array.from(rows, (row) => train[row]!);
    const segments = clips.map((clip) => ({
      clip,
      from: randomFrame(source.frames(clip), window, seed, epoch, clip),
    }));
    const batch = {
      rows: clips.length,
      frames: window,
      power: cutSegments(source, segments, window),
      labels: labelsOf(clips),
    };
    const loss = trainer.step(batch, stage.learningRate, deriveSeed(seed, 'dropout', epoch, step));
    if (!Number.isFinite(loss))
      throw divergedError(
        `training diverged in epoch ${epoch}, step ${step + 1}: its loss became infinite or not a number (learning rate ${stage.learningRate}); lower the learning rate, or check the recordings`,
      );
    sum += loss;
    step++;
    onStep?.(step, steps);
  }
  return sum / steps;
}
