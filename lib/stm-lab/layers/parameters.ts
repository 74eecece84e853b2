import type { Rank, Tensor, Tensor1D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { fastDoubles } from '../models/random';
import type { Engine } from '../engine';

/** How the first values of a parameter come about. */
export type Start =
  /** Uniform in (-a, a), a = 1 / sqrt(fanIn): PyTorch's convolutions and linear layers, weights and biases. */
  | { readonly kind: 'fan-in'; readonly fanIn: number }
  /** Uniform in (-a, a), a = sqrt(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
  | { readonly kind: 'glorot'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** Given one by one, row-major. */
  | { readonly kind: 'values'; readonly values: ArrayLike<number> };

/** One named trainable array. */
export interface Parameter {
  /** Dotted path, unique in its layout, e.g. `block2.conv1.kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Start;
  /** Factor on the learning rate; default 1. 0 keeps the parameter as it is. */
  readonly rate?: number;
  /** Lowest and highest value that updates leave it; default none. */
  readonly bounds?: readonly [number, number];
  /** Whether the optimiser's L2 term acts on it; default `yes`. */
  readonly decay?: 'yes' | 'no';
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

const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/**
 * Lays parameters out in the order given.
 *
 * @throws UserError (`input`) on a repeated name or a list of values of another length.
 */
export function layOut(parameters: readonly Parameter[]): ParameterLayout {
  const ranges = new Map<string, { from: number; to: number }>();
  let size = 0;
  for (const { name, shape, start } of parameters) {
    if (ranges.has(name)) throw inputError(`parameter ${name}: is declared twice`);
    const count = elements(shape);
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
      const [low, high] = drawRange(start);
      const next = fastDoubles(seed, 'initialise', name);
      for (let i = 0; i < part.length; i++) part[i] = low + (high - low) * next();
    }
  }
  return values;
}

function drawRange(start: Exclude<Start, { kind: 'constant' | 'values' }>): [number, number] {
  if (start.kind === 'uniform') return [start.low, start.high];
  const limit =
    start.kind === 'fan-in' ? 1 / Math.sqrt(start.fanIn) : Math.sqrt(6 / (start.fanIn + start.fanOut));
  return [-limit, limit];
}

/** Number of trainable values, of all parameters or of those whose name starts with `prefix`. */
export function countValues(layout: ParameterLayout, prefix = ''): number {
  return layout.parameters
    .filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { shape }) => sum + elements(shape), 0);
}

/**
 * The vector's parts as tensors of their own shapes. Differentiable: the gradient of a loss computed from
 * them with respect to `flat` is one vector again.
 */
export function unpack({ tf }: Engine, layout: ParameterLayout, flat: Tensor1D): ParameterTensors {
  // TensorFlow.js cannot differentiate a split into one part.
  const parts =
    layout.parameters.length === 1
      ? [flat]
      : tf.split(
          flat,
          layout.parameters.map(({ shape }) => elements(shape)),
        );
  const byName = new Map(
    layout.parameters.map(({ name, shape }, i) => [name, tf.reshape(parts[i]!, [...shape])]),
  );
  return <R extends Rank>(name: string): Tensor<R> => {
    const found = byName.get(name);
    if (found === undefined) throw inputError(`parameter ${name}: is not in this network`);
    return found as Tensor<R>;
  };
}
