import type { Tensor } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps } from '../engine';
import type { ParameterShape } from './spec';

/** Constants of Adam (Kingma & Ba 2015, in the "epsilon-hat" form that Keras uses). */
export interface AdamConstants {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/** Host copies of what Adam holds: enough to go on from. One array per parameter. */
export interface AdamState {
  readonly weights: Float32Array[];
  readonly first: Float32Array[];
  readonly second: Float32Array[];
}

/** Parameters on the engine together with Adam's two moments. */
export interface AdamParameters {
  /** Current weights; valid until the next `update` or `dispose`. */
  readonly weights: readonly Tensor[];
  /** m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= step * m / (sqrt(v) + epsilon). */
  update(gradients: readonly Tensor[], step: number): void;
  /** Takes the share `amount` away from the named parameters (decoupled weight decay). */
  shrink(indices: readonly number[], amount: number): void;
  /** Host copies. */
  read(): AdamState;
  dispose(): void;
}

/**
 * Size of Adam's step: learning rate times the bias correction sqrt(1 - beta2^t) / (1 - beta1^t).
 *
 * With gradient accumulation over `accumulation` micro-batches, `standard` counts updates: t = k at the
 * k-th. `keras-3.2` counts micro-batches, t = accumulation * k, as Keras 3.0 to 3.4 did by mistake (up to
 * 2.6 times larger steps in the first hundred updates).
 *
 * @param update number of the update, from 1.
 */
export function adamStep(
  learningRate: number,
  update: number,
  accumulation: number,
  biasCorrection: 'keras-3.2' | 'standard',
  { beta1 = 0.9, beta2 = 0.999 }: AdamConstants = {},
): number {
  const t = biasCorrection === 'standard' ? update : update * accumulation;
  return (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
}

/** Puts parameters and moments on the engine; `start` may continue an earlier run (`first`, `second`). */
export function createAdam(
  engine: Engine,
  shapes: readonly ParameterShape[],
  start: { weights: readonly Float32Array[]; first?: Float32Array[]; second?: Float32Array[] },
  constants: AdamConstants = {},
): AdamParameters {
  const make = engine.name === 'native' ? createNativeAdam : createPortableAdam;
  return make(engine, shapes, start, constants);
}

type Start = Parameters<typeof createAdam>[2];

/** From TensorFlow.js functions alone: every engine has them. */
export function createPortableAdam(
  { tf }: Engine,
  shapes: readonly ParameterShape[],
  start: Start,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamConstants = {},
): AdamParameters {
  const upload = (arrays: readonly Float32Array[] | undefined): Tensor[] =>
    shapes.map(({ shape }, i) =>
      arrays === undefined ? tf.zeros([...shape]) : tf.tensor(arrays[i]!, [...shape], 'float32'),
    );
  const weights = upload(start.weights);
  const first = upload(start.first);
  const second = upload(start.second);
  const replace = (list: Tensor[], i: number, value: Tensor): void => {
    list[i]!.dispose();
    list[i] = value;
  };
  const download = (list: readonly Tensor[]): Float32Array[] =>
    list.map((tensor) => Float32Array.from(tensor.dataSync()));
  return {
    weights,
    update: (gradients, step) => {
      gradients.forEach((gradient, i) => {
        const [m, v, w] = tf.tidy(() => {
          const m = tf.add(first[i]!, tf.mul(tf.sub(gradient, first[i]!), 1 - beta1));
          const v = tf.add(second[i]!, tf.mul(tf.sub(tf.square(gradient), second[i]!), 1 - beta2));
          const change = tf.div(tf.mul(m, step), tf.add(tf.sqrt(v), epsilon));
          return [m, v, tf.sub(weights[i]!, change)] as [Tensor, Tensor, Tensor];
        });
        replace(first, i, m);
        replace(second, i, v);
        replace(weights, i, w);
      });
    },
    shrink: (indices, amount) => indices.forEach((i) => replace(weights, i, tf.mul(weights[i]!, 1 - amount))),
    read: () => ({ weights: download(weights), first: download(first), second: download(second) }),
    dispose: () => [...weights, ...first, ...second].forEach((tensor) => tensor.dispose()),
  };
}

const T: RawAttribute = { name: 'T', kind: 'type', value: 'float32' };
const DTYPE = [{ name: 'dtype', kind: 'type', value: 'float32' }] as const satisfies readonly RawAttribute[];
const APPLY = [
  T,
  { name: 'use_locking', kind: 'bool', value: false },
] as const satisfies readonly RawAttribute[];
const DESTROY = [
  { name: 'ignore_lookup_error', kind: 'bool', value: true },
] as const satisfies readonly RawAttribute[];
let created = 0;

/** TensorFlow resource variables, updated in place by its fused Adam operation. */
function createNativeAdam(
  engine: Engine,
  shapes: readonly ParameterShape[],
  start: Start,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamConstants,
): AdamParameters {
  const { tf } = engine;
  const ops = rawOps(engine);
  const variables = (arrays: readonly Float32Array[] | undefined): Tensor[] =>
    shapes.map(({ shape }, i) => {
      const handle = ops.one(
        'VarHandleOp',
        [
          ...DTYPE,
          { name: 'shape', kind: 'shape', value: shape },
          { name: 'container', kind: 'string', value: '' },
          { name: 'shared_name', kind: 'string', value: `stm-lab-${process.pid}-${created++}` },
        ],
        [],
      );
      const value =
        arrays === undefined ? tf.zeros([...shape]) : tf.tensor(arrays[i]!, [...shape], 'float32');
      ops.many('AssignVariableOp', DTYPE, [handle, value], 0);
      value.dispose();
      return handle;
    });
  const handles = variables(start.weights);
  const first = variables(start.first);
  const second = variables(start.second);
  const look = (list: readonly Tensor[]): Tensor[] =>
    list.map((handle) => ops.one('ReadVariableOp', DTYPE, [handle]));
  const weights = look(handles);
  // The bias correction is in `step` already: powers of 0 make the operation's own correction 1.
  const zero = tf.scalar(0);
  const constants = [tf.scalar(beta1), tf.scalar(beta2), tf.scalar(epsilon)];
  const download = (list: readonly Tensor[]): Float32Array[] =>
    look(list).map((tensor) => {
      const values = Float32Array.from(tensor.dataSync());
      tensor.dispose();
      return values;
    });
  return {
    weights,
    update: (gradients, step) => {
      // A live reading would make the update copy the variable.
      weights.forEach((tensor) => tensor.dispose());
      const rate = tf.scalar(step);
      gradients.forEach((gradient, i) =>
        ops.many(
          'ResourceApplyAdam',
          APPLY,
          [handles[i]!, first[i]!, second[i]!, zero, zero, rate, ...constants, gradient],
          0,
        ),
      );
      rate.dispose();
      look(handles).forEach((tensor, i) => (weights[i] = tensor));
    },
    shrink: (indices, amount) => {
      for (const i of indices) {
        const smaller = tf.mul(weights[i]!, 1 - amount);
        weights[i]!.dispose();
        ops.many('AssignVariableOp', DTYPE, [handles[i]!, smaller], 0);
        weights[i] = smaller;
      }
    },
    read: () => ({ weights: download(handles), first: download(first), second: download(second) }),
    dispose: () => {
      weights.forEach((tensor) => tensor.dispose());
      for (const handle of [...handles, ...first, ...second]) {
        ops.many('DestroyResourceOp', DESTROY, [handle], 0);
        handle.dispose();
      }
      [zero, ...constants].forEach((tensor) => tensor.dispose());
    },
  };
}
