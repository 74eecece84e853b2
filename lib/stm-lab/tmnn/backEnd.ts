import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import {
  batchNormBuffers,
  batchNormParameters,
  type BufferSpec,
  type BufferStore,
  convolutionParameters,
  type Layers,
  type Mode,
  type Parameter,
  type ParameterTensors,
  type PoolSize,
} from '../training';
import type { TmnnSpec } from './spec';

/** Channels over frequency and time to one vector per segment. */
export interface BackEndLayer {
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly BufferSpec[];
  /** Length of the vector. */
  readonly outputs: number;
  /** Whether a dense layer of that length follows it before the last one. */
  readonly hasHidden: boolean;
  apply(parameters: ParameterTensors, buffers: BufferStore, x: Tensor4D, mode: Mode): Tensor2D;
}

/** One block of the residual network. */
export interface Block {
  readonly name: string;
  /** `plain`: one convolution. `residual`: two, and the input added to them. */
  readonly kind: 'plain' | 'residual';
  readonly inputs: number;
  readonly outputs: number;
  /** Frequency, time. */
  readonly pool: PoolSize;
}

/** The 7 blocks (12 convolutions of 3 x 3) of the harmonic network for C = `width`. */
export function resnetBlocks(inputs: number, width: number): Block[] {
  const wide = 2 * width;
  const block = (
    number: number,
    kind: Block['kind'],
    from: number,
    to: number,
    pool: PoolSize = [2, 2],
  ): Block => ({ name: `block${number}`, kind, inputs: from, outputs: to, pool });
  return [
    block(1, 'plain', inputs, width),
    block(2, 'residual', width, width),
    block(3, 'residual', width, width),
    block(4, 'residual', width, width),
    block(5, 'plain', width, wide),
    block(6, 'residual', wide, wide, [2, 3]),
    block(7, 'residual', wide, wide, [2, 3]),
  ];
}

/** Builds the back end of a network for inputs of this many channels. */
export function createBackEnd(
  engine: Engine,
  layers: Layers,
  { backEnd: { kind, width } }: TmnnSpec,
  channels: number,
): BackEndLayer {
  switch (kind) {
    case 'resnet':
      return residualNetwork(engine, layers, resnetBlocks(channels, width));
    case 'frames':
      return framewiseNetwork(engine, layers, channels, width);
    case 'samples':
      return sampleNetwork(engine, layers, width);
  }
}

const normalised = (name: string, size: PoolSize, inputs: number, outputs: number): Parameter[] => [
  ...convolutionParameters(`${name}.conv`, size, inputs, outputs),
  ...batchNormParameters(`${name}.norm`, outputs),
];

function residualNetwork({ tf }: Engine, layers: Layers, blocks: readonly Block[]): BackEndLayer {
  const convolutions = blocks.flatMap(({ name, kind, inputs, outputs }) =>
    kind === 'plain'
      ? [{ name, inputs, outputs }]
      : [
          { name: `${name}.a`, inputs, outputs },
          { name: `${name}.b`, inputs: outputs, outputs },
        ],
  );
  return {
    parameters: convolutions.flatMap(({ name, inputs, outputs }) =>
      normalised(name, [3, 3], inputs, outputs),
    ),
    buffers: convolutions.flatMap(({ name, outputs }) => batchNormBuffers(`${name}.norm`, outputs)),
    outputs: blocks.at(-1)!.outputs,
    hasHidden: true,
    apply: (p, buffers, x, mode) => {
      const convolve = (name: string, input: Tensor4D): Tensor4D =>
        layers.convolveNormalised(p, buffers, name, input, mode);
      let h = x;
      for (const { name, kind, pool } of blocks) {
        if (kind === 'plain') h = layers.relu(convolve(name, h));
        else {
          const inner = layers.relu(convolve(`${name}.a`, h));
          h = layers.relu(tf.add(convolve(`${name}.b`, inner), h) as Tensor4D);
        }
        h = layers.maxPool(h, pool);
      }
      return tf.max(h, [1, 2]) as Tensor2D;
    },
  };
}

function framewiseNetwork({ tf }: Engine, layers: Layers, channels: number, width: number): BackEndLayer {
  return {
    parameters: [
      ...normalised('frame1', [1, 1], channels, width),
      ...normalised('frame2', [1, 1], width, width),
    ],
    buffers: ['frame1', 'frame2'].flatMap((name) => batchNormBuffers(`${name}.norm`, width)),
    outputs: width,
    hasHidden: true,
    apply: (p, buffers, x, mode) => {
      const first = layers.relu(layers.convolveNormalised(p, buffers, 'frame1', x, mode));
      const second = layers.convolveNormalised(p, buffers, 'frame2', first, mode);
      return tf.mean(tf.square(second), [1, 2]) as Tensor2D;
    },
  };
}

/** Samples that a convolution of SampleCNN sees, and that a pool takes together. */
const RUN = 3;

/**
 * SampleCNN (Lee et al. 2017, as retrained for 16 kHz by Won et al. 2020): a convolution of 3 samples every 3, nine of 3 with
 * pools of 3, one of 1; 59049 samples become one vector, the largest value over time of longer ones is taken.
 */
function sampleNetwork({ tf }: Engine, layers: Layers, width: number): BackEndLayer {
  const widths = [1, 1, 1, 2, 2, 2, 2, 2, 2, 4, 4].map((factor) => factor * width);
  const convolutions = widths.map((outputs, i) => ({
    name: `sample${i + 1}`,
    outputs,
    // The first sees runs of 3 samples as channels: its steps are as long as its kernel.
    inputs: i === 0 ? RUN : widths[i - 1]!,
    size: [1, i === 0 || i === widths.length - 1 ? 1 : RUN] as const,
  }));
  return {
    parameters: convolutions.flatMap(({ name, size, inputs, outputs }) =>
      normalised(name, size, inputs, outputs),
    ),
    buffers: convolutions.flatMap(({ name, outputs }) => batchNormBuffers(`${name}.norm`, outputs)),
    outputs: widths.at(-1)!,
    hasHidden: false,
    apply: (p, buffers, x, mode) => {
      const [batch, , samples] = x.shape;
      // One zero before the first sample, as in a padded convolution.
      const runs = Math.floor((samples + 2) / RUN);
      const flat = tf.pad(tf.reshape(x, [batch, samples]), [
        [0, 0],
        [1, Math.max(0, runs * RUN - samples - 1)],
      ]);
      let h = tf.reshape(tf.slice(flat, [0, 0], [batch, runs * RUN]), [batch, 1, runs, RUN]) as Tensor4D;
      convolutions.forEach(({ name, size: [, taps] }) => {
        h = layers.relu(layers.convolveNormalised(p, buffers, name, h, mode));
        if (taps > 1) h = layers.maxPool(h, [1, RUN]);
      });
      return tf.max(h, [1, 2]) as Tensor2D;
    },
  };
}
