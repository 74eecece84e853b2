import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { mirroredIndex } from '../base/mirroredIndex';
import type { Engine } from '../engine';
import { type Parameter, type ParameterTensors, sincEdges, sincKernels } from '../training';
import { adjoiningBands, spaced } from '../features/tmnn/filterBank';
import { frameRate, type TmnnSpec } from './spec';

/** Learnable filters along time on tensors. */
export interface ModulationLayer {
  readonly parameters: readonly Parameter[];
  readonly filters: number;
  /** Kernels (filters x taps) for the present parameters; differentiable. */
  kernels(parameters: ParameterTensors): Tensor2D;
  /**
   * Every channel through every filter, length kept: (batch, bands, frames, channels) to
   * (batch, bands, frames, filters * channels), all channels of the first filter first.
   */
  apply(parameters: ParameterTensors, x: Tensor4D): Tensor4D;
  dispose(): void;
}

/** Widths that a Gaussian low-pass may have, in half kernels: LEAF's limits. */
const GAUSSIAN_LIMITS = { low: (taps: number): number => 2 / taps, high: 0.5 } as const;
/** Widths that a Gabor filter starts with, frames. */
const GABOR_LIMITS = { low: 2, high: 25 } as const;

/** Parameters of the filters with their first values. */
export function modulationParameters(spec: TmnnSpec): Parameter[] {
  const { filters, kind, spacing, lowHz, highHz, bands, minBandHz } = spec.modulation;
  if (filters === 0) return [];
  const own = (name: string, values: number[]): Parameter => ({
    name: `modulation.${name}`,
    shape: [filters],
    start: { kind: 'values', values },
    rate: spec.rates.modulation,
    decay: spec.frontEndDecay,
  });
  if (kind === 'sinc') {
    const first = bands ?? adjoiningBands(filters, lowHz, highHz, spacing);
    return [
      own(
        'low',
        first.map((band) => band.lowHz),
      ),
      own(
        'band',
        first.map((band) => band.highHz - band.lowHz - minBandHz),
      ),
    ];
  }
  if (kind === 'gaussian') return [own('sigma', spaced(0.05, 0.4, filters, 'log'))];
  const rates = spaced(lowHz, highHz, filters, spacing);
  const widths = rates.map((rate) => (1.5 * frameRate(spec)) / (2 * Math.PI * rate));
  return [
    own('rate', rates),
    own(
      'sigma',
      widths.map((width) => Math.min(Math.max(width, GABOR_LIMITS.low), GABOR_LIMITS.high)),
    ),
  ];
}

/**
 * Builds the modulation filters of a network.
 *
 * @throws UserError (`input`) from the layer, for fewer frames than its kernels reach.
 */
export function createModulation({ tf }: Engine, spec: TmnnSpec): ModulationLayer {
  const { filters, kind, taps, minBandHz, padding } = spec.modulation;
  const rate = frameRate(spec);
  const half = (taps - 1) / 2;
  /** Taps 1 .. half; kernels are even. */
  const frames = tf.keep(
    tf.tensor2d(
      Float32Array.from({ length: half }, (_, at) => at + 1),
      [1, half],
    ),
  );

  const column = (p: ParameterTensors, name: string): Tensor2D =>
    tf.reshape(p(`modulation.${name}`), [filters, 1]);
  /** (filters x half) and tap 0 (filters x 1) to whole kernels. */
  const mirror = (side: Tensor, middle: Tensor): Tensor2D =>
    tf.concat([tf.reverse(side as Tensor2D, 1), middle as Tensor2D, side as Tensor2D], 1);

  const sinc = (p: ParameterTensors): Tensor2D => {
    const limits = { minBandHz, nyquistHz: rate / 2 };
    const edges = sincEdges({ tf }, p('modulation.low'), p('modulation.band'), limits);
    return sincKernels({ tf }, edges, rate, taps);
  };
  const gaussian = (p: ParameterTensors): Tensor2D => {
    const sigma = tf.clipByValue(column(p, 'sigma'), GAUSSIAN_LIMITS.low(taps), GAUSSIAN_LIMITS.high);
    const side = tf.exp(tf.mul(-0.5, tf.square(tf.div(tf.div(frames, half), sigma))));
    const sum = tf.add(1, tf.mul(2, tf.sum(side, 1, true)));
    return mirror(tf.div(side, sum), tf.div(tf.ones([filters, 1]), sum));
  };
  const gabor = (p: ParameterTensors): Tensor2D => {
    const sigma = tf.maximum(tf.abs(column(p, 'sigma')), 0.5);
    const area = tf.div(1 / Math.sqrt(2 * Math.PI), sigma);
    const envelope = tf.exp(tf.mul(-0.5, tf.square(tf.div(frames, sigma))));
    const wave = tf.cos(tf.mul(tf.mul(frames, (2 * Math.PI) / rate), column(p, 'rate')));
    return mirror(tf.mul(area, tf.mul(envelope, wave)), area);
  };
  const kernels = { sinc, gaussian, gabor }[kind];

  const reflections = new Map<number, Tensor2D>();
  /** (frames x frames + 2 half): where each frame of the reflected input comes from. */
  const reflection = (length: number): Tensor2D => {
    if (length <= half)
      throw inputError(
        `tmnn: ${length} frames cannot be reflected by the ${half} that kernels of ${taps} taps reach; use longer excerpts, fewer taps or padding zero`,
      );
    let matrix = reflections.get(length);
    if (matrix === undefined) {
      const from = new Float32Array(length * (length + 2 * half));
      for (let r = 0; r < length + 2 * half; r++) {
        from[mirroredIndex(r - half, length) * (length + 2 * half) + r] = 1;
      }
      matrix = tf.keep(tf.tensor2d(from, [length, length + 2 * half]));
      reflections.set(length, matrix);
    }
    return matrix;
  };
  const filterMatrix = (kernel: Tensor1D, length: number): Tensor2D =>
    padding === 'zero'
      ? toeplitz(tf, kernel, length, length, 0)
      : tf.matMul(reflection(length), toeplitz(tf, kernel, length + 2 * half, length, half));

  return {
    parameters: modulationParameters(spec),
    filters,
    kernels,
    apply: (p, x) => {
      const [batch, bands, length, channels] = x.shape;
      const all = kernels(p);
      const each = Array.from({ length: filters }, (_, m) =>
        filterMatrix(tf.reshape(tf.slice(all, [m, 0], [1, taps]), [-1]), length),
      );
      const lines = tf.reshape(tf.transpose(x, [0, 1, 3, 2]), [-1, length]);
      const filtered = tf.matMul(lines as Tensor2D, tf.concat(each, 1));
      const apart = tf.reshape(filtered, [batch, bands, channels, filters, length]);
      return tf.reshape(tf.transpose(apart, [0, 1, 4, 3, 2]), [batch, bands, length, filters * channels]);
    },
    dispose: () => [frames, ...reflections.values()].forEach((tensor) => tensor.dispose()),
  };
}

/**
 * Filtering along time as a matrix product, output = input x T with T[r, c] = kernel[half + c + lead - r], 0 beyond
 * the kernel: `rows` input frames, of which the first `lead` come before the first of the `columns` output frames.
 * One product of ordinary size is many times faster than a convolution with a single channel.
 *
 * A row is the row above, moved on by one. The matrix is therefore one line repeated (an outer product with ones)
 * and folded at one place less than its length: every step of it has a gradient on every engine.
 */
export function toeplitz(
  tf: Engine['tf'],
  kernel: Tensor1D,
  rows: number,
  columns: number,
  lead: number,
): Tensor2D {
  const half = (kernel.size - 1) / 2;
  const length = rows + columns;
  const after = Math.min(columns, half - lead + 1);
  const before = Math.min(rows - 1, half + lead);
  const line = tf.concat([
    tf.slice(kernel, half + lead, after),
    tf.zeros<Rank.R1>([length - after - before]),
    tf.slice(kernel, half + lead - before, before),
  ]);
  const repeated = tf.reshape(tf.matMul(tf.ones<Rank.R2>([rows, 1]), tf.reshape(line, [1, length])), [-1]);
  const folded = tf.reshape(tf.slice(repeated, 0, rows * (length - 1)), [rows, length - 1]);
  return tf.slice(folded as Tensor2D, [0, 0], [rows, columns]);
}
