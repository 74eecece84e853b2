import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Engine } from '../../engine';
import {
  bidirectionalLstm,
  bidirectionalParameters,
  createLayers,
  denseParameters,
  type Merge,
  createLayout,
  weightedCrossEntropy,
} from '../../training';
import { createFront, type FrontOptions } from './front';
import type { NetworkState, StrfNetwork } from './network';

/** Speech activity: front, bidirectional memories, tanh layers, two classes per frame. */
export interface SpeechNetworkOptions extends FrontOptions {
  /** Units of each direction of each bidirectional memory. Default 128, 128. */
  readonly recurrent?: readonly number[];
  /** How the directions are merged. Default `mean`; `concat` with tanh layers of 128, 128 is PyanNet's trunk. */
  readonly merge?: Merge;
  /** Units of each tanh layer. Default 32, 32. */
  readonly dense?: readonly number[];
}

/** Classes of a frame, in the order of the outputs. */
export const SPEECH_CLASSES = ['non-speech', 'speech'] as const;

/**
 * The speech activity network of Riad et al. 2021 with the trunk of pyannote.audio's AMI recipe: 990,658
 * parameters at the defaults. Target rows are frames, clip by clip.
 */
export function createSpeechNetwork(engine: Engine, options: SpeechNetworkOptions = {}): StrfNetwork {
  const { tf } = engine;
  const { recurrent = [128, 128], dense = [32, 32], merge = 'mean' } = options;
  const layers = createLayers(engine);
  const front = createFront(engine, options);
  const widths = [front.width, ...recurrent.map((units) => (merge === 'concat' ? 2 : 1) * units)];
  const denseWidths = [widths.at(-1)!, ...dense];
  const layout = createLayout([
    ...front.parameters,
    ...recurrent.flatMap((units, i) => bidirectionalParameters(`recurrent${i + 1}`, widths[i]!, units)),
    ...dense.flatMap((units, i) => denseParameters(`dense${i + 1}`, denseWidths[i]!, units)),
    ...denseParameters('output', denseWidths.at(-1)!, SPEECH_CLASSES.length),
  ]);
  const logits = ({ parameters }: NetworkState, x: Tensor3D, seed?: number): Tensor2D => {
    let sequence = front.timeMajor(parameters, x, seed);
    recurrent.forEach((_, i) => {
      sequence = bidirectionalLstm(engine, parameters, `recurrent${i + 1}`, sequence, merge);
    });
    const rows = tf.transpose(sequence, [1, 0, 2]);
    let values = tf.reshape(rows, [-1, denseWidths[0]!]) as Tensor2D;
    dense.forEach((_, i) => {
      values = tf.tanh(layers.dense(parameters, `dense${i + 1}`, values));
    });
    return layers.dense(parameters, 'output', values);
  };
  return {
    layout,
    buffers: [],
    layer: front.layer,
    outputs: SPEECH_CLASSES.length,
    targetsPer: 'frame',
    loss: (state, x, targets, seed) => weightedCrossEntropy(engine, logits(state, x, seed), targets),
    predict: (state, x) => tf.softmax(logits(state, x)),
    filterWeights: front.filterWeights,
    dispose: front.dispose,
  };
}
