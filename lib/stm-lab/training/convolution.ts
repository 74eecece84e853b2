import type { Tensor4D } from '@tensorflow/tfjs';
import { environmentError } from 'research-basics/errors';
import type { Engine } from '../engine';

/** Options of a convolution. */
export interface ConvolutionOptions {
  /** `same` (default): zeros are added so that a stride of 1 keeps the size; `valid`: none. */
  readonly padding?: 'same' | 'valid';
  /** Steps along both axes; default 1. */
  readonly strides?: number | readonly [number, number];
}

/**
 * Correlation of x (batch, height, width, channels) with a kernel (height, width, in, out), differentiable
 * in both on every engine.
 *
 * @throws UserError (`environment`) for strides above 1 on the WebAssembly engine, which lacks the
 *   filter gradient.
 */
export function convolve(
  engine: Engine,
  x: Tensor4D,
  kernel: Tensor4D,
  options: ConvolutionOptions = {},
): Tensor4D {
  const { padding = 'same', strides = 1 } = options;
  const steps: [number, number] = typeof strides === 'number' ? [strides, strides] : [...strides];
  if (engine.name === 'native') return engine.tf.conv2d(x, kernel, steps, padding);
  if (steps.some((step) => step !== 1))
    throw environmentError(
      `a convolution with strides ${steps.join(' x ')} trains on native TensorFlow alone, and ${engine.description} is in use; run "npm run doctor" for the fix`,
    );
  return portableConvolution(engine, x, kernel, padding);
}

/** Stride 1, with gradients from convolutions and plain matrix products (tfjs issue 8474). */
export function portableConvolution(
  { tf }: Pick<Engine, 'tf'>,
  x: Tensor4D,
  kernel: Tensor4D,
  padding: 'same' | 'valid',
): Tensor4D {
  const [rows, columns, inputs, outputs] = kernel.shape;
  const before = padding === 'same' ? [(rows - 1) >> 1, (columns - 1) >> 1] : [0, 0];
  const after = padding === 'same' ? [rows >> 1, columns >> 1] : [0, 0];
  const operation = tf.customGrad((input, weights, save) => {
    const [a, b] = [input as Tensor4D, weights as Tensor4D];
    (save as (tensors: Tensor4D[]) => void)([a, b]);
    return {
      value: tf.conv2d(a, b, 1, padding),
      gradFunc: (gradient, saved) => {
        const dy = gradient as Tensor4D;
        const [x0, w0] = saved as [Tensor4D, Tensor4D];
        const full = tf.pad(dy, [
          [0, 0],
          [rows - 1 - before[0]!, rows - 1 - after[0]!],
          [columns - 1 - before[1]!, columns - 1 - after[1]!],
          [0, 0],
        ]);
        const dx = tf.conv2d(full, tf.transpose(tf.reverse(w0, [0, 1]), [0, 1, 3, 2]), 1, 'valid');
        const padded = tf.pad(x0, [
          [0, 0],
          [before[0]!, after[0]!],
          [before[1]!, after[1]!],
          [0, 0],
        ]);
        const [batch, height, width] = dy.shape;
        // Transposed once and explicitly: the engine's own transposing product is many times slower.
        const dyT = tf.transpose(tf.reshape(dy, [-1, outputs]));
        const taps = Array.from({ length: rows * columns }, (_, tap) => {
          const view = tf.slice(
            padded,
            [0, Math.floor(tap / columns), tap % columns, 0],
            [batch, height, width, inputs],
          );
          return tf.matMul(dyT, tf.reshape(view, [-1, inputs]));
        });
        const dw = tf.reshape(tf.transpose(tf.stack(taps), [0, 2, 1]), [rows, columns, inputs, outputs]);
        return [dx, dw];
      },
    };
  });
  return operation(x, kernel) as Tensor4D;
}
