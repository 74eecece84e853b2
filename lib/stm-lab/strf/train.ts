import { divergedError, inputError } from 'research-basics/errors';
import { argMax } from 'research-basics/numerics/argMax';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { SnapshotPlace } from '../base/snapshot';
import type { Engine } from '../engine';
import {
  checkSchedule,
  createLearner,
  divergenceSentence,
  initialValues,
  type OptimiserOptions,
  runTraining,
  type Schedule,
} from '../training';
import type { GaborFilter } from '../features/strf/gabor';
import type { StrfNetwork } from './networks';
import { batchGradient } from './batchGradient';
import type { StrfValues } from './predict';
import { storedSounds, type SoundSet, type SoundSource } from './soundSet';

/** How a network is trained. */
export interface StrfTraining {
  /** Updates. Default 300. */
  readonly steps?: number;
  /** Spectrograms per update. Default 16. */
  readonly batch?: number;
  /**
   * Spectrograms that pass through the network together, which decides its memory; default the batch. Not for networks with
   * batch normalisation.
   */
  readonly together?: number;
  /** Default 0.002; the peak where a schedule says otherwise than `constant`. */
  readonly learningRate?: number;
  /** Course of the learning rate over the updates. Default `constant`. */
  readonly schedule?: Omit<Schedule, 'learningRate'>;
  /** Default Adam with the gradient's norm kept to 1. */
  readonly optimiser?: OptimiserOptions;
  /** Default 1. */
  readonly seed?: number;
  /** Updates between records of loss and filters, and between checkpoints. Default 50. */
  readonly recordEvery?: number;
  /**
   * Which values are scored: after the `last` update (default), or after the record that was `best` on the task's
   * development part. A task without such a part holds one out of its training recordings.
   */
  readonly epoch?: 'last' | 'best';
  /** With `epoch: 'best'`: records without improvement before the training stops. Default: never. */
  readonly patience?: number;
}

/** Sounds held out to choose the best record of a training. */
export interface StrfDevelopment {
  readonly direction: 'minimise' | 'maximise';
  /** Score of the network with these values. */
  readonly value: (trained: StrfValues) => Promise<number>;
}

/** Progress and interruption. */
export interface TrainingContext {
  readonly checkpoint?: SnapshotPlace | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Needed for `epoch: 'best'`. */
  readonly development?: StrfDevelopment | undefined;
  /** Called at every record. */
  readonly onRecord?: (record: TrainingRecord) => void;
}

/** State of a training at one step. */
export interface TrainingRecord {
  /** Updates made. */
  readonly step: number;
  /** Mean training loss since the record before; the loss of the first batch at step 0. */
  readonly loss: number;
  /** Present filters; empty for variants without. */
  readonly filters: readonly GaborFilter[];
  /** How much of each filter the next layer takes, relative to the largest (see `StrfNetwork.filterWeights`). */
  readonly weights: readonly number[];
  /** Sigmas that lie on one of their bounds. */
  readonly clamped: number;
  /** Score on the development part, where a best record is chosen; absent at step 0. */
  readonly development?: number;
  /** Whether it is the best record, whose values are scored; absent elsewhere. */
  readonly chosen?: true;
}

/** A trained network's values and how they came about. */
export interface TrainedStrf extends StrfValues {
  readonly records: readonly TrainingRecord[];
  /** Updates after which the values were taken. */
  readonly step: number;
}

/**
 * Trains a network: batches run through the rows in a new order every pass; the order, the start and
 * dropout come from the seed alone, so a training that was killed continues to the same result.
 *
 * The values are those after the last update, or after the best record (see `StrfTraining.epoch`).
 *
 * @throws UserError: `interrupted` when asked to stop, after its checkpoint was written; `diverged` when loss or
 *   weights become infinite or not a number (the checkpoint before stays); `input` for a best record without a
 *   development part, patience without a best record, or a schedule out of range.
 */
export async function trainStrf(
  engine: Engine,
  network: StrfNetwork,
  data: SoundSet | SoundSource,
  options: StrfTraining = {},
  context: TrainingContext = {},
): Promise<TrainedStrf> {
  const { steps = 300, batch = 16, learningRate = 0.002, seed = 1, recordEvery = 50 } = options;
  const { epoch: chosen = 'last', patience } = options;
  const { layout } = network;
  const schedule = { ...options.schedule, learningRate };
  checkSchedule(schedule, 'training option');
  const development = chosen === 'best' ? context.development : undefined;
  if (chosen === 'best' && development === undefined)
    throw inputError('training option epoch is "best": there is no development part to choose it on');
  if (patience !== undefined && chosen !== 'best')
    throw inputError(`training option patience is ${patience}: it needs the option epoch "best"`);
  const optimiser = options.optimiser ?? { rule: { kind: 'adam' }, clipNorm: 1 };
  const start = initialValues(layout, deriveSeed(seed, 'start'));
  const learner = createLearner(engine, layout, network.buffers, optimiser, { parameters: start });
  const source = 'batch' in data ? data : storedSounds(data);
  const rowsAt = batchRows(source.rows, Math.min(batch, source.rows), seed);
  const memory: { first?: TrainingRecord } = {};
  const best = development && {
    value: (record: TrainingRecord) => record.development!,
    direction: development.direction,
    keepsValues: true,
    ...(patience === undefined ? {} : { patience }),
  };
  const recordAt = (step: number, loss: number): TrainingRecord => ({
    step,
    loss,
    ...describeFilters(network, learner.optimiser.values.dataSync() as Float32Array),
  });
  try {
    const trained = await runTraining<TrainingRecord>(engine, {
      learner,
      stages: [{ epochs: Math.ceil(steps / recordEvery), optimiser, schedule }],
      batchesPerEpoch: recordEvery,
      batches: steps,
      groupGradient: async ({ inTraining: step }) => {
        const sounds = await source.batch(rowsAt(step), step);
        const dropoutSeed = deriveSeed(seed, 'dropout', step);
        const { loss: value, gradient } = batchGradient(engine, network, learner, sounds, {
          together: options.together,
          seed: dropoutSeed,
        });
        if (step === 0) {
          memory.first = recordAt(0, value);
          context.onRecord?.(memory.first);
        }
        return { sums: { loss: value }, gradient };
      },
      epochRecord: async ({ epoch, batches: step, sums }) => {
        const record = recordAt(step, sums['loss']! / (step - (epoch - 1) * recordEvery));
        if (development === undefined) return record;
        const { parameters, buffers } = learner.read();
        const score = await development.value({ values: parameters, buffers });
        return Number.isFinite(score) ? { ...record, development: score } : 'development score';
      },
      best,
      memory,
      onEpoch: (record) => context.onRecord?.(record),
      checkpoint: context.checkpoint,
      signal: context.signal,
    });
    const { history, divergence, updates, bestEpoch } = trained;
    if (divergence !== undefined)
      throw divergedError(
        `training ${divergenceSentence(divergence, `at update ${updates}`, 'the recordings')}`,
      );
    const { parameters, buffers } = trained.best ?? trained.last;
    const chosenAt = best === undefined ? -1 : bestEpoch - 1;
    const records = history.map((record, i) =>
      i === chosenAt ? { ...record, chosen: true as const } : record,
    );
    return {
      values: parameters,
      buffers,
      records: [memory.first!, ...records],
      step: history[bestEpoch - 1]?.step ?? updates,
    };
  } finally {
    learner.dispose();
  }
}

/** Rows of each step's batch: full batches through one order after another. */
function batchRows(rows: number, batch: number, seed: number): (step: number) => Int32Array {
  const perPass = Math.floor(rows / batch);
  let known: { pass: number; order: Int32Array } = { pass: -1, order: new Int32Array() };
  return (step) => {
    const pass = Math.floor(step / perPass);
    if (known.pass !== pass)
      known = { pass, order: randomState(deriveSeed(seed, 'order', pass)).permutation(rows) };
    const from = (step % perPass) * batch;
    return known.order.subarray(from, from + batch);
  };
}

function describeFilters(
  network: StrfNetwork,
  values: Float32Array,
): Pick<TrainingRecord, 'filters' | 'weights' | 'clamped'> {
  const filters = filtersOf(network, values);
  const norms = network.filterWeights((name) => {
    const { from, to } = network.layout.range(name);
    return values.subarray(from, to);
  });
  const largest = norms[argMax(norms)] ?? 1;
  const weights = filters.map((_, k) => norms[k]! / largest);
  const onBound = (value: number, [low, high]: readonly [number, number]): number =>
    value <= low || value >= high ? 1 : 0;
  const clamped = filters.reduce(
    (sum, { sigmaFrequency, sigmaTime }) =>
      sum +
      onBound(sigmaFrequency, network.layer.sigmaBounds.sigmaFrequency) +
      onBound(sigmaTime, network.layer.sigmaBounds.sigmaTime),
    0,
  );
  return { filters, weights, clamped: network.layer.variant === 'learn' ? clamped : 0 };
}

/** The filters that a network's values hold. */
export function filtersOf(network: StrfNetwork, values: Float32Array): GaborFilter[] {
  return network.layer.filters((name) => {
    const { from, to } = network.layout.range(name);
    return values.subarray(from, to);
  });
}
