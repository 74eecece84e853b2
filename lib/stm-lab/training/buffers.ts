import type { Tensor } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';

/** A named array that a network keeps besides its parameters, e.g. the running mean of a normalisation. */
export interface BufferSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** First value of every element. */
  readonly value: number;
}

/** Arrays on the engine that layers read and replace during training; nothing differentiates them. */
export interface BufferStore {
  /** The present value; valid until it is replaced. */
  get(name: string): Tensor;
  /** Takes over `value` (kept out of any surrounding `tf.tidy`) and disposes what was there. */
  replace(name: string, value: Tensor): void;
  /** All values one after another, in the order of declaration. */
  read(): Float32Array;
  /** Sets all values; the counterpart of `read`. */
  write(values: Float32Array): void;
  dispose(): void;
}

/**
 * Puts buffers on the engine.
 *
 * @throws UserError (`input`) for a name declared twice, and from the store for an unknown name or values of
 *   another network.
 */
export function createBuffers({ tf }: Engine, buffers: readonly BufferSpec[]): BufferStore {
  const held = new Map<string, Tensor>();
  const lookUp = (name: string): Tensor => {
    const tensor = held.get(name);
    if (tensor === undefined) throw inputError(`buffer ${name}: is not in this network`);
    return tensor;
  };
  const replace = (name: string, value: Tensor): void => {
    lookUp(name).dispose();
    held.set(name, tf.keep(value));
  };
  for (const { name, shape, value } of buffers) {
    if (held.has(name)) throw inputError(`buffer ${name}: is declared twice`);
    held.set(name, tf.keep(tf.fill([...shape], value)));
  }
  const size = [...held.values()].reduce((sum, tensor) => sum + tensor.size, 0);
  return {
    get: lookUp,
    replace,
    read: () => {
      const values = new Float32Array(size);
      let at = 0;
      for (const tensor of held.values()) {
        values.set(tensor.dataSync(), at);
        at += tensor.size;
      }
      return values;
    },
    write: (values) => {
      if (values.length !== size)
        throw inputError(`buffers: ${values.length} values for ${size}; they belong to another network`);
      let at = 0;
      for (const [name, { shape, size: count }] of [...held]) {
        replace(name, tf.tensor(values.slice(at, at + count), shape, 'float32'));
        at += count;
      }
    },
    dispose: () => held.forEach((tensor) => tensor.dispose()),
  };
}
