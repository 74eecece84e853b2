import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Engine } from '../../engine';
import {
  bidirectionalLstm,
  bidirectionalParameters,
  createLayers,
  denseParameters,
  createLayout,
  weightedCrossEntropy,
} from '../../training';
import { createFront, type FrontOptions } from './front';
import type { NetworkState, StrfNetwork } from './network';

/** Calls: front, bidirectional memory, largest value over time, tanh layer, classes. */
export interface CallNetworkOptions extends FrontOptions {
  readonly classes: number;
  /** Units of the bidirectional memory, directions averaged. Default 128. */
  readonly recurrent?: number;
  /** Units of the tanh layer. Default 32. */
  readonly dense?: number;
}

/** One label per call. The authors released no such network; this one is ours. */
export function createCallNetwork(engine: Engine, options: CallNetworkOptions): StrfNetwork {
  const { tf } = engine;
  const { classes, recurrent = 128, dense = 32 } = options;
  const layers = createLayers(engine);
  const front = createFront(engine, options);
  const layout = createLayout([
    ...front.parameters,
    ...bidirectionalParameters('recurrent', front.width, recurrent),
    ...denseParameters('dense', recurrent, dense),
    ...denseParameters('output', dense, classes),
  ]);
  const logits = ({ parameters }: NetworkState, x: Tensor3D, seed?: number): Tensor2D => {
    const sequence = bidirectionalLstm(engine, parameters, 'recurrent', front.timeMajor(parameters, x, seed));
    const peak = tf.max(sequence, 0) as Tensor2D;
    return layers.dense(parameters, 'output', tf.tanh(layers.dense(parameters, 'dense', peak)));
  };
  return {
    layout,
    buffers: [],
    layer: front.layer,
    outputs: classes,
    targetsPer: 'clip',
    loss: (state, x, targets, seed) => weightedCrossEntropy(engine, logits(state, x, seed), targets),
    predict: (state, x) => tf.softmax(logits(state, x)),
    filterWeights: front.filterWeights,
    dispose: front.dispose,
  };
}
