import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../../engine';
import { createLayers, denseParameters, type Parameter, type ParameterTensors } from '../../training';
import { createStrfLayer, type StrfLayer, type StrfOptions } from '../layer';
import { normsByFilter } from './network';
import { createSincNet, type SincNetOptions } from './sincnet';

/** The part that speech, speaker and call networks share. */
export interface FrontOptions {
  /** Mel bands of the input. Default 64. */
  readonly bands?: number;
  readonly strf?: StrfOptions;
  /** Width of the dense layer per frame behind the filters. Default 64. */
  readonly contraction?: number;
  /** Share of the maps behind the filters that are dropped whole in training. Default 0. */
  readonly mapDropout?: number;
  /**
   * Whether the log-mel frames are appended to what leaves the dense layer; with the output `modulus`, what the released
   * code calls `concat_spectrogram`. Default false.
   */
  readonly appendSpectrogram?: boolean;
  /** For the variant `sincnet`: its sizes, and the sampling rate of the waveforms (default 16000 Hz). */
  readonly sincnet?: SincNetOptions & { readonly sampleRate?: number };
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
  /**
   * (batch, bands, frames) to (width, batch x frames); of the variant `sincnet`, (batch, 1, samples) to
   * (width, batch x steps).
   *
   * @param dropoutSeed of this training step; absent in evaluation.
   */
  columns(parameters: ParameterTensors, x: Tensor3D, dropoutSeed?: number): Tensor2D;
  /** The same as (frames, batch, width), which recurrent layers take. */
  timeMajor(parameters: ParameterTensors, x: Tensor3D, dropoutSeed?: number): Tensor3D;
  /** The same as (batch, frames, width). */
  batchMajor(parameters: ParameterTensors, x: Tensor3D, dropoutSeed?: number): Tensor3D;
  dispose(): void;
}

/** Coefficients of the variant `mfcc`. */
const CEPSTRAL_COEFFICIENTS = 20;

/**
 * Prepares the front part. The variants `pass` and `mfcc` have neither filters nor dense layer: they hand on the log-mel
 * frames as they are, or their first 20 cepstral coefficients (orthonormal cosine transform over bands). The variant `sincnet`
 * reads waveforms (`createSincNet`).
 *
 * @throws UserError (`input`) for a share of dropped maps outside 0 .. <1.
 */
export function createFront(engine: Engine, options: FrontOptions = {}): Front {
  const { tf } = engine;
  const { bands = 64, strf = {}, contraction = 64, mapDropout = 0, appendSpectrogram = false } = options;
  if (!(mapDropout >= 0 && mapDropout < 1))
    throw inputError(`spectrotemporal layer: mapDropout ${mapDropout} must lie in 0 .. <1`);
  const layer = createStrfLayer(engine, strf);
  if (layer.variant === 'sincnet') return sincNetFront(engine, layer, options);
  const layers = createLayers(engine);
  const pass = layer.count === 0;
  const coefficients = Math.min(CEPSTRAL_COEFFICIENTS, bands);
  const cepstral =
    layer.variant === 'mfcc' ? tf.keep(cosineTransform(engine, coefficients, bands)) : undefined;
  const width =
    cepstral !== undefined ? coefficients : pass ? bands : contraction + (appendSpectrogram ? bands : 0);
  const dropped = (stacked: Tensor2D, batch: number, seed: number | undefined): Tensor2D => {
    if (mapDropout === 0 || seed === undefined) return stacked;
    // Rows run by filter, part and band; columns by example and frame.
    const apart = tf.reshape(stacked, [layer.maps, bands, batch, -1]);
    const ones = tf.ones([layer.maps, 1, batch, 1]);
    const mask = layers.dropout(ones, mapDropout, 'train', deriveSeed(seed, 'maps'));
    return tf.reshape(tf.mul(apart, mask), stacked.shape);
  };
  const columns: Front['columns'] = (parameters, x, dropoutSeed) => {
    const stacked = layer.stack(parameters, x);
    if (cepstral !== undefined) return tf.matMul(cepstral, stacked);
    if (pass) return stacked;
    const kept = dropped(stacked, x.shape[0], dropoutSeed);
    const maps = strf.output === 'modulus' ? kept : tf.leakyRelu(kept, LEAK);
    const bias = tf.reshape(parameters('contraction.bias'), [contraction, 1]);
    const kernel = parameters('contraction.kernel') as Tensor2D;
    const contracted = tf.relu(tf.add(tf.matMul(kernel, maps, true), bias)) as Tensor2D;
    if (!appendSpectrogram) return contracted;
    const frames = tf.reshape(tf.transpose(x, [1, 0, 2]), [bands, -1]) as Tensor2D;
    return tf.concat([contracted, frames], 0);
  };
  const shaped = (parameters: ParameterTensors, x: Tensor3D, dropoutSeed?: number): Tensor3D =>
    tf.reshape(columns(parameters, x, dropoutSeed), [width, x.shape[0], x.shape[2]]);
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
    timeMajor: (parameters, x, seed) => tf.transpose(shaped(parameters, x, seed), [2, 1, 0]),
    batchMajor: (parameters, x, seed) => tf.transpose(shaped(parameters, x, seed), [1, 2, 0]),
    dispose: () => [layer, cepstral].forEach((held) => held?.dispose()),
  };
}

function sincNetFront(engine: Engine, layer: StrfLayer, { sincnet = {} }: FrontOptions): Front {
  const { tf } = engine;
  const { sampleRate = 16000, ...sizes } = sincnet;
  const net = createSincNet(engine, sampleRate, sizes);
  return {
    layer,
    parameters: net.parameters,
    width: net.width,
    filterWeights: () => new Float32Array(),
    columns: (p, x) => tf.transpose(tf.reshape(net.apply(p, x), [-1, net.width])),
    timeMajor: (p, x) => tf.transpose(net.apply(p, x), [1, 0, 2]),
    batchMajor: (p, x) => net.apply(p, x),
    dispose: () => layer.dispose(),
  };
}

/** Orthonormal cosine transform of type 2, (coefficients, bands). */
function cosineTransform({ tf }: Engine, coefficients: number, bands: number): Tensor2D {
  const at = (i: number): number => {
    const [k, band] = [Math.floor(i / bands), i % bands];
    return Math.sqrt((k === 0 ? 1 : 2) / bands) * Math.cos((Math.PI * k * (band + 0.5)) / bands);
  };
  return tf.tensor2d(
    Float32Array.from({ length: coefficients * bands }, (_, i) => at(i)),
    [coefficients, bands],
  );
}
