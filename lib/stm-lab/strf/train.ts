import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { divergedError } from 'research-basics/errors';
import { argMax, firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { concatenate } from '../base/concatenate';
import type { SnapshotPlace } from '../base/snapshot';
import type { Engine } from '../engine';
import {
  type BufferStore,
  createBuffers,
  createLearner,
  divergenceSentence,
  initialValues,
  lossGradient,
  type OptimiserOptions,
  runTraining,
  unpack,
} from '../training';
import type { GaborFilter } from './kernels';
import type { StrfNetwork } from './networks';
import { selectSounds, storedSounds, type SoundSet, type SoundSource } from './soundSet';

/** How a network is trained. */
export interface StrfTraining {
  /** Updates. Default 300. */
  readonly steps?: number;
  /** Spectrograms per update. Default 16. */
  readonly batch?: number;
  /** Default 0.002. */
  readonly learningRate?: number;
  /** Default Adam with the gradient's norm kept to 1. */
  readonly optimiser?: OptimiserOptions;
  /** Default 1. */
  readonly seed?: number;
  /** Updates between records of loss and filters, and between checkpoints. Default 50. */
  readonly recordEvery?: number;
}

/** Progress and interruption. */
export interface TrainingContext {
  readonly checkpoint?: SnapshotPlace | undefined;
  readonly signal?: AbortSignal | undefined;
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
}

/** A trained network's values and how they came about. */
export interface TrainedStrf {
  readonly values: Float32Array;
  readonly buffers: Float32Array;
  readonly records: readonly TrainingRecord[];
}

/**
 * Trains a network: batches run through the rows in a new order every pass; the order, the start and
 * dropout come from the seed alone, so a training that was killed goes on to the same result.
 *
 * @throws UserError: `interrupted` when asked to stop, after its checkpoint was written; `diverged` when loss or
 *   weights become infinite or not a number (the checkpoint before stays).
 */
export async function trainStrf(
  engine: Engine,
  network: StrfNetwork,
  data: SoundSet | SoundSource,
  options: StrfTraining = {},
  context: TrainingContext = {},
): Promise<TrainedStrf> {
  const { tf } = engine;
  const { steps = 300, batch = 16, learningRate = 0.002, seed = 1, recordEvery = 50 } = options;
  const { layout } = network;
  const optimiser = options.optimiser ?? { rule: { kind: 'adam' }, clipNorm: 1 };
  const start = initialValues(layout, deriveSeed(seed, 'start'));
  const learner = createLearner(engine, layout, network.buffers, optimiser, { parameters: start });
  const source = 'batch' in data ? data : storedSounds(data);
  const rowsAt = batchRows(source.rows, Math.min(batch, source.rows), seed);
  const memory: { first?: TrainingRecord } = {};
  const recordAt = (step: number, loss: number): TrainingRecord => ({
    step,
    loss,
    ...describeFilters(network, learner.optimiser.values.dataSync() as Float32Array),
  });
  try {
    const { history, last, divergence, updates } = await runTraining<TrainingRecord>(engine, {
      learner,
      stages: [{ epochs: Math.ceil(steps / recordEvery), optimiser, schedule: { learningRate } }],
      batchesPerEpoch: recordEvery,
      batches: steps,
      groupGradient: async ({ inTraining: step }) => {
        const sounds = await source.batch(rowsAt(step), step);
        const dropoutSeed = deriveSeed(seed, 'dropout', step);
        const { loss, gradient } = tf.tidy(() => {
          const { x, targets } = batchTensors(engine, network, sounds);
          return lossGradient(engine, layout, learner.optimiser.values, (parameters) =>
            network.loss({ parameters, buffers: learner.buffers }, x, targets, dropoutSeed),
          ) as { loss: Scalar; gradient: Tensor1D };
        });
        const value = loss.dataSync()[0]!;
        loss.dispose();
        if (step === 0) {
          memory.first = recordAt(0, value);
          context.onRecord?.(memory.first);
        }
        return { sums: { loss: value }, gradient };
      },
      epochRecord: ({ epoch, batches: step, sums }) =>
        recordAt(step, sums['loss']! / (step - (epoch - 1) * recordEvery)),
      memory,
      onEpoch: (record) => context.onRecord?.(record),
      checkpoint: context.checkpoint,
      signal: context.signal,
    });
    if (divergence !== undefined)
      throw divergedError(
        `training ${divergenceSentence(divergence, `at update ${updates}`, 'the recordings')}`,
      );
    return { values: last.parameters, buffers: last.buffers, records: [memory.first!, ...history] };
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

function batchTensors(
  { tf }: Engine,
  network: StrfNetwork,
  { values, rows, bands, frames, targets }: SoundSet,
): { x: Tensor3D; targets: Tensor2D } {
  return {
    x: tf.tensor3d(values, [rows, bands, frames]),
    targets: tf.tensor2d(targets, [targets.length / network.outputs, network.outputs]),
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

/** What a trained network says of spectrograms. */
export interface StrfPredictions {
  /** rows (or rows x frames) x outputs. */
  readonly probabilities: Float32Array;
  /** rows x size; empty where the network has no embeddings. */
  readonly embeddings: Float32Array;
}

/**
 * Runs a trained network over spectrograms, `batch` (default 64) at a time.
 *
 * @throws UserError: `interrupted` on `signal`; `diverged` when an output is not a number.
 */
export async function predictStrf(
  engine: Engine,
  network: StrfNetwork,
  { values, buffers }: Pick<TrainedStrf, 'values' | 'buffers'>,
  data: SoundSet,
  { batch = 64, signal }: { readonly batch?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<StrfPredictions> {
  const { tf } = engine;
  const store: BufferStore = createBuffers(engine, network.buffers);
  const probabilities: Float32Array[] = [];
  const embeddings: Float32Array[] = [];
  const pace = createPace(signal, 'prediction');
  try {
    store.write(buffers);
    for (let from = 0; from < data.rows; from += batch) {
      await pace();
      const rows = Int32Array.from({ length: Math.min(batch, data.rows - from) }, (_, i) => from + i);
      tf.tidy(() => {
        const { x } = batchTensors(engine, network, selectSounds(data, rows));
        const parameters = unpack(engine, network.layout, tf.tensor1d(values));
        const state = { parameters, buffers: store };
        probabilities.push(Float32Array.from(network.predict(state, x).dataSync()));
        if (network.embed !== undefined)
          embeddings.push(Float32Array.from(network.embed(state, x).dataSync()));
      });
    }
  } finally {
    store.dispose();
  }
  const found = { probabilities: concatenate(probabilities), embeddings: concatenate(embeddings) };
  for (const [name, all] of Object.entries(found)) {
    const wrong = firstNotFinite(all);
    if (wrong >= 0)
      throw divergedError(
        `prediction: the network's ${name} hold ${all[wrong]} (value ${wrong} of ${all.length}); the training has diverged, lower the learning rate`,
      );
  }
  return found;
}
