import { softmaxInPlace } from '../training/focalLoss';
import type { Task } from './trainer';

/** Probabilities of logits (rows x outputs): sigmoid of each, or softmax of each row. In double precision. */
export function probabilitiesOf(logits: Float32Array, outputs: number, task: Task): Float32Array {
  if (task === 'tags') return logits.map((z) => 1 / (1 + Math.exp(-z)));
  return softmaxInPlace(logits.slice(), outputs);
}

/** Loss of each row of logits, as it is trained: mean binary cross-entropy, or cross-entropy of the softmax. */
export function rowLosses(
  logits: Float32Array,
  labels: Float32Array,
  outputs: number,
  task: Task,
): Float64Array {
  return Float64Array.from({ length: logits.length / outputs }, (_, r) => {
    const z = logits.subarray(r * outputs, (r + 1) * outputs);
    const y = labels.subarray(r * outputs, (r + 1) * outputs);
    if (task === 'tags')
      return (
        z.reduce((sum, v, c) => sum + Math.max(v, 0) - v * y[c]! + Math.log1p(Math.exp(-Math.abs(v))), 0) /
        outputs
      );
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = largest + Math.log(z.reduce((total, v) => total + Math.exp(v - largest), 0));
    return z.reduce((sum, v, c) => sum + y[c]! * (log - v), 0);
  });
}
