import type { Tensor } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { checkFeatures } from './data';
import { softmaxInPlace } from './loss';
import type { MlpModel } from './model';
import { createNetwork, type Network } from './network';
import { parameterShapes } from './spec';

const ROWS_AT_ONCE = 1024;

/**
 * Class probabilities of every row.
 *
 * @param x features, row-major float32, rows x `model.spec.inputs`; finite.
 * @returns float32, rows x classes; each row sums to 1.
 * @throws StmLabError (`input`) when the sizes disagree or a feature is not finite.
 */
export function predictProbabilities(
  engine: Engine,
  model: MlpModel,
  x: Float32Array,
  rows: number,
): Float32Array {
  const { tf } = engine;
  const { spec } = model;
  checkFeatures(x, rows, spec.inputs, 'prediction rows');
  const parameters = parameterShapes(spec).map(({ shape }, i) =>
    tf.tensor(model.weights[i]!, [...shape], 'float32'),
  );
  try {
    return networkProbabilities(engine, createNetwork(engine, spec), parameters, x, spec);
  } finally {
    parameters.forEach((tensor) => tensor.dispose());
  }
}

/** The same with the network and its parameters already on the engine; features are not checked. */
export function networkProbabilities(
  { tf }: Engine,
  network: Network,
  parameters: readonly Tensor[],
  x: Float32Array,
  { inputs, classes }: { readonly inputs: number; readonly classes: number },
): Float32Array {
  const rows = x.length / inputs;
  const result = new Float32Array(rows * classes);
  for (let start = 0; start < rows; start += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - start);
    tf.tidy(() => {
      const block = tf.tensor2d(
        x.subarray(start * inputs, (start + count) * inputs),
        [count, inputs],
        'float32',
      );
      result.set(network.logits(parameters, block).dataSync() as Float32Array, start * classes);
    });
  }
  return softmaxInPlace(result, classes);
}
