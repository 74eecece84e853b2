import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { countVectors, vectorStarts } from './data';
import type { Kernels } from '../training/kernels';
import type { MlpModel } from './model';

/** Which vectors of a block belong to which of its rows. */
export interface Bags {
  /** rows x vectors: 0 where the vector is the row's, very negative elsewhere. */
  readonly outside: Tensor2D;
  /** rows x rows: how pooled rows are blended (mixup); undefined: not at all. */
  readonly mixing: Tensor2D | undefined;
}

/** The pooled rows, and a function from their gradient to those of kernel, bias and score. */
export interface AttentionPass {
  readonly pooled: Tensor2D;
  backward(gradient: Tensor2D): [Tensor, Tensor, Tensor];
}

/** Scores this low weigh exactly 0 in a float32 softmax. */
const FAR_BELOW = -1e9;

/**
 * Attention over the excerpts of a recording (Ilse, Tomczak & Welling 2018): a_k = softmax_k of
 * score' tanh(kernel' h_k + bias) over the recording's own excerpts h_k, pooled = sum_k a_k h_k. Any number
 * of excerpts per recording: those of other recordings are masked out.
 */
export function createAttention(
  { tf }: Engine,
  kernels: Kernels,
): (parameters: readonly Tensor[], x: Tensor2D, bags: Bags) => AttentionPass {
  return (parameters, x, { outside, mixing }) => {
    const [kernel, bias, score] = parameters as [Tensor2D, Tensor1D, Tensor2D];
    const hidden = tf.tanh(kernels.addBias(kernels.matMul(x, kernel, 'none'), bias)) as Tensor2D;
    const scores = tf.transpose(kernels.matMul(hidden, score, 'none'));
    const weights = tf.softmax(tf.add(outside, scores)) as Tensor2D;
    const own = kernels.matMul(weights, x, 'none');
    return {
      pooled: mixing === undefined ? own : kernels.matMul(mixing, own, 'none'),
      backward: (gradient) => {
        const toOwn = mixing === undefined ? gradient : kernels.matMul(mixing, gradient, 'left');
        const toWeights = kernels.matMul(toOwn, x, 'right');
        const along = tf.sum(tf.mul(weights, toWeights), 1, true);
        const toScores = tf.sum(tf.mul(weights, tf.sub(toWeights, along)), 0).reshape([-1, 1]) as Tensor2D;
        const toHidden = tf.mul(
          kernels.matMul(toScores, score, 'right'),
          tf.sub(1, tf.square(hidden)),
        ) as Tensor2D;
        return [
          kernels.matMul(x, toHidden, 'left'),
          kernels.biasGradient(toHidden),
          kernels.matMul(hidden, toScores, 'left'),
        ];
      },
    };
  };
}

/** Puts the masks of a block of rows on the engine. */
export function bagTensors({ tf }: Engine, excerpts: Int32Array, mixing?: Float32Array): Bags {
  const rows = excerpts.length;
  const starts = vectorStarts({ rows, excerpts });
  const vectors = starts[rows]!;
  const outside = new Float32Array(rows * vectors).fill(FAR_BELOW);
  for (let r = 0; r < rows; r++) outside.fill(0, r * vectors + starts[r]!, r * vectors + starts[r + 1]!);
  return {
    outside: tf.tensor2d(outside, [rows, vectors], 'float32'),
    mixing: mixing === undefined ? undefined : tf.tensor2d(mixing, [rows, rows], 'float32'),
  };
}

/**
 * How much each excerpt counts in its recording.
 *
 * @param x features of all excerpts, recording after recording.
 * @param excerpts number of excerpts of each recording.
 * @returns float32, one weight in [0, 1] per excerpt; those of a recording sum to 1.
 * @throws UserError (`input`) when the model has no attention or the sizes disagree.
 */
export function attentionWeights(model: MlpModel, x: Float32Array, excerpts: Int32Array): Float32Array {
  const { attention, inputs } = model.spec;
  const rows = excerpts.length;
  countVectors({ rows, excerpts }, attention === undefined ? 'vectors' : 'excerpts', 'attention weights');
  const [kernel, bias, score] = model.weights as [Float32Array, Float32Array, Float32Array];
  const units = attention!.units;
  const starts = vectorStarts({ rows, excerpts });
  const weights = new Float32Array(starts[rows]!);
  const scoreOf = (vector: number): number => {
    let sum = 0;
    for (let u = 0; u < units; u++) {
      let inner = bias[u]!;
      for (let j = 0; j < inputs; j++) inner += x[vector * inputs + j]! * kernel[j * units + u]!;
      sum += score[u]! * Math.tanh(inner);
    }
    return sum;
  };
  for (let r = 0; r < rows; r++) {
    const scores = Array.from({ length: excerpts[r]! }, (_, e) => scoreOf(starts[r]! + e));
    const largest = Math.max(...scores);
    const raised = scores.map((value) => Math.exp(value - largest));
    const total = raised.reduce((sum, value) => sum + value, 0);
    raised.forEach((value, e) => (weights[starts[r]! + e] = value / total));
  }
  return weights;
}
