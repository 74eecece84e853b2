import { divergedError, inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import type { Engine } from '../engine';
import { epochBatches, trainingSize } from '../training/batches';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import { checkRows, fingerprint, type LabelledRows, rowCollector } from './data';
import { lossAndGradient, resolveLoss } from '../training/focalLoss';
import { createModel, type MlpModel, type ModelInfo } from './model';
import { type FitOptions, resolveFitOptions, type ResolvedFitOptions } from './options';
import { networkProbabilities } from './predict';
import { concatenate } from '../base/concatenate';
import { separate } from '../training/parameters';
import { checkSpec, initialWeights, type MlpSpec, networkLayout } from './spec';
import { countCorrect, createTrainer, type Trainer } from './trainer';

/** A figure of merit of predicted probabilities (float32, rows x classes) against class numbers. */
export type EpochMetric = (labels: Int32Array, probabilities: Float32Array, classes: number) => number;

/** What is known after one epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the epoch's rows of the loss while training, L1 penalty included. */
  readonly loss: number;
  /** Share of rows right while training. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Weight updates so far. */
  readonly updates: number;
  /** `loss` (with the penalty), `accuracy` and every given metric on the validation rows after the epoch. */
  readonly validation?: Readonly<Record<string, number>>;
}

/** What `fitMlp` trains, on what, and who is told. */
export interface FitTask {
  readonly spec: MlpSpec;
  readonly train: LabelledRows;
  /** Rows trained on after `train` in every epoch, in stored order (the paper's final fit adds validation rows so). */
  readonly trailing?: LabelledRows;
  readonly validation?: LabelledRows;
  readonly options?: FitOptions;
  /** Metrics computed on the validation rows after each epoch. */
  readonly metrics?: Readonly<Record<string, EpochMetric>>;
  /** Weights to start from (in the order of `networkLayout`) instead of seeded ones. */
  readonly start?: readonly Float32Array[];
  readonly info?: Partial<ModelInfo>;
  /** Told after each epoch, before its checkpoint is written; `stop` ends the training there. */
  readonly onEpoch?: (record: EpochRecord) => 'stop' | void | Promise<'stop' | void>;
  /** Saves after every epoch, and goes on from what is there. */
  readonly checkpoint?: { readonly folder: string };
  readonly signal?: AbortSignal;
}

/** Outcome of a training. */
export interface FitResult {
  readonly model: MlpModel;
  readonly history: readonly EpochRecord[];
  /** Epoch (from 1) whose weights `model` has; 0: the weights before the first. */
  readonly bestEpoch: number;
  /**
   * All epochs done; `early` stopping; stopped by `onEpoch`; or loss, weights or outputs became infinite or not a number.
   * Then `model` has the best or last weights before, the epoch in question is not in `history`, and `divergence` says
   * what happened: see `converged`.
   */
  readonly stopped: 'completed' | 'early' | 'callback' | 'diverged';
  /** One sentence, when `stopped` is `diverged`. */
  readonly divergence?: string;
  readonly updates: number;
  /** Micro-batches whose gradient was dropped at the end. */
  readonly dropped: number;
  /** Epochs taken over from a checkpoint. */
  readonly resumed: number;
}

interface Progress {
  history: EpochRecord[];
  bestEpoch: number;
  bestValue: number | null;
  stopped: FitResult['stopped'] | null;
}

/**
 * The result itself, of a training whose numbers stayed numbers.
 *
 * @param what names the training at the start of the sentence, e.g. "fold 2 of seed 1".
 * @throws UserError (`diverged`) with the reason otherwise.
 */
export function converged(result: FitResult, what = 'training'): FitResult {
  if (result.divergence !== undefined) throw divergedError(`${what} ${result.divergence}`);
  return result;
}

/**
 * Trains a network. Same engine, thread count, task and seed give the same weights bit for bit, in any
 * process and after a kill and resume.
 *
 * @throws UserError: `input` for values out of range, features that are not finite, a training too small
 *   for a single update, a checkpoint of another training; `interrupted` on `signal`.
 */
export async function fitMlp(engine: Engine, task: FitTask): Promise<FitResult> {
  const { spec, train, trailing, checkpoint } = task;
  checkSpec(spec);
  const options = resolveFitOptions(task.options ?? {});
  checkTask(task, options);
  const counts = { train: train.rows, trailing: trailing?.rows ?? 0 };
  const size = trainingSize(counts, options);
  if (size.updates === 0)
    throw inputError(
      `training: ${size.batches} micro-batches make no weight update with accumulation ${options.accumulation}; lower batchSize or accumulation, or raise epochs`,
    );
  const loss = resolveLoss(options.loss, spec.classes, train.y);
  const identity = checkpoint === undefined ? '' : identityOf(engine, task, options);
  const found =
    checkpoint === undefined
      ? undefined
      : readCheckpoint<Progress>(checkpoint.folder, identity, options.accumulation);
  const progress: Progress = found?.progress ?? { history: [], bestEpoch: 0, bestValue: null, stopped: null };
  let best = found?.best;
  let divergence: string | undefined;
  const start = found?.state ?? concatenate(task.start ?? initialWeights(spec, options.seed));
  // The latest weights that are known to be numbers.
  let sound = start instanceof Float32Array ? start : start.optimiser.values;
  const resumed = progress.history.length;
  const trainer = createTrainer(engine, spec, options, loss, start, size.updates);
  try {
    while (progress.stopped === null) {
      const epoch = progress.history.length + 1;
      const sums = await trainEpoch(task, options, trainer, counts, epoch);
      const record = recordOf(engine, task, trainer, loss, epoch, sums);
      const { values: weights } = trainer.optimiser.read();
      if (typeof record === 'string' || firstNotFinite(weights) >= 0) {
        const what = typeof record === 'string' ? record : 'weights';
        divergence = `diverged in epoch ${epoch}: its ${what} became infinite or not a number (learning rate ${options.learningRate}, update ${trainer.updates}); lower the learning rate, or check the scale of the features`;
        progress.stopped = 'diverged';
        break;
      }
      sound = weights;
      progress.history.push(record);
      if (improves(record, progress, options)) {
        progress.bestEpoch = epoch;
        if (options.restore === 'best') best = weights;
      }
      const answer = await task.onEpoch?.(record);
      progress.stopped = stopReason(record, progress, options, answer);
      if (checkpoint !== undefined)
        writeCheckpoint(checkpoint.folder, identity, { state: trainer.state(), best, progress });
    }
    const restored = options.restore === 'best' && best !== undefined;
    return {
      model: createModel(spec, separate(networkLayout(spec), restored ? best! : sound), task.info),
      history: progress.history,
      bestEpoch: restored ? progress.bestEpoch : progress.history.length,
      stopped: progress.stopped,
      ...(divergence === undefined ? {} : { divergence }),
      updates: trainer.updates,
      dropped: trainer.batches % options.accumulation,
      resumed,
    };
  } finally {
    trainer.dispose();
  }
}

function checkTask(
  { spec, train, trailing, validation, metrics, start }: FitTask,
  options: ResolvedFitOptions,
): void {
  const takes = spec.attention === undefined ? 'vectors' : 'excerpts';
  for (const [name, rows] of Object.entries({ training: train, trailing, validation }))
    if (rows !== undefined) checkRows(rows, spec.inputs, spec.classes, `${name} rows`, takes);
  if (start !== undefined) createModel(spec, start);
  const stopping = options.earlyStopping;
  if (stopping === undefined) return;
  if (validation === undefined) throw inputError('early stopping needs validation rows');
  const known = ['loss', 'accuracy', ...Object.keys(metrics ?? {})];
  if (!known.includes(stopping.monitor))
    throw inputError(`early stopping monitors "${stopping.monitor}"; known are ${known.join(', ')}`);
}

function identityOf(engine: Engine, task: FitTask, options: ResolvedFitOptions): string {
  const rows = [task.train, task.trailing, task.validation].map((data) =>
    data === undefined ? null : fingerprint(data),
  );
  const start = task.start?.map((array) =>
    sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)),
  );
  return sha256([engine.name, task.spec, options, rows, start ?? null, Object.keys(task.metrics ?? {})]);
}

interface EpochSums {
  rows: number;
  loss: number;
  correct: number;
}

async function trainEpoch(
  { train, trailing, signal }: FitTask,
  options: ResolvedFitOptions,
  trainer: Trainer,
  counts: { train: number; trailing: number },
  epoch: number,
): Promise<EpochSums> {
  const sums: EpochSums = { rows: 0, loss: 0, correct: 0 };
  const collector = rowCollector(trailing === undefined ? [train] : [train, trailing], trainer.capacity);
  const sizes: number[] = [];
  const pace = createPace(signal, 'training');
  const flush = (): void => {
    const { x, labels, excerpts } = collector.take();
    const step = trainer.step(x, labels, sizes, excerpts);
    sums.rows += step.rows;
    sums.loss += step.loss;
    sums.correct += step.correct;
    sizes.length = 0;
  };
  for (const batch of epochBatches(counts, options.batchSize, options.order, options.seed, epoch)) {
    collector.add(batch.source, batch.rows);
    sizes.push(batch.rows.length);
    if (sizes.length < trainer.room()) continue;
    flush();
    if (!Number.isFinite(sums.loss)) return sums;
    await pace();
  }
  if (sizes.length > 0) flush();
  return sums;
}

/** What is known after an epoch, or which numbers of it are none. */
function recordOf(
  engine: Engine,
  { spec, validation, metrics = {} }: FitTask,
  trainer: Trainer,
  loss: ReturnType<typeof resolveLoss>,
  epoch: number,
  sums: EpochSums,
): EpochRecord | 'loss' | 'validation loss' | 'outputs on the validation rows' {
  if (!Number.isFinite(sums.loss)) return 'loss';
  const record: EpochRecord = {
    epoch,
    loss: sums.loss / sums.rows,
    accuracy: sums.correct / sums.rows,
    learningRate: trainer.learningRate,
    updates: trainer.updates,
  };
  if (validation === undefined) return record;
  const { y, rows } = validation;
  const { network, weights } = trainer;
  const probabilities = networkProbabilities(engine, network, weights, validation, spec);
  if (firstNotFinite(probabilities) >= 0) return 'outputs on the validation rows';
  const values: Record<string, number> = {
    loss: lossAndGradient(loss, probabilities, y, undefined) / rows + trainer.penalty(),
    accuracy: countCorrect(probabilities, y, spec.classes) / rows,
  };
  if (!Number.isFinite(values['loss'])) return 'validation loss';
  for (const [name, metric] of Object.entries(metrics)) values[name] = metric(y, probabilities, spec.classes);
  return { ...record, validation: values };
}

/** Whether this epoch is the best so far; keeps its value. */
function improves(record: EpochRecord, progress: Progress, { earlyStopping }: ResolvedFitOptions): boolean {
  if (earlyStopping === undefined) return true;
  const { monitor, direction, minimumChange } = earlyStopping;
  const value = record.validation![monitor]!;
  const sign = direction === 'maximise' ? 1 : -1;
  if (!Number.isFinite(value)) return false;
  if (progress.bestValue !== null && !(sign * (value - progress.bestValue) > minimumChange)) return false;
  progress.bestValue = value;
  return true;
}

function stopReason(
  record: EpochRecord,
  progress: Progress,
  { epochs, earlyStopping }: ResolvedFitOptions,
  answer: 'stop' | void,
): FitResult['stopped'] | null {
  if (answer === 'stop') return 'callback';
  if (record.epoch >= epochs) return 'completed';
  if (earlyStopping !== undefined && record.epoch - progress.bestEpoch >= earlyStopping.patience)
    return 'early';
  return null;
}
