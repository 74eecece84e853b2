import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import type { Parameter, ParameterTensors } from './parameters';

/** A time-delay layer: a convolution over time whose taps may be spread. */
export interface TimeDelayShape {
  readonly inputs: number;
  readonly outputs: number;
  /** Number of taps. */
  readonly taps: number;
  /** Frames between taps; default 1. */
  readonly dilation?: number;
  /**
   * `weight-normalised`: each output's kernel is a direction times a length of its own (Salimans & Kingma
   * 2016); `plain` (default): the kernel itself.
   */
  readonly form?: 'plain' | 'weight-normalised';
}

/** Frames that a layer takes from a sequence: (taps - 1) x dilation. */
export function framesLost({ taps, dilation = 1 }: TimeDelayShape): number {
  return (taps - 1) * dilation;
}

/**
 * Parameters of a time-delay layer: `kernel` (taps x inputs, outputs) and `bias`, with PyTorch's first
 * values; weight-normalised, also `length` (outputs), which starts at 1 / sqrt(3): the size a kernel of
 * such values has on average.
 */
export function timeDelayParameters(name: string, shape: TimeDelayShape): Parameter[] {
  const { inputs, outputs, taps, form = 'plain' } = shape;
  const start = { kind: 'fan-in', fanIn: taps * inputs } as const;
  return [
    { name: `${name}.kernel`, shape: [taps * inputs, outputs], start },
    ...(form === 'plain'
      ? []
      : [
          {
            name: `${name}.length`,
            shape: [outputs],
            start: { kind: 'constant', value: 1 / Math.sqrt(3) },
          } as const,
        ]),
    { name: `${name}.bias`, shape: [outputs], start },
  ];
}

/**
 * Runs a time-delay layer without padding: output frame t sees input frames t, t + d, ..., t + (taps - 1) d.
 *
 * @param x float32 (batch, time, inputs).
 * @returns (batch, time - frames lost, outputs), before any nonlinearity.
 * @throws UserError (`input`) when the sequence is shorter than the taps reach.
 */
export function timeDelay(
  { tf }: Engine,
  parameters: ParameterTensors,
  name: string,
  x: Tensor3D,
  shape: TimeDelayShape,
): Tensor3D {
  const { inputs, outputs, taps, dilation = 1, form = 'plain' } = shape;
  const [batch, frames] = x.shape;
  const kept = frames - framesLost(shape);
  if (kept < 1)
    throw inputError(
      `time-delay layer ${name}: ${frames} frames are fewer than its ${framesLost(shape) + 1}; use longer excerpts`,
    );
  const views = Array.from({ length: taps }, (_, tap) =>
    tf.slice(x, [0, tap * dilation, 0], [batch, kept, inputs]),
  );
  const stacked = tf.reshape(taps === 1 ? views[0]! : tf.concat(views, 2), [batch * kept, taps * inputs]);
  let kernel = parameters(`${name}.kernel`) as Tensor2D;
  if (form === 'weight-normalised') {
    const size = tf.sqrt(tf.sum(tf.square(kernel), 0, true));
    kernel = tf.mul(tf.div(kernel, size), parameters(`${name}.length`));
  }
  const y = tf.add(tf.matMul(stacked, kernel), parameters(`${name}.bias`) as Tensor1D);
  return tf.reshape(y, [batch, kept, outputs]) as Tensor3D;
}

/**
 * Mean and standard deviation over time (n - 1 in the divisor), one after the other.
 *
 * @param x float32 (batch, time, channels), two frames or more.
 * @returns (batch, 2 x channels).
 * @throws UserError (`input`) for fewer than two frames.
 */
export function statisticsPooling({ tf }: Engine, x: Tensor3D): Tensor2D {
  const frames = x.shape[1];
  if (frames < 2) throw inputError(`statistics pooling: ${frames} frame(s); two or more are needed`);
  const mean = tf.mean(x, 1, true);
  const variance = tf.div(tf.sum(tf.square(tf.sub(x, mean)), 1), frames - 1) as Tensor;
  // The root has no slope at 0, where a channel is silent throughout.
  const deviation = tf.sqrt(tf.add(variance, 1e-8));
  return tf.concat([tf.squeeze(mean, [1]), deviation], 1) as Tensor2D;
}
