import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { argMax } from 'research-basics/numerics/argMax';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { type Loss, lossAndGradient, softmaxInPlace } from '../training/focalLoss';
import { createLearner, type Learner } from '../training/learner';
import type { OptimiserOptions } from '../training/optimiser';
import { split } from '../training/parameters';
import { fastNormals, fastWords, fillDropoutMask } from '../training/random';
import type { GroupResult } from '../training/task';
import { bagTensors } from './attention';
import { mixingMatrix, mixPlan, mixRows, plainTargets } from './augment';
import { createNetwork, type Network } from './network';
import type { ResolvedFitOptions } from './options';
import { type MlpSpec, networkLayout } from './spec';

/** One network under training on the engine. */
export interface Trainer {
  readonly network: Network;
  readonly learner: Learner;
  /** The parameters as the network takes them; valid until `refresh`. */
  readonly weights: readonly Tensor[];
  /** Current L1 penalty. */
  penalty(): number;
  /** Most micro-batches of one `gradient`. */
  readonly together: number;
  /**
   * Loss with the L1 penalty times rows, rows, and rows right, and the gradient, of one or more micro-batches lying one
   * after another; `x` (rows x inputs) may be overwritten by augmentation.
   *
   * Micro-batches between two updates see the same weights, so they pass through the network together: the sum of their
   * gradients then forms inside the matrix products. Each row counts 1 / (rows of its own micro-batch), and masks and
   * augmentation are drawn per micro-batch, from the seed and its number.
   *
   * @param first number of the first micro-batch.
   * @param sizes rows of each micro-batch, at most `together` of them.
   * @param excerpts for a network with attention: vectors of each row in `x`.
   * @param weights of the rows in the loss; left out, each weighs 1.
   */
  gradient(
    x: Float32Array,
    labels: Int32Array,
    first: number,
    sizes: readonly number[],
    excerpts?: Int32Array,
    weights?: Float32Array,
  ): GroupResult;
  /** To be called after each update. */
  refresh(): void;
  dispose(): void;
}

/** Adam as Keras computes it, with the options' constants. */
export function optimiserOf({
  biasCorrection,
  accumulation,
  adam,
  weightDecay,
  lookahead,
}: ResolvedFitOptions): OptimiserOptions {
  const countsPerUpdate = biasCorrection === 'standard' ? 1 : accumulation;
  return {
    rule: { kind: 'adam', form: 'keras', countsPerUpdate, ...adam },
    weightDecay,
    ...(lookahead === undefined ? {} : { lookahead }),
  };
}

/** Puts a network on the engine, its parameters at the values of `start`: forward, loss, backward. */
export function createTrainer(
  engine: Engine,
  spec: MlpSpec,
  options: ResolvedFitOptions,
  loss: Loss,
  start: Float32Array,
): Trainer {
  const { tf } = engine;
  const { accumulation, batchSize, seed } = options;
  const { classes, inputs } = spec;
  const layout = networkLayout(spec);
  const network = createNetwork(engine, spec);
  const learner = createLearner(engine, layout, [], optimiserOf(options), { parameters: start });
  const separated = (): Tensor[] => tf.tidy(() => split(engine, layout, learner.optimiser.values));
  let weights = separated();
  const penalised = layout.parameters.flatMap(({ l1 = 0 }, i) => (l1 > 0 ? [{ i, l1 }] : []));
  // Attention masks grow with the square of the rows.
  const fusible = spec.attention === undefined ? Math.floor(FUSED_ROWS / batchSize) : 1;
  const fused = Math.max(1, Math.min(accumulation, fusible));
  const maskBuffers = spec.hidden.map(({ units, dropout = 0 }) =>
    dropout > 0 ? new Float32Array(fused * batchSize * units) : undefined,
  );
  const gradientBuffer = new Float32Array(fused * batchSize * classes);
  let penaltyValue: number | undefined;

  const penalty = (): number => {
    penaltyValue ??= tf.tidy(() =>
      penalised.reduce(
        (sum, { i, l1 }) => sum + l1 * (tf.sum(tf.abs(weights[i]!)).dataSync()[0] as number),
        0,
      ),
    );
    return penaltyValue;
  };

  const masksFor = (first: number, sizes: readonly number[], rows: number): (Tensor2D | undefined)[] =>
    spec.hidden.map(({ units, dropout = 0 }, i) => {
      const buffer = maskBuffers[i];
      if (buffer === undefined) return undefined;
      let start = 0;
      sizes.forEach((size, k) => {
        const part = buffer.subarray(start, start + size * units);
        fillDropoutMask(part, dropout, fastWords(seed, 'dropout', first + k, i));
        start += size * units;
      });
      return tf.tensor2d(buffer.subarray(0, start), [rows, units], 'float32');
    });

  /** Augments one micro-batch in place; its targets, and how its pooled rows are yet to be blended. */
  const augment = (
    batch: number,
    x: Float32Array,
    labels: Int32Array,
    rowWeights: Float32Array | undefined,
  ): { targets: Int32Array | Float32Array; mixing?: Float32Array } => {
    if (options.inputNoise > 0) {
      const next = fastNormals(seed, 'noise', batch);
      for (let i = 0; i < x.length; i++) x[i] = x[i]! + options.inputNoise * next();
    }
    if (options.mixup === 0) return { targets: plainTargets(labels, classes, rowWeights) };
    const plan = mixPlan(labels, classes, options.mixup, deriveSeed(seed, 'mixup', batch), rowWeights);
    if (spec.attention !== undefined) return { targets: plan.targets, mixing: mixingMatrix(plan) };
    mixRows(x, inputs, plan);
    return { targets: plan.targets };
  };

  const gradientOf: Trainer['gradient'] = (x, labels, first, sizes, excerpts, rowWeights) => {
    const rows = labels.length;
    let start = 0;
    const parts = sizes.map((size, k) => {
      const from = start;
      start += size;
      // With excerpts there is one micro-batch only: all of x.
      const features = excerpts === undefined ? x.subarray(from * inputs, start * inputs) : x;
      const own = rowWeights?.subarray(from, start);
      return { from, to: start, ...augment(first + k, features, labels.subarray(from, start), own) };
    });
    let lossSum = 0;
    let correct = 0;
    const gradient = tf.tidy(() => {
      const pass = network.forward(
        weights,
        tf.tensor2d(x, [x.length / inputs, inputs], 'float32'),
        masksFor(first, sizes, rows),
        excerpts === undefined ? undefined : bagTensors(engine, excerpts, parts[0]!.mixing),
      );
      const probabilities = softmaxInPlace(Float32Array.from(pass.logits.dataSync()), classes);
      correct = countCorrect(probabilities, labels, classes);
      for (const { from, to, targets } of parts)
        lossSum += lossAndGradient(
          loss,
          probabilities.subarray(from * classes, to * classes),
          targets,
          gradientBuffer.subarray(from * classes, to * classes),
          1 / ((to - from) * accumulation),
        );
      const gradients = pass.backward(
        tf.tensor2d(gradientBuffer.subarray(0, rows * classes), [rows, classes], 'float32'),
      );
      return tf.concat(gradients.map((tensor) => tf.reshape(tensor, [-1])));
    });
    return { sums: { rows, loss: lossSum + rows * penalty(), correct }, gradient: gradient as Tensor1D };
  };

  return {
    network,
    learner,
    get weights() {
      return weights;
    },
    penalty,
    together: fused,
    gradient: gradientOf,
    refresh: () => {
      weights.forEach((tensor) => tensor.dispose());
      weights = separated();
      penaltyValue = undefined;
    },
    dispose: () => [...weights, learner].forEach((held) => held.dispose()),
  };
}

/** Rows that pass through the network together: beyond this, activations leave the processor's cache. */
const FUSED_ROWS = 1024;

/** Rows whose largest probability (the first, on ties) is at the label. */
export function countCorrect(probabilities: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  for (let r = 0; r < labels.length; r++)
    if (argMax(probabilities, r * classes, classes) === labels[r]) correct++;
  return correct;
}
