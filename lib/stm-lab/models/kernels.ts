import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps } from '../engine';

/** The few operations of a dense layer, on float32 matrices (rows x units). */
export interface DenseKernels {
  /** op(a) op(b), each side transposed on request. */
  matMul(a: Tensor2D, b: Tensor2D, transpose: 'none' | 'left' | 'right'): Tensor2D;
  addBias(x: Tensor2D, bias: Tensor1D): Tensor2D;
  relu(x: Tensor2D): Tensor2D;
  /** gradient where output > 0, else 0. */
  reluGradient(gradient: Tensor2D, output: Tensor2D): Tensor2D;
  /** Column sums. */
  biasGradient(gradient: Tensor2D): Tensor1D;
}

const T: RawAttribute = { name: 'T', kind: 'type', value: 'float32' };
const ONLY_T = [T] as const;
const MATMUL = [
  { name: 'transpose_a', kind: 'bool', value: false },
  { name: 'transpose_b', kind: 'bool', value: false },
  T,
] as const satisfies readonly RawAttribute[];

/** On the native engine TensorFlow's own operations, called directly; otherwise those of TensorFlow.js. */
export function denseKernels(engine: Engine): DenseKernels {
  return engine.name === 'native' ? nativeKernels(engine) : portableKernels(engine);
}

function nativeKernels(engine: Engine): DenseKernels {
  const { tf } = engine;
  const ops = rawOps(engine);
  const product = (a: Tensor2D, b: Tensor2D): Tensor2D => ops.one('MatMul', MATMUL, [a, b]) as Tensor2D;
  const withTransposed = (matrix: Tensor2D, use: (transposed: Tensor2D) => Tensor2D): Tensor2D => {
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
    addBias: (x, bias) => ops.one('BiasAdd', ONLY_T, [x, bias]) as Tensor2D,
    relu: (x) => ops.one('Relu', ONLY_T, [x]) as Tensor2D,
    reluGradient: (gradient, output) => ops.one('ReluGrad', ONLY_T, [gradient, output]) as Tensor2D,
    biasGradient: (gradient) => ops.one('BiasAddGrad', ONLY_T, [gradient]) as Tensor1D,
  };
}

/** The same from TensorFlow.js functions alone: every engine has them. */
export function portableKernels({ tf }: Engine): DenseKernels {
  return {
    matMul: (a, b, transpose) => tf.matMul(a, b, transpose === 'left', transpose === 'right'),
    addBias: (x, bias) => tf.add(x, bias),
    relu: (x) => tf.relu(x),
    reluGradient: (gradient, output) => tf.mul(gradient, tf.step(output)),
    biasGradient: (gradient) => tf.sum(gradient, 0),
  };
}
