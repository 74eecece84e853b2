import type { Rank, Tensor, Tensor1D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { fastDoubles } from './random';

/** How the first values of a parameter come about. */
export type Initialiser =
  /** Uniform in (-a, a), a = 1 / sqrt(fanIn): PyTorch's convolutions and linear layers, weights and biases. */
  | { readonly kind: 'fan-in'; readonly fanIn: number }
  /**
   * Uniform in (-a, a), a = sqrt(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). `draws`: `mt19937` for networks on
   * features, whose seeds keep the results they always had; default sfc32, the faster.
   */
  | { readonly kind: 'glorot'; readonly fanIn: number; readonly fanOut: number; readonly draws?: 'mt19937' }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** Given one by one, row-major. */
  | { readonly kind: 'values'; readonly values: ArrayLike<number> };

/** One named trainable array. */
export interface Parameter {
  /** Dotted path, unique in its layout, e.g. `block2.conv1.kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Initialiser;
  /** Factor on the learning rate; default 1. 0 keeps the parameter as it is. */
  readonly rate?: number;
  /** Lowest and highest value that updates leave it; default none. */
  readonly bounds?: readonly [number, number];
  /** Whether the optimiser's decay acts on it; default `yes`. */
  readonly decay?: 'yes' | 'no';
  /** L1 penalty: this times the value's sign is added to the gradient; default 0. */
  readonly l1?: number;
}

/**
 * All parameters of a network, laid out one after another in one float32 vector. Optimisers and
 * checkpoints see the vector alone; layers ask for their part by name.
 */
export interface ParameterLayout {
  readonly parameters: readonly Parameter[];
  /** Elements of the vector. */
  readonly size: number;
  /** Where a parameter's elements are. Throws on a name that is not in the layout. */
  range(name: string): { readonly from: number; readonly to: number };
}

/** A network's parameters as tensors, by name; throws on a name that is not in the layout. */
export type ParameterTensors = <R extends Rank = Rank>(name: string) => Tensor<R>;

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, extent) => product * extent, 1);

/**
 * Lays parameters out in the order given.
 *
 * @throws UserError (`input`) on a repeated name or a list of values of another length.
 */
export function createLayout(parameters: readonly Parameter[]): ParameterLayout {
  const ranges = new Map<string, { from: number; to: number }>();
  let size = 0;
  for (const { name, shape, start } of parameters) {
    if (ranges.has(name)) throw inputError(`parameter ${name}: is declared twice`);
    const count = sizeOf(shape);
    if (start.kind === 'values' && start.values.length !== count)
      throw inputError(`parameter ${name}: ${start.values.length} first values for ${count} elements`);
    ranges.set(name, { from: size, to: size + count });
    size += count;
  }
  return {
    parameters,
    size,
    range: (name) => {
      const range = ranges.get(name);
      if (range === undefined) throw inputError(`parameter ${name}: is not in this network`);
      return range;
    },
  };
}

/**
 * First values of all parameters. Each has a stream of its own, drawn from the seed and its name, so that a
 * layer's start does not depend on what else the network holds.
 *
 * @returns float32, `layout.size` elements.
 */
export function initialValues(layout: ParameterLayout, seed: number): Float32Array {
  const values = new Float32Array(layout.size);
  for (const { name, start } of layout.parameters) {
    const { from, to } = layout.range(name);
    const part = values.subarray(from, to);
    if (start.kind === 'constant') part.fill(start.value);
    else if (start.kind === 'values') part.set(start.values);
    else {
      const next = drawsOf(start, seed, name);
      for (let i = 0; i < part.length; i++) part[i] = next();
    }
  }
  return values;
}

function drawsOf(
  start: Exclude<Initialiser, { kind: 'constant' | 'values' }>,
  seed: number,
  name: string,
): () => number {
  if (start.kind === 'glorot' && start.draws === 'mt19937') {
    const limit = glorotLimit(start);
    const state = randomState(deriveSeed(seed, 'initialise', name));
    return () => limit * (2 * state.double() - 1);
  }
  const next = fastDoubles(seed, 'initialise', name);
  const limit =
    start.kind === 'glorot' ? glorotLimit(start) : 'fanIn' in start ? 1 / Math.sqrt(start.fanIn) : 0;
  const [low, high] = start.kind === 'uniform' ? [start.low, start.high] : [-limit, limit];
  return () => low + (high - low) * next();
}

const glorotLimit = ({ fanIn, fanOut }: { readonly fanIn: number; readonly fanOut: number }): number =>
  Math.sqrt(6 / (fanIn + fanOut));

/** Each parameter's own values (copied), in the order of the layout. */
export function separate(layout: ParameterLayout, values: Float32Array): Float32Array[] {
  return layout.parameters.map(({ name }) => {
    const { from, to } = layout.range(name);
    return values.slice(from, to);
  });
}

/**
 * The vector's parts as tensors of their own shapes, in the order of the layout. Differentiable: the gradient of a loss
 * computed from them with respect to `flat` is one vector again.
 */
export function split({ tf }: Engine, layout: ParameterLayout, flat: Tensor1D): Tensor[] {
  const sizes = layout.parameters.map(({ shape }) => sizeOf(shape));
  // TensorFlow.js cannot differentiate a split into one part.
  const parts = sizes.length === 1 ? [flat] : tf.split(flat, sizes);
  return layout.parameters.map(({ shape }, i) => tf.reshape(parts[i]!, [...shape]));
}

/**
 * The same by name.
 *
 * @throws UserError (`input`) from the look-up, for a name that the layout lacks.
 */
export function unpack(engine: Engine, layout: ParameterLayout, flat: Tensor1D): ParameterTensors {
  const parts = split(engine, layout, flat);
  const byName = new Map(layout.parameters.map(({ name }, i) => [name, parts[i]!]));
  return <R extends Rank>(name: string): Tensor<R> => {
    const found = byName.get(name);
    if (found === undefined) throw inputError(`parameter ${name}: is not in this network`);
    return found as Tensor<R>;
  };
}
