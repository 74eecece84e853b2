import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';

/** Binary cross-entropy of each logit: max(z, 0) - z y + log(1 + exp(-|z|)), which overflows for no z. */
const crossEntropies = ({ tf }: Engine, logits: Tensor, labels: Tensor): Tensor =>
  tf.add(tf.sub(tf.relu(logits), tf.mul(logits, labels)), tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));

/** Binary cross-entropy of logits with labels 0 .. 1, mean over all elements. */
export function binaryCrossEntropy(engine: Engine, logits: Tensor, labels: Tensor): Scalar {
  return engine.tf.mean(crossEntropies(engine, logits, labels)) as Scalar;
}

/** Binary cross-entropy of logits with tags 1 and 0, mean over those that are known (not below 0). */
export function maskedBinaryCrossEntropy(engine: Engine, logits: Tensor, tags: Tensor): Scalar {
  const { tf } = engine;
  const known = tf.cast(tf.greaterEqual(tags, 0), 'float32');
  const each = crossEntropies(engine, logits, tf.relu(tags));
  return tf.div(tf.sum(tf.mul(each, known)), tf.maximum(tf.sum(known), 1)) as Scalar;
}

/** Cross-entropy of softmax(logits) with rows of `labels` that sum to 1 (rows x classes), mean over rows. */
export function softmaxCrossEntropy({ tf }: Engine, logits: Tensor2D, labels: Tensor2D): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1))) as Scalar;
}

/** Cross-entropy of logits (rows, classes) with weights of the true classes, per unit of weight. */
export function weightedCrossEntropy({ tf }: Engine, logits: Tensor2D, targets: Tensor2D): Scalar {
  const total = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits))));
  return tf.div(total, tf.maximum(tf.sum(targets), 1e-12)) as Scalar;
}
