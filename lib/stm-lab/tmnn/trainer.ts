import type { Scalar, Tensor1D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import {
  binaryCrossEntropy,
  createLearner,
  initialValues,
  type Learner,
  lossGradient,
  type NetworkValues,
  type OptimiserOptions,
  softmaxCrossEntropy,
  unpack,
} from '../training';
import { createTmnn, type TmnnNetwork } from './network';
import { inputWidth, type TmnnSpec } from './spec';

/** What a network learns: several tags at a time (binary cross-entropy), or one class (softmax). */
export type Task = 'tags' | 'classes';

/** Segments with their labels. */
export interface SegmentBatch {
  readonly rows: number;
  /** Frames, or samples of a waveform. */
  readonly frames: number;
  /** Power spectrograms, rows x frames x bins; or waveforms, rows x samples. */
  readonly power: Float32Array;
  /** 0 or 1, rows x outputs. */
  readonly labels: Float32Array;
}

/** A network being trained. */
export interface TmnnTrainer extends Learner {
  readonly network: TmnnNetwork;
  /** Mean loss of a batch, and its gradient, which the caller disposes. */
  gradient(batch: SegmentBatch, seed: number): { readonly loss: number; readonly gradient: Tensor1D };
  /**
   * One update with a batch.
   *
   * @param seed of this step's dropout.
   * @returns mean loss of the batch before the update.
   */
  step(batch: SegmentBatch, learningRate: number, seed: number): number;
  /** Logits (rows x outputs) in evaluation. */
  logits(power: Float32Array, rows: number, frames: number): Float32Array;
}

/** Puts a network with seeded first values, or given ones, on the engine. */
export function createTrainer(
  engine: Engine,
  spec: TmnnSpec,
  task: Task,
  options: OptimiserOptions,
  start: { readonly seed: number } | NetworkValues,
): TmnnTrainer {
  const { tf } = engine;
  const network = createTmnn(engine, spec);
  const { layout } = network;
  const first = 'seed' in start ? { parameters: initialValues(layout, start.seed) } : start;
  const learner = createLearner(engine, layout, network.buffers, options, first);
  const bins = inputWidth(spec);
  const lossOf = task === 'tags' ? binaryCrossEntropy : softmaxCrossEntropy;

  const gradientOf: TmnnTrainer['gradient'] = ({ rows, frames, power, labels }, seed) => {
    const { loss, gradient } = tf.tidy(() => {
      const x = tf.tensor3d(power, [rows, frames, bins]);
      const y = tf.tensor2d(labels, [rows, spec.outputs]);
      return lossGradient(engine, layout, learner.optimiser.values, (p) =>
        lossOf(engine, network.logits(p, learner.buffers, x, 'train', seed), y),
      ) as { loss: Scalar; gradient: Tensor1D };
    });
    const value = loss.dataSync()[0]!;
    loss.dispose();
    return { loss: value, gradient };
  };
  return {
    network,
    get optimiser() {
      return learner.optimiser;
    },
    buffers: learner.buffers,
    changeRule: learner.changeRule,
    read: learner.read,
    gradient: gradientOf,
    step: (batch, learningRate, seed) => {
      const { loss, gradient } = gradientOf(batch, seed);
      learner.optimiser.update(gradient, learningRate);
      gradient.dispose();
      return loss;
    },
    logits: (power, rows, frames) =>
      tf.tidy(() => {
        const p = unpack(engine, layout, learner.optimiser.values);
        const x = tf.tensor3d(power, [rows, frames, bins]);
        return Float32Array.from(network.logits(p, learner.buffers, x, 'evaluate', 1).dataSync());
      }),
    dispose: () => [network, learner].forEach((held) => held.dispose()),
  };
}
