import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../../engine';
import {
  batchNormBuffers,
  batchNormParameters,
  convolve,
  createLayers,
  denseParameters,
  createLayout,
  type Mode,
  type Parameter,
  maskedBinaryCrossEntropy,
} from '../../training';
import { createStrfLayer, type StrfOptions } from '../layer';
import { LEAK } from './front';
import { normsByFilter, type NetworkState, type StrfNetwork } from './network';

/** Urban scenes: filters in front of a convolutional tagger. */
export interface SceneNetworkOptions {
  readonly tags: number;
  /** Mel bands of the input. Default 64. */
  readonly bands?: number;
  readonly strf?: StrfOptions;
  /** Channels of each block of two convolutions. Default CNN10's 64, 128, 256, 512. */
  readonly blocks?: readonly number[];
  /** Units of the dense layer. Default 512. */
  readonly dense?: number;
  /** Shares dropped after a block and around the dense layer. Default 0.2 and 0.5. */
  readonly dropout?: { readonly block: number; readonly dense: number };
  /** Share of the maps behind the filters that are dropped whole in training. Default 0. */
  readonly mapDropout?: number;
}

/**
 * CNN10 (Kong et al. 2020) as Arnault et al. train it, with the filters between the normalised log-mel
 * and the first block: 5,037,983 parameters with 64 complex filters and 31 tags, besides the filters' own.
 *
 * @throws UserError (`input`) for the variants \`mfcc\` and \`sincnet\`, whose coefficients are not an image.
 */
export function createSceneNetwork(engine: Engine, options: SceneNetworkOptions): StrfNetwork {
  const { tf } = engine;
  const { tags, bands = 64, strf = {}, blocks = [64, 128, 256, 512], dense = 512 } = options;
  const dropout = options.dropout ?? { block: 0.2, dense: 0.5 };
  const { mapDropout = 0 } = options;
  const layers = createLayers(engine);
  if (strf.variant === 'mfcc')
    throw inputError('scene network: the baseline mfcc is one of the tasks speaker, speech and birds');
  if (strf.variant === 'sincnet')
    throw inputError('scene network: the topline sincnet is one of the task speaker');
  const layer = createStrfLayer(engine, strf);
  const signed = layer.count > 0 && strf.output !== 'modulus';
  const widths = [layer.maps, ...blocks];
  const steps = blocks.flatMap((channels, b) => [
    { name: `block${b + 1}.conv1`, inputs: widths[b]!, outputs: channels },
    { name: `block${b + 1}.conv2`, inputs: channels, outputs: channels },
  ]);
  const glorot = (name: string, inputs: number, outputs: number): Parameter[] =>
    denseParameters(name, inputs, outputs).map((parameter) =>
      parameter.shape.length === 1
        ? { ...parameter, start: { kind: 'constant', value: 0 } }
        : { ...parameter, start: { kind: 'glorot', fanIn: inputs, fanOut: outputs } },
    );
  const layout = createLayout([
    ...layer.parameters,
    ...batchNormParameters('bands', bands),
    ...steps.flatMap(({ name, inputs, outputs }): Parameter[] => [
      {
        name: `${name}.kernel`,
        shape: [3, 3, inputs, outputs],
        start: { kind: 'glorot', fanIn: 9 * inputs, fanOut: 9 * outputs },
      },
      ...batchNormParameters(`${name}.norm`, outputs),
    ]),
    ...glorot('dense', blocks.at(-1)!, dense),
    ...glorot('output', dense, tags),
  ]);
  const buffers = [
    ...batchNormBuffers('bands', bands),
    ...steps.flatMap(({ name, outputs }) => batchNormBuffers(`${name}.norm`, outputs)),
  ];

  const logits = (
    { parameters, buffers: held }: NetworkState,
    x: Tensor3D,
    mode: Mode,
    seed: number,
  ): Tensor2D => {
    // Each mel band has statistics of its own: bands as channels for the normalisation.
    const byBand = tf.expandDims(tf.transpose(x, [0, 2, 1]), 1) as Tensor4D;
    const normalised = layers.batchNorm(parameters, held, 'bands', byBand, mode);
    const spectrogram = tf.transpose(tf.squeeze(normalised, [1]), [0, 2, 1]) as Tensor3D;
    let maps = layer.apply(parameters, spectrogram);
    if (signed) maps = tf.leakyRelu(maps, LEAK);
    if (layer.count > 0 && mapDropout > 0) {
      const ones = tf.ones([x.shape[0], 1, 1, layer.maps]);
      maps = tf.mul(maps, layers.dropout(ones, mapDropout, mode, deriveSeed(seed, 'maps')));
    }
    steps.forEach(({ name }, i) => {
      const kernel = parameters(`${name}.kernel`) as Tensor4D;
      maps = layers.relu(
        layers.batchNorm(parameters, held, `${name}.norm`, convolve(engine, maps, kernel), mode),
      );
      if (i % 2 === 1)
        maps = layers.dropout(layers.averagePool(maps, [2, 2]), dropout.block, mode, deriveSeed(seed, name));
    });
    const overBands = tf.mean(maps, 1) as Tensor3D;
    const pooled = tf.add(tf.max(overBands, 1), tf.mean(overBands, 1)) as Tensor2D;
    const dropped = layers.dropout(pooled, dropout.dense, mode, deriveSeed(seed, 'pooled'));
    const hidden = layers.relu(layers.dense(parameters, 'dense', dropped));
    return layers.dense(
      parameters,
      'output',
      layers.dropout(hidden, dropout.dense, mode, deriveSeed(seed, 'dense')),
    );
  };
  return {
    layout,
    buffers,
    layer,
    outputs: tags,
    targetsPer: 'clip',
    loss: (state, x, targets, seed) =>
      maskedBinaryCrossEntropy(engine, logits(state, x, 'train', seed), targets),
    predict: (state, x) => tf.sigmoid(logits(state, x, 'evaluate', 1)),
    filterWeights: (valuesOf) =>
      layer.count === 0
        ? new Float32Array()
        : normsByFilter(
            valuesOf('block1.conv1.kernel'),
            layer.count,
            // (3, 3, maps, channels), maps by part first.
            (element) => (Math.floor(element / widths[1]!) % layer.maps) % layer.count,
          ),
    dispose: () => layer.dispose(),
  };
}

/** How training spectrograms are varied, as Arnault et al. do. */
export interface StripeOptions {
  /** Stripes along each axis. Default 2. */
  readonly stripes?: number;
  /** Stripes are narrower than this many frames. Default 24. */
  readonly frames?: number;
  /** Stripes are narrower than this many bands. Default 8. */
  readonly bands?: number;
}

/**
 * Sets random stripes of frames and of bands of a spectrogram to 0 in place (Park et al. 2019).
 *
 * @param next uniform numbers in [0, 1).
 */
export function maskStripes(
  values: Float32Array,
  shape: { readonly bands: number; readonly frames: number },
  next: () => number,
  { stripes = 2, frames = 24, bands = 8 }: StripeOptions = {},
): void {
  const stripe = (extent: number, widest: number): [number, number] => {
    const width = Math.floor(next() * Math.min(widest, extent));
    const from = Math.floor(next() * (extent - width + 1));
    return [from, from + width];
  };
  for (let i = 0; i < stripes; i++) {
    const [firstFrame, lastFrame] = stripe(shape.frames, frames);
    for (let band = 0; band < shape.bands; band++)
      values.fill(0, band * shape.frames + firstFrame, band * shape.frames + lastFrame);
    const [firstBand, lastBand] = stripe(shape.bands, bands);
    values.fill(0, firstBand * shape.frames, lastBand * shape.frames);
  }
}
