import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps } from '../engine';

/** One batch through batch normalisation: the output, and what its gradient and the running values need. */
export interface NormalisedBatch {
  readonly y: Tensor4D;
  readonly mean: Tensor1D;
  /** Divided by N. */
  readonly variance: Tensor1D;
}

/** Operations whose TensorFlow.js gradient is missing or several passes long. Channels last. */
export interface LayerKernels {
  addBias(x: Tensor, bias: Tensor1D): Tensor;
  biasGradient(gradient: Tensor): Tensor1D;
  reluGradient(gradient: Tensor, output: Tensor): Tensor;
  normalise(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): NormalisedBatch;
  /** Gradients with respect to x, gamma and beta. */
  normaliseGradient(
    gradient: Tensor4D,
    x: Tensor4D,
    gamma: Tensor1D,
    mean: Tensor1D,
    variance: Tensor1D,
    epsilon: number,
  ): readonly [Tensor4D, Tensor1D, Tensor1D];
}

/** On the native engine TensorFlow's fused operations; otherwise closed forms from TensorFlow.js functions. */
export function layerKernels(engine: Engine): LayerKernels {
  return engine.name === 'native' ? nativeKernels(engine) : portableKernels(engine);
}

const T: RawAttribute = { name: 'T', kind: 'type', value: 'float32' };
const ONLY_T = [T] as const;

function nativeKernels(engine: Engine): LayerKernels {
  const { tf } = engine;
  const ops = rawOps(engine);
  const attributes = new Map<number, readonly RawAttribute[]>();
  const fused = (epsilon: number): readonly RawAttribute[] => {
    let list = attributes.get(epsilon);
    if (list === undefined) {
      list = [
        T,
        { name: 'U', kind: 'type', value: 'float32' },
        { name: 'epsilon', kind: 'float', value: epsilon },
        { name: 'is_training', kind: 'bool', value: true },
        { name: 'data_format', kind: 'string', value: 'NHWC' },
      ];
      attributes.set(epsilon, list);
    }
    return list;
  };
  return {
    addBias: (x, bias) => ops.one('BiasAdd', ONLY_T, [x, bias]),
    biasGradient: (gradient) => ops.one('BiasAddGrad', ONLY_T, [gradient]) as Tensor1D,
    reluGradient: (gradient, output) => ops.one('ReluGrad', ONLY_T, [gradient, output]),
    normalise: (x, gamma, beta, epsilon) => {
      const none = tf.tensor1d([], 'float32');
      const [y, mean, corrected, , , third] = ops.many(
        'FusedBatchNormV3',
        fused(epsilon),
        [x, gamma, beta, none, none],
        6,
      );
      third!.dispose();
      none.dispose();
      // The operation's own variance output is the one divided by N - 1.
      const count = x.size / gamma.size;
      const variance = tf.mul(corrected!, (count - 1) / count);
      return { y: y as Tensor4D, mean: mean as Tensor1D, variance: variance as Tensor1D };
    },
    normaliseGradient: (gradient, x, gamma, mean, variance, epsilon) => {
      const none = tf.tensor1d([], 'float32');
      const [dx, dGamma, dBeta] = ops.many(
        'FusedBatchNormGradV3',
        fused(epsilon),
        [gradient, x, gamma, mean, variance, none],
        5,
      );
      return [dx as Tensor4D, dGamma as Tensor1D, dBeta as Tensor1D];
    },
  };
}

/** The same from TensorFlow.js functions alone: every engine has them. */
export function portableKernels({ tf }: Engine): LayerKernels {
  const AXES = [0, 1, 2];
  return {
    addBias: (x, bias) => tf.add(x, bias),
    biasGradient: (gradient) =>
      tf.sum(
        gradient,
        gradient.shape.slice(0, -1).map((_, axis) => axis),
      ),
    reluGradient: (gradient, output) => tf.mul(gradient, tf.step(output)),
    normalise: (x, gamma, beta, epsilon) => {
      const { mean, variance } = tf.moments(x, AXES);
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
      const y = tf.add(tf.mul(tf.sub(x, mean), scale), beta);
      return { y: y as Tensor4D, mean: mean as Tensor1D, variance: variance as Tensor1D };
    },
    normaliseGradient: (gradient, x, gamma, mean, variance, epsilon) => {
      const inverse = tf.rsqrt(tf.add(variance, epsilon));
      const standard = tf.mul(tf.sub(x, mean), inverse);
      const dBeta = tf.sum(gradient, AXES) as Tensor1D;
      const dGamma = tf.sum(tf.mul(gradient, standard), AXES) as Tensor1D;
      const count = x.size / gamma.size;
      const inner = tf.sub(gradient, tf.div(tf.add(dBeta, tf.mul(standard, dGamma)), count));
      return [tf.mul(inner, tf.mul(gamma, inverse)) as Tensor4D, dGamma, dBeta];
    },
  };
}
