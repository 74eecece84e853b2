import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import { fastWords, fillDropoutMask } from './random';
import type { BufferSpec, BufferStore } from './buffers';
import { type ConvolutionOptions, convolve } from './convolution';
import { createKernels, type Kernels } from './kernels';
import type { Parameter, ParameterTensors } from './parameters';

/** Whether a pass learns (batch statistics, dropout) or predicts (running statistics, no dropout). */
export type Mode = 'train' | 'evaluate';

/** Options of batch normalisation; the defaults are PyTorch's. */
export interface BatchNormOptions {
  /** Share of the new batch in the running values; default 0.1. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
}

/** Size of a pooling window, (height, width); it is also the stride. */
export type PoolSize = readonly [number, number];

/** The layers of a network as plain functions on tensors, channels last, float32. */
export interface Layers {
  /** x (batch, in) times `name.kernel` (in, out) plus `name.bias` (out). */
  dense(parameters: ParameterTensors, name: string, x: Tensor2D): Tensor2D;
  /** Correlation with `name.kernel` (height, width, in, out) plus `name.bias` (out). */
  conv2d(parameters: ParameterTensors, name: string, x: Tensor4D, options?: ConvolutionOptions): Tensor4D;
  /**
   * Normalises each channel (last axis; x of rank 2 or 4) by `name.gamma` and `name.beta`. Training uses the
   * batch's mean and variance (over N) and moves the running values, the variance there being the unbiased
   * one (over N - 1), as PyTorch does; evaluation uses the running values.
   *
   * @throws UserError (`input`) when training with a single value per channel.
   */
  batchNorm<X extends Tensor2D | Tensor4D>(
    parameters: ParameterTensors,
    buffers: BufferStore,
    name: string,
    x: X,
    mode: Mode,
    options?: BatchNormOptions,
  ): X;
  /**
   * `conv2d` with `name.conv` (stride 1, `same`), then `batchNorm` with `name.norm`. The bias is never added: in
   * training the normalisation takes any constant away again, so the bias has no effect but on the running
   * mean (and gradient 0); in evaluation it joins the shift.
   */
  convolveNormalised(
    parameters: ParameterTensors,
    buffers: BufferStore,
    name: string,
    x: Tensor4D,
    mode: Mode,
    options?: BatchNormOptions,
  ): Tensor4D;
  relu<X extends Tensor>(x: X): X;
  /** Largest value per window; windows never overlap, what is left over is dropped (see `poolWindow`). */
  maxPool(x: Tensor4D, size: PoolSize): Tensor4D;
  /** Mean value per window, as `maxPool`. */
  averagePool(x: Tensor4D, size: PoolSize): Tensor4D;
  /**
   * Inverted dropout: each element 0 with probability `rate`, else divided by 1 - rate. Equal seeds, equal
   * masks: give each step and each layer a seed of its own (`deriveSeed`).
   */
  dropout<X extends Tensor>(x: X, rate: number, mode: Mode, seed: number): X;
}

/**
 * Layers on an engine.
 *
 * @throws UserError (`input`) from batch normalisation, for a batch with one value per channel.
 */
export function createLayers(engine: Engine, kernels: Kernels = createKernels(engine)): Layers {
  const { tf } = engine;

  const addBias = <X extends Tensor>(x: X, bias: Tensor1D): X =>
    tf.customGrad((a, b) => ({
      value: kernels.addBias(a as Tensor, b as Tensor1D),
      gradFunc: (gradient) => [gradient, kernels.biasGradient(gradient)],
    }))(x, bias) as X;

  const normaliseBatch = (
    x: Tensor4D,
    gamma: Tensor1D,
    beta: Tensor1D,
    epsilon: number,
    seen: (mean: Tensor1D, variance: Tensor1D) => void,
  ): Tensor4D =>
    tf.customGrad((a, g, b, save) => {
      const { y, mean, variance } = kernels.normalise(a as Tensor4D, g as Tensor1D, b as Tensor1D, epsilon);
      seen(mean, variance);
      (save as unknown as (tensors: Tensor[]) => void)([a as Tensor, g as Tensor, mean, variance]);
      return {
        value: y,
        gradFunc: (gradient, saved) => {
          const [x0, gamma0, mean0, variance0] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D];
          return [...kernels.normaliseGradient(gradient as Tensor4D, x0, gamma0, mean0, variance0, epsilon)];
        },
      };
    })(x, gamma, beta) as Tensor4D;

  /** @param left a bias that was left out of x. */
  const normalise = <X extends Tensor2D | Tensor4D>(
    parameters: ParameterTensors,
    buffers: BufferStore,
    name: string,
    x: X,
    mode: Mode,
    { momentum = 0.1, epsilon = 1e-5 }: BatchNormOptions,
    left?: Tensor1D,
  ): X => {
    const gamma = parameters(`${name}.gamma`) as Tensor1D;
    const beta = parameters(`${name}.beta`) as Tensor1D;
    if (mode === 'evaluate') {
      const running = buffers.get(`${name}.mean`);
      const mean = left === undefined ? running : tf.sub(running, left);
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(buffers.get(`${name}.variance`), epsilon)));
      return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(mean, scale)));
    }
    const count = x.size / gamma.size;
    if (count < 2)
      throw inputError(
        `batch normalisation ${name}: needs more than one value per channel in training; use a larger batch`,
      );
    const running = (key: string, value: Tensor): void => {
      const old = buffers.get(`${name}.${key}`);
      buffers.replace(`${name}.${key}`, tf.add(tf.mul(old, 1 - momentum), tf.mul(value, momentum)));
    };
    const flat = x.rank === 4 ? (x as Tensor4D) : (tf.reshape(x, [x.shape[0], 1, 1, -1]) as Tensor4D);
    const y = normaliseBatch(flat, gamma, beta, epsilon, (mean, variance) => {
      running('mean', left === undefined ? mean : tf.add(mean, left));
      running('variance', tf.mul(variance, count / (count - 1)));
    });
    return tf.reshape(y, x.shape) as X;
  };

  const pool = (x: Tensor4D, size: PoolSize, kind: 'maxPool' | 'avgPool'): Tensor4D => {
    const window = poolWindow([x.shape[1], x.shape[2]], size);
    return tf[kind](x, window, window, 'valid');
  };

  return {
    dense: (parameters, name, x) =>
      addBias(tf.matMul(x, parameters(`${name}.kernel`) as Tensor2D), parameters(`${name}.bias`) as Tensor1D),
    conv2d: (parameters, name, x, options) =>
      addBias(
        convolve(engine, x, parameters(`${name}.kernel`) as Tensor4D, options),
        parameters(`${name}.bias`) as Tensor1D,
      ),
    batchNorm: (parameters, buffers, name, x, mode, options = {}) =>
      normalise(parameters, buffers, name, x, mode, options),
    convolveNormalised: (parameters, buffers, name, x, mode, options = {}) => {
      const y = convolve(engine, x, parameters(`${name}.conv.kernel`) as Tensor4D);
      const bias = parameters(`${name}.conv.bias`) as Tensor1D;
      return normalise(parameters, buffers, `${name}.norm`, y, mode, options, bias);
    },
    relu: (x) =>
      tf.customGrad((a, save) => {
        const y = kernels.relu(a as Tensor);
        (save as unknown as (tensors: Tensor[]) => void)([y]);
        return {
          value: y,
          gradFunc: (gradient, saved) => kernels.reluGradient(gradient, (saved as Tensor[])[0]!),
        };
      })(x) as typeof x,
    maxPool: (x, size) => pool(x, size, 'maxPool'),
    averagePool: (x, size) => pool(x, size, 'avgPool'),
    dropout: (x, rate, mode, seed) => {
      if (mode === 'evaluate' || rate === 0) return x;
      const mask = new Float32Array(x.size);
      fillDropoutMask(mask, rate, fastWords(seed, 'dropout'));
      return tf.mul(x, tf.tensor(mask, x.shape, 'float32'));
    },
  };
}

/**
 * The window that pooling uses: on each axis the size asked for, or the axis itself where that is shorter,
 * so that short inputs pass through the network of long ones.
 *
 * @throws UserError (`input`) when an axis is empty.
 */
export function poolWindow(extent: PoolSize, size: PoolSize): [number, number] {
  if (extent.some((length) => length < 1))
    throw inputError(`pooling: input of ${extent.join(' x ')} is empty; use a longer excerpt`);
  return [Math.min(extent[0], size[0]), Math.min(extent[1], size[1])];
}

/** Parameters of a dense layer with PyTorch's first values. */
export function denseParameters(name: string, inputs: number, outputs: number): Parameter[] {
  const start = { kind: 'fan-in', fanIn: inputs } as const;
  return [
    { name: `${name}.kernel`, shape: [inputs, outputs], start },
    { name: `${name}.bias`, shape: [outputs], start },
  ];
}

/** Parameters of a convolution with PyTorch's first values. */
export function convolutionParameters(
  name: string,
  [height, width]: readonly [number, number],
  inputs: number,
  outputs: number,
): Parameter[] {
  const start = { kind: 'fan-in', fanIn: height * width * inputs } as const;
  return [
    { name: `${name}.kernel`, shape: [height, width, inputs, outputs], start },
    { name: `${name}.bias`, shape: [outputs], start },
  ];
}

/** Parameters of a batch normalisation: gamma 1, beta 0. */
export function batchNormParameters(name: string, channels: number): Parameter[] {
  return [
    { name: `${name}.gamma`, shape: [channels], start: { kind: 'constant', value: 1 } },
    { name: `${name}.beta`, shape: [channels], start: { kind: 'constant', value: 0 } },
  ];
}

/** Running values of a batch normalisation: mean 0, variance 1. */
export function batchNormBuffers(name: string, channels: number): BufferSpec[] {
  return [
    { name: `${name}.mean`, shape: [channels], value: 0 },
    { name: `${name}.variance`, shape: [channels], value: 1 },
  ];
}
