import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { balancedWeights } from '../training/focalLoss';
import { checkRows, vectorStarts, type LabelledRows } from './data';

/** Options of the recurrent classifier. */
export interface RecurrentOptions {
  /** Size of the state. Default 16. */
  readonly units?: number;
  /** Default 30. */
  readonly epochs?: number;
  /** Of Adam. Default 0.01. */
  readonly learningRate?: number;
  /** Recordings per step. Default 16. */
  readonly batchSize?: number;
  /** Weight of half the sum of squared weights in the loss. Default 0.001. */
  readonly decay?: number;
  /** 1 .. 2^31 - 1. Default 1. */
  readonly seed?: number;
}

/** A trained recurrent classifier. */
export interface FittedRecurrent {
  /** Class probabilities, float32, rows x classes, of recordings with their excerpts in order. */
  predictProbabilities(data: Pick<LabelledRows, 'x' | 'rows' | 'excerpts'>): Float32Array;
}

/** Where a network's weights lie in one array. */
interface Layout {
  readonly inputs: number;
  readonly units: number;
  readonly classes: number;
  /** Of the three gates (update, reset, candidate): units x (inputs + units + 1) each; then classes x (units + 1). */
  readonly size: number;
}

const layoutOf = (inputs: number, units: number, classes: number): Layout => ({
  ...{ inputs, units, classes },
  size: 3 * units * (inputs + units + 1) + classes * (units + 1),
});

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/**
 * A classifier that takes the excerpts of a recording in order: a gated recurrent unit whose states are averaged over the
 * excerpts, and a softmax. Trained by Adam on balanced cross-entropy, in float64 and without an engine, so that the same seed
 * gives the same bits everywhere.
 *
 * @param train rows with `excerpts`.
 * @throws UserError (`input`) for rows without excerpts, or that cannot be used.
 *
 * Source: Cho et al. 2014, with the reset gate after the product as in cuDNN.
 */
export function fitRecurrent(
  train: LabelledRows,
  classes: number,
  options: RecurrentOptions = {},
): FittedRecurrent {
  const { units = 16, epochs = 30, learningRate = 0.01, batchSize = 16, decay = 0.001, seed = 1 } = options;
  if (train.excerpts === undefined) throw inputError('recurrent classifier: the rows have no excerpts');
  checkRows(train, train.columns, classes, 'training rows', 'excerpts');
  const layout = layoutOf(train.columns, units, classes);
  const weights = initial(layout, deriveSeed(seed, 'recurrent', 'weights'));
  const perClass = balancedWeights(train.y, classes);
  const starts = vectorStarts(train);
  const [gradient, first, second] = [0, 1, 2].map(() => new Float64Array(layout.size));
  const network = createNetwork(layout, weights, Math.max(...train.excerpts));
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = randomState(deriveSeed(seed, 'recurrent', 'epoch', epoch)).permutation(train.rows);
    for (let at = 0; at < train.rows; at += batchSize) {
      const batch = order.subarray(at, at + batchSize);
      weights.forEach((value, i) => (gradient![i] = decay * value));
      for (const row of batch) {
        const own = train.x.subarray(starts[row]! * train.columns, starts[row + 1]! * train.columns);
        network.forward(own);
        network.backward(own, train.y[row]!, perClass[train.y[row]!]! / batch.length, gradient!);
      }
      step++;
      adam(weights, gradient!, first!, second!, learningRate, step);
    }
  }
  return {
    predictProbabilities(data) {
      const from = vectorStarts(data);
      const longest = Math.max(1, ...(data.excerpts ?? []));
      const own = createNetwork(layout, weights, longest);
      const result = new Float32Array(data.rows * classes);
      for (let row = 0; row < data.rows; row++)
        result.set(
          own.forward(data.x.subarray(from[row]! * layout.inputs, from[row + 1]! * layout.inputs)),
          row * classes,
        );
      return result;
    },
  };
}

/** Uniform within the root of 6 over inputs and outputs (Glorot & Bengio 2010); biases 0. */
function initial({ inputs, units, classes, size }: Layout, seed: number): Float64Array {
  const random = randomState(seed);
  const weights = new Float64Array(size);
  const width = inputs + units + 1;
  const gates = 3 * units * width;
  for (let i = 0; i < size; i++) {
    const inGates = i < gates;
    const column = inGates ? i % width : (i - gates) % (units + 1);
    const bias = column === (inGates ? width : units + 1) - 1;
    const fan = inGates ? (column < inputs ? inputs : units) + units : units + classes;
    weights[i] = bias ? 0 : (2 * random.double() - 1) * Math.sqrt(6 / fan);
  }
  return weights;
}

function adam(
  weights: Float64Array,
  gradient: Float64Array,
  first: Float64Array,
  second: Float64Array,
  rate: number,
  step: number,
): void {
  const scale = (rate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
  for (let i = 0; i < weights.length; i++) {
    first[i] = 0.9 * first[i]! + 0.1 * gradient[i]!;
    second[i] = 0.999 * second[i]! + 0.001 * gradient[i]! ** 2;
    weights[i]! -= (scale * first[i]!) / (Math.sqrt(second[i]!) + 1e-8);
  }
}

/** One recording forward and backward, with what the way back needs of each excerpt. */
export interface RecurrentNetwork {
  /** Probabilities of a recording's excerpts, row-major; a view that the next call overwrites. */
  forward(x: Float32Array): Float64Array;
  /** Adds `weight` times the gradient of the cross-entropy of the recording passed forward last. */
  backward(x: Float32Array, label: number, weight: number, gradient: Float64Array): void;
}

/** The network on given weights, for recordings of at most `longest` excerpts. */
export function createNetwork(
  { inputs, units, classes }: Omit<Layout, 'size'>,
  weights: Float64Array,
  longest: number,
): RecurrentNetwork {
  const width = inputs + units + 1;
  const gate = units * width;
  const output = 3 * gate;
  const states = new Float64Array((longest + 1) * units);
  const [update, reset, recurrent, candidate] = [0, 1, 2, 3].map(() => new Float64Array(longest * units));
  const mean = new Float64Array(units);
  const probabilities = new Float64Array(classes);
  /** A unit's sum over an excerpt and the bias, and over the state before. */
  const fromInput = (g: number, u: number, x: Float32Array, at: number): number => {
    const base = g * gate + u * width;
    let sum = weights[base + width - 1]!;
    for (let j = 0; j < inputs; j++) sum += weights[base + j]! * x[at + j]!;
    return sum;
  };
  const fromState = (g: number, u: number, before: number): number => {
    const base = g * gate + u * width + inputs;
    let sum = 0;
    for (let j = 0; j < units; j++) sum += weights[base + j]! * states[before + j]!;
    return sum;
  };
  return {
    forward(x) {
      const steps = x.length / inputs;
      mean.fill(0);
      for (let t = 0; t < steps; t++) {
        const before = t * units;
        for (let u = 0; u < units; u++) {
          const i = before + u;
          update![i] = sigmoid(fromInput(0, u, x, t * inputs) + fromState(0, u, before));
          reset![i] = sigmoid(fromInput(1, u, x, t * inputs) + fromState(1, u, before));
          recurrent![i] = fromState(2, u, before);
          candidate![i] = Math.tanh(fromInput(2, u, x, t * inputs) + reset![i]! * recurrent![i]!);
          const next = (1 - update![i]!) * states[i]! + update![i]! * candidate![i]!;
          states[i + units] = next;
          mean[u]! += next / steps;
        }
      }
      let top = -Infinity;
      for (let c = 0; c < classes; c++) {
        const base = output + c * (units + 1);
        let sum = weights[base + units]!;
        for (let u = 0; u < units; u++) sum += weights[base + u]! * mean[u]!;
        probabilities[c] = sum;
        top = Math.max(top, sum);
      }
      let total = 0;
      for (let c = 0; c < classes; c++) total += probabilities[c] = Math.exp(probabilities[c]! - top);
      for (let c = 0; c < classes; c++) probabilities[c]! /= total;
      return probabilities;
    },
    backward(x, label, weight, gradient) {
      const steps = x.length / inputs;
      const toMean = new Float64Array(units);
      for (let c = 0; c < classes; c++) {
        const slope = weight * (probabilities[c]! - (c === label ? 1 : 0));
        const base = output + c * (units + 1);
        for (let u = 0; u < units; u++) {
          gradient[base + u]! += slope * mean[u]!;
          toMean[u]! += slope * weights[base + u]!;
        }
        gradient[base + units]! += slope;
      }
      let toState = new Float64Array(units);
      for (let t = steps - 1; t >= 0; t--) {
        const before = t * units;
        const earlier = new Float64Array(units);
        for (let u = 0; u < units; u++) {
          const i = before + u;
          const slope = toState[u]! + toMean[u]! / steps;
          const toCandidate = slope * update![i]! * (1 - candidate![i]! ** 2);
          const slopes = [
            slope * (candidate![i]! - states[i]!) * update![i]! * (1 - update![i]!),
            toCandidate * recurrent![i]! * reset![i]! * (1 - reset![i]!),
            toCandidate,
          ];
          earlier[u]! += slope * (1 - update![i]!);
          for (let g = 0; g < 3; g++) {
            const base = g * gate + u * width;
            for (let j = 0; j < inputs; j++) gradient[base + j]! += slopes[g]! * x[t * inputs + j]!;
            gradient[base + width - 1]! += slopes[g]!;
            const toBefore = g === 2 ? toCandidate * reset![i]! : slopes[g]!;
            for (let j = 0; j < units; j++) {
              gradient[base + inputs + j]! += toBefore * states[before + j]!;
              earlier[j]! += toBefore * weights[base + inputs + j]!;
            }
          }
        }
        toState = earlier;
      }
    },
  };
}
