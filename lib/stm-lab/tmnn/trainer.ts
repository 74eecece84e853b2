import type { Engine } from '../engine';
import {
  binaryCrossEntropy,
  type BufferStore,
  createBuffers,
  createOptimiser,
  initialValues,
  lossGradient,
  type Optimiser,
  type OptimiserOptions,
  softmaxCrossEntropy,
  unpack,
} from '../training';
import { createTmnn, type TmnnNetwork } from './network';
import type { TmnnSpec } from './spec';

/** What a network learns: several tags at a time (binary cross-entropy), or one class (softmax). */
export type Task = 'tags' | 'classes';

/** Segments with their labels. */
export interface SegmentBatch {
  readonly rows: number;
  readonly frames: number;
  /** Power spectrograms, rows x frames x bins. */
  readonly power: Float32Array;
  /** 0 or 1, rows x outputs. */
  readonly labels: Float32Array;
}

/** A network's values on the host. */
export interface TmnnValues {
  /** All parameters, in the order of the network's layout. */
  readonly parameters: Float32Array;
  /** Running statistics. */
  readonly buffers: Float32Array;
}

/** A network being trained. */
export interface TmnnTrainer {
  readonly network: TmnnNetwork;
  readonly optimiser: Optimiser;
  readonly buffers: BufferStore;
  /**
   * One update with a batch.
   *
   * @param seed of this step's dropout.
   * @returns mean loss of the batch before the update.
   */
  step(batch: SegmentBatch, learningRate: number, seed: number): number;
  /** Goes on under another rule, with its moments or velocity 0. */
  changeRule(options: OptimiserOptions): void;
  /** Logits (rows x outputs) in evaluation. */
  logits(power: Float32Array, rows: number, frames: number): Float32Array;
  read(): TmnnValues;
  write(values: TmnnValues): void;
  dispose(): void;
}

/** Puts a network with seeded first values, or given ones, on the engine. */
export function createTrainer(
  engine: Engine,
  spec: TmnnSpec,
  task: Task,
  options: OptimiserOptions,
  start: { readonly seed: number } | TmnnValues,
): TmnnTrainer {
  const { tf } = engine;
  const network = createTmnn(engine, spec);
  const { layout } = network;
  const buffers = createBuffers(engine, network.buffers);
  const first = 'seed' in start ? initialValues(layout, start.seed) : start.parameters;
  if (!('seed' in start)) buffers.write(start.buffers);
  let optimiser = createOptimiser(engine, layout, first, options);
  let rule = options;
  const bins = spec.analysis.fftLength / 2 + 1;
  const lossOf = task === 'tags' ? binaryCrossEntropy : softmaxCrossEntropy;

  const replace = (values: Float32Array): void => {
    optimiser.dispose();
    optimiser = createOptimiser(engine, layout, values, rule);
  };
  return {
    network,
    get optimiser() {
      return optimiser;
    },
    buffers,
    step: ({ rows, frames, power, labels }, learningRate, seed) =>
      tf.tidy(() => {
        const x = tf.tensor3d(power, [rows, frames, bins]);
        const y = tf.tensor2d(labels, [rows, spec.outputs]);
        const { loss, gradient } = lossGradient(engine, layout, optimiser.values, (p) =>
          lossOf(engine, network.logits(p, buffers, x, 'train', seed), y),
        );
        optimiser.update(gradient, learningRate);
        return loss.dataSync()[0]!;
      }),
    changeRule: (next) => {
      const { values } = optimiser.read();
      rule = next;
      replace(values);
    },
    logits: (power, rows, frames) =>
      tf.tidy(() => {
        const p = unpack(engine, layout, optimiser.values);
        const x = tf.tensor3d(power, [rows, frames, bins]);
        return Float32Array.from(network.logits(p, buffers, x, 'evaluate', 1).dataSync());
      }),
    read: () => ({ parameters: optimiser.read().values, buffers: buffers.read() }),
    write: (values) => {
      replace(values.parameters);
      buffers.write(values.buffers);
    },
    dispose: () => [network, optimiser, buffers].forEach((held) => held.dispose()),
  };
}
