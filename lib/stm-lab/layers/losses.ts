import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';

/**
 * Binary cross-entropy of logits with labels 0 .. 1, mean over all elements:
 * max(z, 0) - z y + log(1 + exp(-|z|)), which overflows for no z.
 */
export function binaryCrossEntropy({ tf }: Engine, logits: Tensor, labels: Tensor): Scalar {
  const loss = tf.add(
    tf.sub(tf.relu(logits), tf.mul(logits, labels)),
    tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
  );
  return tf.mean(loss) as Scalar;
}

/** Cross-entropy of softmax(logits) with rows of `labels` that sum to 1 (rows x classes), mean over rows. */
export function softmaxCrossEntropy({ tf }: Engine, logits: Tensor2D, labels: Tensor2D): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1))) as Scalar;
}
