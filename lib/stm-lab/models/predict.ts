import type { Tensor } from '@tensorflow/tfjs';
import { divergedError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import type { Engine } from '../engine';
import { bagTensors } from './attention';
import { checkVectors, countVectors, type StreamedRows, vectorStarts } from './data';
import { softmaxInPlace } from '../training/focalLoss';
import type { MlpModel } from './model';
import { createNetwork, type Network } from './network';
import { networkLayout } from './spec';

const ROWS_AT_ONCE = 1024;
/** Attention masks are rows x vectors: more vectors at once than this would cost more than they save. */
const VECTORS_AT_ONCE = 2048;

/**
 * Class probabilities of every row.
 *
 * @param x features, row-major float32, rows x `model.spec.inputs`; finite; or a source of them, read block by block.
 * @param excerpts for a network with attention: number of vectors of each row, lying one after another in `x`.
 * @returns float32, rows x classes; each row sums to 1.
 * @throws UserError: `input` when the sizes disagree or a feature is not finite; `diverged` when an output is not.
 */
export function predictProbabilities(
  engine: Engine,
  model: MlpModel,
  x: StreamedRows['x'],
  rows: number,
  excerpts?: Int32Array,
): Float32Array {
  const { tf } = engine;
  const { spec } = model;
  const name = 'prediction rows';
  const counts = excerpts === undefined ? {} : { excerpts };
  const vectors = countVectors({ rows, ...counts }, spec.attention ? 'excerpts' : 'vectors', name);
  checkVectors(x, vectors, spec.inputs, name);
  const parameters = networkLayout(spec).parameters.map(({ shape }, i) =>
    tf.tensor(model.weights[i]!, [...shape], 'float32'),
  );
  try {
    const network = createNetwork(engine, spec);
    const probabilities = networkProbabilities(engine, network, parameters, { x, rows, ...counts }, spec);
    const wrong = firstNotFinite(probabilities);
    if (wrong >= 0)
      throw divergedError(
        `${name}: the network's output for row ${Math.floor(wrong / spec.classes)} is not a number; its features are too large for the weights, standardise them`,
      );
    return probabilities;
  } finally {
    parameters.forEach((tensor) => tensor.dispose());
  }
}

/** The same with the network and its parameters already on the engine; features are not checked. */
export function networkProbabilities(
  engine: Engine,
  network: Network,
  parameters: readonly Tensor[],
  data: Pick<StreamedRows, 'x' | 'rows' | 'excerpts'>,
  { inputs, classes }: { readonly inputs: number; readonly classes: number },
): Float32Array {
  const { tf } = engine;
  const { x, rows, excerpts } = data;
  const starts = vectorStarts(data);
  const result = new Float32Array(rows * classes);
  for (let row = 0, end = 0; row < rows; row = end) {
    end = Math.min(row + ROWS_AT_ONCE, rows);
    while (excerpts !== undefined && end > row + 1 && starts[end]! - starts[row]! > VECTORS_AT_ONCE) end--;
    tf.tidy(() => {
      const [first, last] = [starts[row]!, starts[end]!];
      const values =
        x instanceof Float32Array
          ? x.subarray(first * inputs, last * inputs)
          : x.readRowList(Int32Array.from({ length: last - first }, (_, i) => first + i));
      const block = tf.tensor2d(values, [last - first, inputs], 'float32');
      const bags = excerpts === undefined ? undefined : bagTensors(engine, excerpts.subarray(row, end));
      result.set(network.logits(parameters, block, bags).dataSync() as Float32Array, row * classes);
    });
  }
  return softmaxInPlace(result, classes);
}
