import { inputError } from 'research-basics/errors';
import {
  initialValues,
  createLayout,
  type Parameter,
  type ParameterLayout,
  separate,
} from '../training/parameters';

/** One hidden layer. */
export interface HiddenLayer {
  /** Width, 1 or more (paper: 32 .. 512 in steps of 32). */
  readonly units: number;
  /** Weight of the L1 penalty on the kernel, 0 or more; default 0 (paper: 1e-12 .. 1e-6). */
  readonly l1?: number;
  /** Share of outputs dropped while training, 0 .. <1; default 0 (paper: 0 .. 0.1). `dropout` family only. */
  readonly dropout?: number;
}

/**
 * A multilayer perceptron as the paper builds it: every hidden layer is dense + ReLU, followed by dropout
 * (`dropout` family) or by layer normalisation (`layernorm` family, epsilon 1e-3); the output is a softmax.
 */
export interface MlpSpec {
  readonly family: 'dropout' | 'layernorm';
  /** Number of input features. */
  readonly inputs: number;
  /** Hidden layers, input side first; at least one. */
  readonly hidden: readonly HiddenLayer[];
  /** Number of classes. */
  readonly classes: number;
  /**
   * Attention over the excerpts of a recording, in front of the first layer: see `createAttention`. Rows
   * then have any number of excerpts each. Default: none, a row is one vector.
   */
  readonly attention?: { readonly units: number };
}

/** Epsilon of the layer normalisation, Keras' default. */
export const LAYER_NORM_EPSILON = 1e-3;

/**
 * The network itself, when it can be built.
 *
 * @throws UserError (`input`) naming the first value out of range.
 */
export function checkSpec(spec: MlpSpec): MlpSpec {
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (spec.family !== 'dropout' && spec.family !== 'layernorm')
    throw inputError(`network family ${JSON.stringify(spec.family)}: must be "dropout" or "layernorm"`);
  if (!whole(spec.inputs)) throw inputError(`network inputs ${spec.inputs}: must be a whole number from 1`);
  if (!Number.isInteger(spec.classes) || spec.classes < 2)
    throw inputError(`network classes ${spec.classes}: must be a whole number from 2`);
  if (spec.attention !== undefined && !whole(spec.attention.units))
    throw inputError(`attention units ${spec.attention.units}: must be a whole number from 1`);
  if (spec.hidden.length === 0) throw inputError('network: at least one hidden layer is needed');
  spec.hidden.forEach(({ units, l1 = 0, dropout = 0 }, i) => {
    if (!whole(units)) throw inputError(`hidden layer ${i}: units ${units} must be a whole number from 1`);
    if (!(l1 >= 0 && l1 < Infinity)) throw inputError(`hidden layer ${i}: l1 ${l1} must be 0 or more`);
    if (!(dropout >= 0 && dropout < 1))
      throw inputError(`hidden layer ${i}: dropout ${dropout} must lie in [0, 1)`);
    if (dropout > 0 && spec.family === 'layernorm')
      throw inputError(`hidden layer ${i}: the layernorm family has no dropout; remove it`);
  });
  return spec;
}

/**
 * Every trainable array in Keras' order: per hidden layer `hidden<i>.kernel` (in x out) and `.bias`, then `.gamma` and
 * `.beta` for the `layernorm` family; last `output.kernel` and `.bias`. Attention's kernel, bias and score come first.
 * Kernels start Glorot-uniform, biases, beta and score at 0 (attention begins as the plain mean), gamma at 1; the
 * optimiser's decay acts on kernels.
 *
 * @throws UserError (`input`) when the network cannot be built.
 */
export function networkLayout(spec: MlpSpec): ParameterLayout {
  checkSpec(spec);
  const kernel = (name: string, fanIn: number, fanOut: number, l1 = 0): Parameter => ({
    name,
    shape: [fanIn, fanOut],
    start: { kind: 'glorot', fanIn, fanOut, draws: 'mt19937' },
    l1,
  });
  const constant = (name: string, shape: readonly number[], value: number): Parameter => ({
    name,
    shape,
    start: { kind: 'constant', value },
    decay: 'no',
  });
  const parameters: Parameter[] = [];
  let width = spec.inputs;
  if (spec.attention !== undefined) {
    const { units } = spec.attention;
    parameters.push(
      kernel('attention.kernel', width, units),
      constant('attention.bias', [units], 0),
      constant('attention.score', [units, 1], 0),
    );
  }
  spec.hidden.forEach(({ units, l1 = 0 }, i) => {
    parameters.push(kernel(`hidden${i}.kernel`, width, units, l1), constant(`hidden${i}.bias`, [units], 0));
    if (spec.family === 'layernorm')
      parameters.push(constant(`hidden${i}.gamma`, [units], 1), constant(`hidden${i}.beta`, [units], 0));
    width = units;
  });
  parameters.push(kernel('output.kernel', width, spec.classes), constant('output.bias', [spec.classes], 0));
  return createLayout(parameters);
}

/** Seeded first weights, one float32 array per parameter in the order of `networkLayout`. */
export function initialWeights(spec: MlpSpec, seed: number): Float32Array[] {
  const layout = networkLayout(spec);
  return separate(layout, initialValues(layout, seed));
}

/** Number of trainable numbers of the network (paper's STM network: 1,315,846). */
export function countParameters(spec: MlpSpec): number {
  return networkLayout(spec).size;
}
