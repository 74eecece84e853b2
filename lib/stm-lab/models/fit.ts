import { divergedError, inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { concatenate } from '../base/concatenate';
import type { Engine } from '../engine';
import { batchesByEpoch, trainingSize } from '../training/batches';
import { collectionWeights } from '../training/collectionWeights';
import { lossAndGradient, resolveLoss } from '../training/focalLoss';
import { runTraining } from '../training/loop';
import { separate } from '../training/parameters';
import { type BatchGroup, divergenceSentence, type EpochEnd, type GroupResult } from '../training/task';
import { checkRows, fingerprint, rowCollector, type StreamedRows } from './data';
import { createModel, type MlpModel, type ModelInfo } from './model';
import { type FitOptions, resolveFitOptions, type ResolvedFitOptions } from './options';
import { networkProbabilities } from './predict';
import { checkSpec, initialWeights, type MlpSpec, networkLayout } from './spec';
import { countCorrect, createTrainer, optimiserOf, type Trainer } from './trainer';

/** A figure of merit of predicted probabilities (float32, rows x classes) against class numbers. */
export type EpochMetric = (labels: Int32Array, probabilities: Float32Array, classes: number) => number;

/** What is known after one epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean over the epoch's rows of the loss while training, L1 penalty included. */
  readonly loss: number;
  /** Training accuracy. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Weight updates so far. */
  readonly updates: number;
  /** `loss` (with the penalty), `accuracy` and every given metric on the validation rows after the epoch. */
  readonly validation?: Readonly<Record<string, number>>;
}

/** What `fitMlp` trains, on what, and what it calls meanwhile. Rows that do not lie in memory give the same bits as rows that do. */
export interface FitTask {
  readonly spec: MlpSpec;
  readonly train: StreamedRows;
  /** Rows trained on after `train` in every epoch, in stored order (the paper's final fit adds validation rows so). */
  readonly trailing?: StreamedRows;
  readonly validation?: StreamedRows;
  readonly options?: FitOptions;
  /** Metrics computed on the validation rows after each epoch. */
  readonly metrics?: Readonly<Record<string, EpochMetric>>;
  /** Weights to start from (in the order of `networkLayout`) instead of seeded ones. */
  readonly start?: readonly Float32Array[];
  readonly info?: Partial<ModelInfo>;
  /** Called after each epoch, before its checkpoint is written; `stop` ends the training there. */
  readonly onEpoch?: (record: EpochRecord) => 'stop' | void | Promise<'stop' | void>;
  /** Saves after every epoch, and continues from what is there. */
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
  const weights = rowWeights(task, options);
  const trainer = createTrainer(
    engine,
    spec,
    options,
    loss,
    concatenate(task.start ?? initialWeights(spec, options.seed)),
  );
  try {
    const result = await runTraining<EpochRecord>(engine, {
      learner: trainer.learner,
      stages: [{ epochs: options.epochs, optimiser: optimiserOf(options), schedule: options }],
      batchesPerEpoch: size.batchesPerEpoch,
      accumulation: options.accumulation,
      together: trainer.together,
      groupGradient: groupGradients(task, options, trainer, counts, weights),
      onUpdate: trainer.refresh,
      epochRecord: (end) => recordOf(engine, task, trainer, loss, end),
      best: options.earlyStopping && {
        ...options.earlyStopping,
        value: ({ validation }) => validation![options.earlyStopping!.monitor]!,
        keepsValues: options.restore === 'best',
      },
      onEpoch: task.onEpoch,
      checkpoint: checkpoint && {
        folder: checkpoint.folder,
        identity: identityOf(engine, task, options, weights),
      },
      signal: task.signal,
    });
    const { history, stopped, divergence, updates, dropped, resumed } = result;
    const restored = options.restore === 'best' ? result.best : undefined;
    return {
      model: createModel(
        spec,
        separate(networkLayout(spec), (restored ?? result.last).parameters),
        task.info,
      ),
      history,
      bestEpoch: restored === undefined ? history.length : result.bestEpoch,
      stopped,
      ...(divergence === undefined
        ? {}
        : {
            divergence: divergenceSentence(
              divergence,
              `in epoch ${divergence.epoch}`,
              'the scale of the features',
            ),
          }),
      updates,
      dropped,
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

/** Weights of the rows of each set in the loss; undefined where each weighs 1. */
function rowWeights(
  { train, trailing }: FitTask,
  { loss: { collectionBalance = 0 } }: ResolvedFitOptions,
): Float32Array[] | undefined {
  if (collectionBalance === 0) return undefined;
  const sources = trailing === undefined ? [train] : [train, trailing];
  const collections = sources.map((source) => {
    if (source.collections === undefined)
      throw inputError(
        `collection balance ${collectionBalance}: the training rows name no collections; give the manifest a column "collection", or leave collectionBalance out of the loss`,
      );
    return source.collections;
  });
  const joined = (parts: readonly Int32Array[]): Int32Array =>
    Int32Array.from(parts.flatMap((part) => [...part]));
  const y = joined(sources.map((source) => source.y));
  const weights = collectionWeights(y, joined(collections), collectionBalance);
  return [weights.subarray(0, train.rows), weights.subarray(train.rows)];
}

function identityOf(
  engine: Engine,
  task: FitTask,
  options: ResolvedFitOptions,
  weights: readonly Float32Array[] | undefined,
): string {
  const rows = [task.train, task.trailing, task.validation].map((data) =>
    data === undefined ? null : fingerprint(data),
  );
  const hashOf = (array: Float32Array): string =>
    sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return sha256([
    ...[engine.name, task.spec, options, rows, task.start?.map(hashOf) ?? null],
    ...[Object.keys(task.metrics ?? {}), ...(weights?.map(hashOf) ?? [])],
  ]);
}

/** Gathers the rows of each group of micro-batches and passes them through the network. */
function groupGradients(
  { train, trailing }: FitTask,
  { batchSize, order, seed }: ResolvedFitOptions,
  trainer: Trainer,
  counts: { train: number; trailing: number },
  weightsOf: readonly Float32Array[] | undefined,
): (group: BatchGroup) => GroupResult {
  const sources = trailing === undefined ? [train] : [train, trailing];
  const collector = rowCollector(sources, trainer.together * batchSize, weightsOf);
  const batchesOf = batchesByEpoch(counts, batchSize, order, seed);
  return ({ epoch, inEpoch, inTraining, count }) => {
    const batches = batchesOf(epoch).slice(inEpoch, inEpoch + count);
    for (const { source, rows } of batches) collector.add(source, rows);
    const { x, labels, excerpts, weights } = collector.take();
    const sizes = batches.map(({ rows }) => rows.length);
    return trainer.gradient(x, labels, inTraining, sizes, excerpts, weights);
  };
}

/** What is known after an epoch, or which numbers of it are not numbers. */
function recordOf(
  engine: Engine,
  { spec, validation, metrics = {} }: FitTask,
  trainer: Trainer,
  loss: ReturnType<typeof resolveLoss>,
  { epoch, sums, learningRate, updates }: EpochEnd,
): EpochRecord | 'validation loss' | 'outputs on the validation rows' {
  const record: EpochRecord = {
    epoch,
    loss: sums['loss']! / sums['rows']!,
    accuracy: sums['correct']! / sums['rows']!,
    learningRate,
    updates,
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
