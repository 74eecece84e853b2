import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps, runsOnGpu } from '../engine';

/** One batch through batch normalisation: the output, and what its gradient and the running values need. */
export interface NormalisedBatch {
  readonly y: Tensor4D;
  readonly mean: Tensor1D;
  /** Divided by N. */
  readonly variance: Tensor1D;
}

/** The operations of layers whose TensorFlow.js form is slow, or its gradient missing. Float32, channels last. */
export interface Kernels {
  /** op(a) op(b), each side transposed on request. */
  matMul(a: Tensor2D, b: Tensor2D, transpose: 'none' | 'left' | 'right'): Tensor2D;
  addBias<X extends Tensor>(x: X, bias: Tensor1D): X;
  /** Sums over all axes but the last. */
  biasGradient(gradient: Tensor): Tensor1D;
  relu<X extends Tensor>(x: X): X;
  /** gradient where output > 0, else 0. */
  reluGradient<X extends Tensor>(gradient: X, output: X): X;
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

/**
 * On the native engine TensorFlow's own operations, called directly; otherwise those of TensorFlow.js. So, too, on a graphics
 * card: there the gradient of batch normalisation (cuDNN) expects the inverse deviation where on processors it is the
 * variance.
 */
export function createKernels(engine: Engine): Kernels {
  return engine.name === 'native' && !runsOnGpu(engine) ? nativeKernels(engine) : portableKernels(engine);
}

const T: RawAttribute = { name: 'T', kind: 'type', value: 'float32' };
const ONLY_T = [T] as const;
const MATMUL: readonly RawAttribute[] = [
  { name: 'transpose_a', kind: 'bool', value: false },
  { name: 'transpose_b', kind: 'bool', value: false },
  T,
];

function nativeKernels(engine: Engine): Kernels {
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
  const product = (a: Tensor, b: Tensor): Tensor2D => ops.one('MatMul', MATMUL, [a, b]) as Tensor2D;
  const withTransposed = (matrix: Tensor2D, use: (transposed: Tensor) => Tensor2D): Tensor2D => {
    const transposed = tf.transpose(matrix);
    const result = use(transposed);
    transposed.dispose();
    return result;
  };
  return {
    // Transposing first and multiplying then takes less time than MatMul's own attributes, for the same bits.
    matMul: (a, b, transpose) => {
      if (transpose === 'left') return withTransposed(a, (at) => product(at, b));
      return transpose === 'right' ? withTransposed(b, (bt) => product(a, bt)) : product(a, b);
    },
    addBias: <X extends Tensor>(x: X, bias: Tensor1D) => ops.one('BiasAdd', ONLY_T, [x, bias]) as X,
    biasGradient: (gradient) => ops.one('BiasAddGrad', ONLY_T, [gradient]) as Tensor1D,
    relu: <X extends Tensor>(x: X) => ops.one('Relu', ONLY_T, [x]) as X,
    reluGradient: <X extends Tensor>(gradient: X, output: X) =>
      ops.one('ReluGrad', ONLY_T, [gradient, output]) as X,
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
export function portableKernels({ tf }: Engine): Kernels {
  const AXES = [0, 1, 2];
  return {
    matMul: (a, b, transpose) => tf.matMul(a, b, transpose === 'left', transpose === 'right'),
    addBias: (x, bias) => tf.add(x, bias),
    biasGradient: (gradient) =>
      tf.sum(
        gradient,
        gradient.shape.slice(0, -1).map((_, axis) => axis),
      ),
    relu: (x) => tf.relu(x),
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
