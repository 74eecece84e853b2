import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Engine } from '../../engine';
import { denseParameters, type Parameter, type ParameterTensors } from '../../training';
import { createStrfLayer, type StrfLayer, type StrfOptions } from '../layer';
import { normsByFilter } from './network';

/** The part that speech, speaker and call networks share. */
export interface FrontOptions {
  /** Mel bands of the input. Default 64. */
  readonly bands?: number;
  readonly strf?: StrfOptions;
  /** Width of the dense layer per frame behind the filters. Default 64. */
  readonly contraction?: number;
}

/** Slope of the leaky rectifier behind signed maps. */
export const LEAK = 0.2;

/** Filters, rectifier, and a dense layer per frame over all maps and bands. */
export interface Front {
  readonly layer: StrfLayer;
  readonly parameters: readonly Parameter[];
  /** Numbers per frame that leave it. */
  readonly width: number;
  /** See `StrfNetwork.filterWeights`. */
  filterWeights(valuesOf: (name: string) => ArrayLike<number>): Float32Array;
  /** (batch, bands, frames) to (width, batch x frames). */
  columns(parameters: ParameterTensors, x: Tensor3D): Tensor2D;
  /** The same as (frames, batch, width), which recurrent layers take. */
  timeMajor(parameters: ParameterTensors, x: Tensor3D): Tensor3D;
  /** The same as (batch, frames, width). */
  batchMajor(parameters: ParameterTensors, x: Tensor3D): Tensor3D;
}

/**
 * Prepares the front part. The variant `pass` hands the log-mel frames on as they are: no filters, no
 * dense layer.
 */
export function createFront(engine: Engine, options: FrontOptions = {}): Front {
  const { tf } = engine;
  const { bands = 64, strf = {}, contraction = 64 } = options;
  const layer = createStrfLayer(engine, strf);
  const pass = layer.variant === 'pass';
  const width = pass ? bands : contraction;
  const columns: Front['columns'] = (parameters, x) => {
    const stacked = layer.stack(parameters, x);
    if (pass) return stacked;
    const maps = strf.output === 'modulus' ? stacked : tf.leakyRelu(stacked, LEAK);
    const bias = tf.reshape(parameters('contraction.bias'), [contraction, 1]);
    const kernel = parameters('contraction.kernel') as Tensor2D;
    return tf.relu(tf.add(tf.matMul(kernel, maps, true), bias)) as Tensor2D;
  };
  const shaped = (parameters: ParameterTensors, x: Tensor3D): Tensor3D =>
    tf.reshape(columns(parameters, x), [width, x.shape[0], x.shape[2]]);
  return {
    layer,
    parameters: [
      ...layer.parameters,
      ...(pass ? [] : denseParameters('contraction', layer.maps * bands, contraction)),
    ],
    width,
    filterWeights: (valuesOf) => {
      if (pass) return new Float32Array();
      const weights = valuesOf('contraction.kernel');
      // Rows run by filter first.
      const perFilter = weights.length / layer.count;
      return normsByFilter(weights, layer.count, (element) => Math.floor(element / perFilter));
    },
    columns,
    timeMajor: (parameters, x) => tf.transpose(shaped(parameters, x), [2, 1, 0]),
    batchMajor: (parameters, x) => tf.transpose(shaped(parameters, x), [1, 2, 0]),
  };
}
