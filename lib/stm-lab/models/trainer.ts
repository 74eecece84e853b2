import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { argMax } from 'research-basics/numerics/argMax';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { type AdamParameters, adamStep, createAdam } from './adam';
import { bagTensors } from './attention';
import { mixingMatrix, mixPlan, mixRows } from './augment';
import { type Loss, lossAndGradient, softmaxInPlace } from './loss';
import { createNetwork, type Network } from './network';
import { type ResolvedFitOptions, scheduledRate } from './options';
import { fastNormals, fastWords, fillDropoutMask } from './random';
import { type MlpSpec, parameterShapes, sizeOf } from './spec';

/** Everything that changes while training, in host memory. */
export interface TrainerState {
  /** Micro-batches seen so far. */
  readonly batches: number;
  readonly weights: Float32Array[];
  readonly first: Float32Array[];
  readonly second: Float32Array[];
  /** Sum of the gradients since the last update, when there are any. */
  readonly pending: Float32Array[] | undefined;
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
  readonly parameters: AdamParameters;
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
  start: TrainerState,
  totalUpdates: number,
): Trainer {
  const { tf } = engine;
  const { accumulation, batchSize, seed } = options;
  const { classes, inputs } = spec;
  const shapes = parameterShapes(spec);
  const network = createNetwork(engine, spec);
  const parameters = createAdam(engine, shapes, start, options.adam);
  const penalised = shapes.flatMap(({ l1 }, i) => (l1 > 0 ? [i] : []));
  const kernels = shapes.flatMap(({ kind }, i) => (kind === 'kernel' ? [i] : []));
  // Attention masks grow with the square of the rows.
  const fusible = spec.attention === undefined ? Math.floor(FUSED_ROWS / batchSize) : 1;
  const fused = Math.max(1, Math.min(accumulation, fusible));
  const maskBuffers = spec.hidden.map(({ units, dropout = 0 }) =>
    dropout > 0 ? new Float32Array(fused * batchSize * units) : undefined,
  );
  const gradientBuffer = new Float32Array(fused * batchSize * classes);
  let batches = start.batches;
  let updates = Math.floor(batches / accumulation);
  let learningRate = scheduledRate(options, Math.max(updates, 1), totalUpdates);
  let penaltyValue: number | undefined;
  let pending: Tensor[] | undefined = start.pending?.map((values, i) =>
    tf.tensor(values, [...shapes[i]!.shape], 'float32'),
  );

  const penalty = (): number => {
    penaltyValue ??= tf.tidy(() =>
      penalised.reduce(
        (sum, i) => sum + shapes[i]!.l1 * (tf.sum(tf.abs(parameters.weights[i]!)).dataSync()[0] as number),
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

  const accumulate = (gradients: Tensor[]): void => {
    if (pending === undefined) {
      pending = gradients;
      return;
    }
    pending = pending.map((sum, i) => {
      const total = tf.add(sum, gradients[i]!);
      sum.dispose();
      gradients[i]!.dispose();
      return total;
    });
  };

  const update = (): void => {
    const gradients = pending!;
    updates++;
    learningRate = scheduledRate(options, updates, totalUpdates);
    for (const i of penalised) {
      const gradient = gradients[i]!;
      gradients[i] = tf.tidy(() => tf.add(gradient, tf.mul(tf.sign(parameters.weights[i]!), shapes[i]!.l1)));
      gradient.dispose();
    }
    if (options.weightDecay > 0) parameters.shrink(kernels, learningRate * options.weightDecay);
    parameters.update(
      gradients,
      adamStep(learningRate, updates, accumulation, options.biasCorrection, options.adam),
    );
    gradients.forEach((tensor) => tensor.dispose());
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
    const gradients = tf.tidy(() => {
      const pass = network.forward(
        parameters.weights,
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
      return pass.backward(
        tf.tensor2d(gradientBuffer.subarray(0, rows * classes), [rows, classes], 'float32'),
      );
    });
    const sums = { rows, loss: lossSum + rows * penalty(), correct };
    accumulate(gradients);
    batches += sizes.length;
    if (batches % accumulation === 0) update();
    return sums;
  };

  return {
    network,
    parameters,
    get batches() {
      return batches;
    },
    get updates() {
      return updates;
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
      ...parameters.read(),
      pending: pending?.map((tensor) => Float32Array.from(tensor.dataSync())),
    }),
    dispose: () => {
      pending?.forEach((tensor) => tensor.dispose());
      parameters.dispose();
    },
  };
}

/** Rows that pass through the network together: beyond this, activations leave the processor's cache. */
const FUSED_ROWS = 1024;

/** State at the very beginning: given or seeded weights, moments 0. */
export function freshState(spec: MlpSpec, weights: readonly Float32Array[]): TrainerState {
  const zeros = (): Float32Array[] =>
    parameterShapes(spec).map(({ shape }) => new Float32Array(sizeOf(shape)));
  return { batches: 0, weights: [...weights], first: zeros(), second: zeros(), pending: undefined };
}

/** Rows whose largest probability (the first, on ties) is at the label. */
export function countCorrect(probabilities: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  for (let r = 0; r < labels.length; r++)
    if (argMax(probabilities, r * classes, classes) === labels[r]) correct++;
  return correct;
}
