import type { Tensor, Tensor1D } from '@tensorflow/tfjs';
import { type Engine, type RawAttribute, rawOps } from '../engine';

/** A few float32 vectors of one length on the engine, replaced as a whole. */
export interface Vectors {
  /** The present value; valid until it is replaced. */
  get(index: number): Tensor1D;
  /** Takes over `next` (kept out of any surrounding `tf.tidy`) and disposes what was there. */
  set(index: number, next: Tensor): void;
  dispose(): void;
}

/** Vectors as ordinary tensors: every engine has them. */
export function createVectors({ tf }: Engine, start: readonly Float32Array[]): Vectors {
  const held = start.map((values) => tf.keep(tf.tensor1d(values, 'float32')));
  return {
    get: (index) => held[index]!,
    set: (index, next) => {
      held[index]!.dispose();
      held[index] = tf.keep(next as Tensor1D);
    },
    dispose: () => held.forEach((tensor) => tensor.dispose()),
  };
}

/** Vectors that native TensorFlow updates in place. */
export interface Variables extends Vectors {
  /** One step of Adam: values, first and second moment are the vectors 0, 1 and 2; `size` holds the bias correction. */
  adam(
    gradient: Tensor,
    size: number,
    constants: { readonly beta1: number; readonly beta2: number; readonly epsilon: number },
  ): void;
}

const DTYPE = [{ name: 'dtype', kind: 'type', value: 'float32' }] as const satisfies readonly RawAttribute[];
const APPLY = [
  { name: 'T', kind: 'type', value: 'float32' },
  { name: 'use_locking', kind: 'bool', value: false },
] as const satisfies readonly RawAttribute[];
const DESTROY = [
  { name: 'ignore_lookup_error', kind: 'bool', value: true },
] as const satisfies readonly RawAttribute[];
let created = 0;

/** TensorFlow resource variables, one per array of `start`. */
export function createVariables(engine: Engine, start: readonly Float32Array[]): Variables {
  const { tf } = engine;
  const ops = rawOps(engine);
  const assign = (handle: Tensor, next: Tensor): void => {
    ops.many('AssignVariableOp', DTYPE, [handle, next], 0);
    next.dispose();
  };
  const handles = start.map((values) => {
    const handle = ops.one(
      'VarHandleOp',
      [
        ...DTYPE,
        { name: 'shape', kind: 'shape', value: [values.length] },
        { name: 'container', kind: 'string', value: '' },
        { name: 'shared_name', kind: 'string', value: `stm-lab-${process.pid}-${created++}` },
      ],
      [],
    );
    assign(handle, tf.tensor1d(values, 'float32'));
    return tf.keep(handle);
  });
  const readings: (Tensor | undefined)[] = [];
  const forget = (index: number): void => {
    readings[index]?.dispose();
    readings[index] = undefined;
  };
  return {
    get: (index) =>
      (readings[index] ??= tf.keep(ops.one('ReadVariableOp', DTYPE, [handles[index]!]))) as Tensor1D,
    set: (index, next) => {
      assign(handles[index]!, next);
      forget(index);
    },
    adam: (gradient, size, { beta1, beta2, epsilon }) => {
      // A live reading would make the update copy the variable.
      handles.forEach((_, index) => forget(index));
      // The bias correction is in `size` already: powers of 0 make the operation's own correction 1.
      const scalars = [0, 0, size, beta1, beta2, epsilon].map((value) => tf.scalar(value));
      ops.many('ResourceApplyAdam', APPLY, [...handles.slice(0, 3), ...scalars, gradient], 0);
      scalars.forEach((scalar) => scalar.dispose());
    },
    dispose: () => {
      for (const [index, handle] of handles.entries()) {
        forget(index);
        ops.many('DestroyResourceOp', DESTROY, [handle], 0);
        handle.dispose();
      }
    },
  };
}
