import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Engine } from '../../engine';
import {
  createLayers,
  denseParameters,
  createLayout,
  statisticsPooling,
  timeDelay,
  timeDelayParameters,
  type TimeDelayShape,
  weightedCrossEntropy,
} from '../../training';
import type { AngularMargin } from '../verification';
import { createFront, type FrontOptions } from './front';
import type { NetworkState, StrfNetwork } from './network';

/** A time-delay layer of the trunk, without its inputs. */
export type TimeDelayStage = Omit<TimeDelayShape, 'inputs' | 'form'>;

/** Speakers: front, time-delay layers, statistics over time, embedding, angular margin. */
export interface SpeakerNetworkOptions extends FrontOptions {
  readonly speakers: number;
  /** Default the x-vector's five: 512 (5 taps), 512 (3, dilation 2), 512 (3, dilation 3), 512, 1500. */
  readonly stages?: readonly TimeDelayStage[];
  /** Default 512. */
  readonly embedding?: number;
  /** Default `weight-normalised`. */
  readonly form?: TimeDelayShape['form'];
  readonly margin?: AngularMargin;
}

/** The x-vector's time-delay layers (Snyder et al. 2018, without its segment layer 7). */
export const X_VECTOR_STAGES: readonly TimeDelayStage[] = [
  { outputs: 512, taps: 5 },
  { outputs: 512, taps: 3, dilation: 2 },
  { outputs: 512, taps: 3, dilation: 3 },
  { outputs: 512, taps: 1 },
  { outputs: 1500, taps: 1 },
];

/** The cosine of the true class stays this far from 1 and -1, where the arc cosine has no slope. */
const COSINE_GUARD = 1e-4;

/**
 * Logits of the additive angular margin loss: s cos(angle) for every class, s cos(angle + m) for the true one.
 *
 * @param cosine rows x classes.
 * @param isTrue boolean, rows x classes: true for the class of a row.
 */
export function angularMarginLogits(
  { tf }: Engine,
  cosine: Tensor2D,
  isTrue: Tensor,
  { margin = 0.05, scale = 10 }: AngularMargin = {},
): Tensor2D {
  const guarded = tf.clipByValue(cosine, -1 + COSINE_GUARD, 1 - COSINE_GUARD);
  // cos(a + m) = cos a cos m - sin a sin m, and the angle lies in 0 .. pi.
  const turned = tf.sub(
    tf.mul(guarded, Math.cos(margin)),
    tf.mul(tf.sqrt(tf.sub(1, tf.square(guarded))), Math.sin(margin)),
  );
  return tf.mul(tf.where(isTrue, turned, cosine), scale);
}

/**
 * The speaker network: additive angular margin on the cosines between embedding and class weights; its
 * probabilities are the softmax of the scaled cosines without margin. No layer has batch statistics.
 */
export function createSpeakerNetwork(engine: Engine, options: SpeakerNetworkOptions): StrfNetwork {
  const { tf } = engine;
  const { speakers, stages = X_VECTOR_STAGES, embedding = 512, form = 'weight-normalised' } = options;
  const { scale = 10 } = options.margin ?? {};
  const layers = createLayers(engine);
  const front = createFront(engine, options);
  const shapes = stages.map((stage, i): TimeDelayShape => ({
    ...stage,
    inputs: i === 0 ? front.width : stages[i - 1]!.outputs,
    form,
  }));
  const layout = createLayout([
    ...front.parameters,
    ...shapes.flatMap((shape, i) => timeDelayParameters(`frame${i + 1}`, shape)),
    ...denseParameters('embedding', 2 * stages.at(-1)!.outputs, embedding),
    {
      name: 'speakers.kernel',
      shape: [embedding, speakers],
      start: { kind: 'glorot', fanIn: embedding, fanOut: speakers },
    },
  ]);
  const embed = ({ parameters }: NetworkState, x: Tensor3D, seed?: number): Tensor2D => {
    let sequence = front.batchMajor(parameters, x, seed);
    shapes.forEach((shape, i) => {
      sequence = layers.relu(timeDelay(engine, parameters, `frame${i + 1}`, sequence, shape));
    });
    return layers.dense(parameters, 'embedding', statisticsPooling(engine, sequence));
  };
  const unit = (x: Tensor2D, axis: number): Tensor2D =>
    tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), axis, true), 1e-12)));
  const cosines = (state: NetworkState, x: Tensor3D, seed?: number): Tensor2D =>
    tf.matMul(unit(embed(state, x, seed), 1), unit(state.parameters('speakers.kernel') as Tensor2D, 0));
  return {
    layout,
    buffers: [],
    layer: front.layer,
    outputs: speakers,
    targetsPer: 'clip',
    loss: (state, x, targets, seed) => {
      const isTrue = tf.greater(targets, 0);
      const logits = angularMarginLogits(engine, cosines(state, x, seed), isTrue, options.margin);
      return weightedCrossEntropy(engine, logits, targets);
    },
    predict: (state, x) => tf.softmax(tf.mul(cosines(state, x), scale)) as Tensor2D,
    embed: (state, x) => embed(state, x),
    filterWeights: front.filterWeights,
    dispose: front.dispose,
  };
}
