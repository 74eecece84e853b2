import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { argMax } from 'research-basics/numerics/argMax';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { bagTensors } from './attention';
import { mixingMatrix, mixPlan, mixRows } from './augment';
import { type Loss, lossAndGradient, softmaxInPlace } from '../training/focalLoss';
import { createNetwork, type Network } from './network';
import { type ResolvedFitOptions, scheduledRate } from './options';
import { fastNormals, fastWords, fillDropoutMask } from '../training/random';
import { createOptimiser, type Optimiser, type OptimiserState } from '../training/optimiser';
import { split } from '../training/parameters';
import { type MlpSpec, networkLayout } from './spec';

/** Everything that changes while training, in host memory. */
export interface TrainerState {
  /** Micro-batches seen so far. */
  readonly batches: number;
  readonly optimiser: OptimiserState;
  /** Sum of the gradients since the last update, when there are any. */
  readonly pending: Float32Array | undefined;
}

/** Sums over the rows of a few micro-batches. */
export interface BatchSums {
  readonly rows: number;
  /** Loss with the L1 penalty, times rows. */
  readonly loss: number;
  readonly correct: number;
}

/** One network under training on the engine. */
export interface Trainer {
  readonly network: Network;
  readonly optimiser: Optimiser;
  /** The parameters as the network takes them; valid until the next update. */
  readonly weights: readonly Tensor[];
  readonly batches: number;
  readonly updates: number;
  /** Learning rate of the last update (of the first one to come, before any). */
  readonly learningRate: number;
  /** Current L1 penalty. */
  penalty(): number;
  /** Most rows of one `step`. */
  readonly capacity: number;
  /**
   * How many more micro-batches may go into the next `step`: none beyond the next weight update, and not
   * more rows than are fast.
   */
  room(): number;
  /**
   * One or more micro-batches lying one after another; `x` (rows x inputs) may be overwritten by
   * augmentation.
   *
   * Micro-batches between two updates see the same weights, so they pass through the network together:
   * the sum of their gradients then forms inside the matrix products. Each row counts 1 / (rows of its
   * own micro-batch), and masks and augmentation are drawn per micro-batch.
   *
   * @param sizes rows of each micro-batch, at most `room()` of them.
   * @param excerpts for a network with attention: vectors of each row in `x`.
   */
  step(x: Float32Array, labels: Int32Array, sizes: readonly number[], excerpts?: Int32Array): BatchSums;
  state(): TrainerState;
  dispose(): void;
}

/**
 * Puts a network under training on the engine: forward, loss, backward, accumulation, Adam.
 *
 * Every micro-batch draws its dropout masks and augmentation from the seed and its own number, so a run
 * that is resumed goes on exactly as it would have.
 *
 * @param totalUpdates updates of the whole training, for the learning-rate schedule.
 */
export function createTrainer(
  engine: Engine,
  spec: MlpSpec,
  options: ResolvedFitOptions,
  loss: Loss,
  start: Float32Array | TrainerState,
  totalUpdates: number,
): Trainer {
  const { tf } = engine;
  const { accumulation, batchSize, seed } = options;
  const { classes, inputs } = spec;
  const layout = networkLayout(spec);
  const network = createNetwork(engine, spec);
  const saved = start instanceof Float32Array ? undefined : start;
  const optimiser = createOptimiser(
    engine,
    layout,
    start instanceof Float32Array ? start : start.optimiser.values,
    {
      rule: {
        kind: 'adam',
        form: 'keras',
        countsPerUpdate: options.biasCorrection === 'standard' ? 1 : accumulation,
        ...options.adam,
      },
      weightDecay: options.weightDecay,
    },
  );
  if (saved !== undefined) optimiser.write(saved.optimiser);
  const separated = (): Tensor[] => tf.tidy(() => split(engine, layout, optimiser.values));
  let weights = separated();
  const penalised = layout.parameters.flatMap(({ l1 = 0 }, i) => (l1 > 0 ? [{ i, l1 }] : []));
  // Attention masks grow with the square of the rows.
  const fusible = spec.attention === undefined ? Math.floor(FUSED_ROWS / batchSize) : 1;
  const fused = Math.max(1, Math.min(accumulation, fusible));
  const maskBuffers = spec.hidden.map(({ units, dropout = 0 }) =>
    dropout > 0 ? new Float32Array(fused * batchSize * units) : undefined,
  );
  const gradientBuffer = new Float32Array(fused * batchSize * classes);
  let batches = saved?.batches ?? 0;
  let learningRate = scheduledRate(options, Math.max(optimiser.updates, 1), totalUpdates);
  let penaltyValue: number | undefined;
  let pending: Tensor | undefined = saved?.pending && tf.tensor1d(saved.pending, 'float32');

  const penalty = (): number => {
    penaltyValue ??= tf.tidy(() =>
      penalised.reduce(
        (sum, { i, l1 }) => sum + l1 * (tf.sum(tf.abs(weights[i]!)).dataSync()[0] as number),
        0,
      ),
    );
    return penaltyValue;
  };

  const masksFor = (sizes: readonly number[], rows: number): (Tensor2D | undefined)[] =>
    spec.hidden.map(({ units, dropout = 0 }, i) => {
      const buffer = maskBuffers[i];
      if (buffer === undefined) return undefined;
      let start = 0;
      sizes.forEach((size, k) => {
        const part = buffer.subarray(start, start + size * units);
        fillDropoutMask(part, dropout, fastWords(seed, 'dropout', batches + k, i));
        start += size * units;
      });
      return tf.tensor2d(buffer.subarray(0, start), [rows, units], 'float32');
    });

  /** Augments one micro-batch in place; its targets, and how its pooled rows are yet to be blended. */
  const augment = (
    batch: number,
    x: Float32Array,
    labels: Int32Array,
  ): { targets: Int32Array | Float32Array; mixing?: Float32Array } => {
    if (options.inputNoise > 0) {
      const next = fastNormals(seed, 'noise', batch);
      for (let i = 0; i < x.length; i++) x[i] = x[i]! + options.inputNoise * next();
    }
    if (options.mixup === 0) return { targets: labels };
    const plan = mixPlan(labels, classes, options.mixup, deriveSeed(seed, 'mixup', batch));
    if (spec.attention !== undefined) return { targets: plan.targets, mixing: mixingMatrix(plan) };
    mixRows(x, inputs, plan);
    return { targets: plan.targets };
  };

  const accumulate = (gradient: Tensor): void => {
    if (pending === undefined) {
      pending = gradient;
      return;
    }
    const total = tf.add(pending, gradient);
    [pending, gradient].forEach((tensor) => tensor.dispose());
    pending = total;
  };

  const update = (): void => {
    learningRate = scheduledRate(options, optimiser.updates + 1, totalUpdates);
    weights.forEach((tensor) => tensor.dispose());
    optimiser.update(pending as Tensor1D, learningRate);
    weights = separated();
    pending!.dispose();
    pending = undefined;
    penaltyValue = undefined;
  };

  const step: Trainer['step'] = (x, labels, sizes, excerpts) => {
    const rows = labels.length;
    let start = 0;
    const parts = sizes.map((size, k) => {
      const from = start;
      start += size;
      // With excerpts there is one micro-batch only: all of x.
      const features = excerpts === undefined ? x.subarray(from * inputs, start * inputs) : x;
      return { from, to: start, ...augment(batches + k, features, labels.subarray(from, start)) };
    });
    let lossSum = 0;
    let correct = 0;
    const gradient = tf.tidy(() => {
      const pass = network.forward(
        weights,
        tf.tensor2d(x, [x.length / inputs, inputs], 'float32'),
        masksFor(sizes, rows),
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
    const sums = { rows, loss: lossSum + rows * penalty(), correct };
    accumulate(gradient);
    batches += sizes.length;
    if (batches % accumulation === 0) update();
    return sums;
  };

  return {
    network,
    optimiser,
    get weights() {
      return weights;
    },
    get batches() {
      return batches;
    },
    get updates() {
      return optimiser.updates;
    },
    get learningRate() {
      return learningRate;
    },
    penalty,
    capacity: fused * batchSize,
    room: () => Math.min(fused, accumulation - (batches % accumulation)),
    step,
    state: () => ({
      batches,
      optimiser: optimiser.read(),
      pending: pending && Float32Array.from(pending.dataSync()),
    }),
    dispose: () => {
      [...weights, optimiser].forEach((held) => held.dispose());
      pending?.dispose();
    },
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
