import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { deriveSeed } from '../base/random/seeds';
import type { Engine } from '../engine';
import { type AdamParameters, adamStep, createAdam } from './adam';
import { mixRows } from './augment';
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

/** Sums over the rows of one micro-batch. */
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
  /** One micro-batch; `x` (rows x inputs) may be overwritten by augmentation. */
  step(x: Float32Array, labels: Int32Array): BatchSums;
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
  const maskBuffers = spec.hidden.map(({ units, dropout = 0 }) =>
    dropout > 0 ? new Float32Array(batchSize * units) : undefined,
  );
  const gradientBuffer = new Float32Array(batchSize * classes);
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

  const masksFor = (rows: number): (Tensor2D | undefined)[] =>
    spec.hidden.map(({ units, dropout = 0 }, i) => {
      const buffer = maskBuffers[i]?.subarray(0, rows * units);
      if (buffer === undefined) return undefined;
      fillDropoutMask(buffer, dropout, fastWords(seed, 'dropout', batches, i));
      return tf.tensor2d(buffer, [rows, units], 'float32');
    });

  const targetsFor = (x: Float32Array, labels: Int32Array): Int32Array | Float32Array => {
    if (options.inputNoise > 0) {
      const next = fastNormals(seed, 'noise', batches);
      for (let i = 0; i < x.length; i++) x[i] = x[i]! + options.inputNoise * next();
    }
    if (options.mixup === 0) return labels;
    return mixRows(x, inputs, labels, classes, options.mixup, deriveSeed(seed, 'mixup', batches));
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

  const step = (x: Float32Array, labels: Int32Array): BatchSums => {
    const rows = labels.length;
    const targets = targetsFor(x, labels);
    let lossSum = 0;
    let correct = 0;
    const gradients = tf.tidy(() => {
      const pass = network.forward(
        parameters.weights,
        tf.tensor2d(x, [rows, inputs], 'float32'),
        masksFor(rows),
      );
      const probabilities = softmaxInPlace(Float32Array.from(pass.logits.dataSync()), classes);
      correct = countCorrect(probabilities, labels, classes);
      const gradient = gradientBuffer.subarray(0, rows * classes);
      lossSum = lossAndGradient(loss, probabilities, targets, gradient, 1 / (rows * accumulation));
      return pass.backward(tf.tensor2d(gradient, [rows, classes], 'float32'));
    });
    const sums = { rows, loss: lossSum + rows * penalty(), correct };
    accumulate(gradients);
    batches++;
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

/** State at the very beginning: given or seeded weights, moments 0. */
export function freshState(spec: MlpSpec, weights: readonly Float32Array[]): TrainerState {
  const zeros = (): Float32Array[] =>
    parameterShapes(spec).map(({ shape }) => new Float32Array(sizeOf(shape)));
  return { batches: 0, weights: [...weights], first: zeros(), second: zeros(), pending: undefined };
}

/** Rows whose largest probability (the first, on ties) is at the label. */
export function countCorrect(probabilities: Float32Array, labels: Int32Array, classes: number): number {
  let correct = 0;
  for (let r = 0; r < labels.length; r++) {
    let best = 0;
    for (let c = 1; c < classes; c++)
      if (probabilities[r * classes + c]! > probabilities[r * classes + best]!) best = c;
    if (best === labels[r]) correct++;
  }
  return correct;
}
