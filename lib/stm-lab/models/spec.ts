import { inputError } from 'research-basics/errors';

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

/** One trainable array of a network. */
export interface ParameterShape {
  /** E.g. "hidden0.kernel", "hidden0.gamma", "output.bias". */
  readonly name: string;
  readonly kind: 'kernel' | 'bias' | 'gamma' | 'beta' | 'score';
  readonly shape: readonly number[];
  /** Weight of its L1 penalty. */
  readonly l1: number;
}

/**
 * The network itself, when it can be built.
 *
 * @throws UserError (`input`) naming the first value out of range.
 */
export function checkSpec(spec: MlpSpec): MlpSpec {
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (spec.family !== 'dropout' && spec.family !== 'layernorm')
    throw inputError(`network family "${String(spec.family)}": must be "dropout" or "layernorm"`);
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
 * Every trainable array in Keras' order: per hidden layer kernel (in x out), bias, then gamma and beta for
 * the `layernorm` family; last the output kernel and bias. Attention's kernel, bias and score come first.
 */
export function parameterShapes(spec: MlpSpec): ParameterShape[] {
  const shapes: ParameterShape[] = [];
  let width = spec.inputs;
  if (spec.attention !== undefined) {
    const { units } = spec.attention;
    shapes.push({ name: 'attention.kernel', kind: 'kernel', shape: [width, units], l1: 0 });
    shapes.push({ name: 'attention.bias', kind: 'bias', shape: [units], l1: 0 });
    shapes.push({ name: 'attention.score', kind: 'score', shape: [units, 1], l1: 0 });
  }
  spec.hidden.forEach(({ units, l1 = 0 }, i) => {
    shapes.push({ name: `hidden${i}.kernel`, kind: 'kernel', shape: [width, units], l1 });
    shapes.push({ name: `hidden${i}.bias`, kind: 'bias', shape: [units], l1: 0 });
    if (spec.family === 'layernorm') {
      shapes.push({ name: `hidden${i}.gamma`, kind: 'gamma', shape: [units], l1: 0 });
      shapes.push({ name: `hidden${i}.beta`, kind: 'beta', shape: [units], l1: 0 });
    }
    width = units;
  });
  shapes.push({ name: 'output.kernel', kind: 'kernel', shape: [width, spec.classes], l1: 0 });
  shapes.push({ name: 'output.bias', kind: 'bias', shape: [spec.classes], l1: 0 });
  return shapes;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Number of trainable numbers of the network (paper's STM network: 1,315,846). */
export function countParameters(spec: MlpSpec): number {
  return parameterShapes(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
