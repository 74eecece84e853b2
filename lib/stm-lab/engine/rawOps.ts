import type { Tensor } from '@tensorflow/tfjs';
import { environmentError } from 'research-basics/errors';
import type { Engine } from './engine';

/** Attribute of a TensorFlow operation, by the kind TensorFlow's C interface knows. */
export type RawAttribute =
  | { readonly name: string; readonly kind: 'bool'; readonly value: boolean }
  | { readonly name: string; readonly kind: 'int'; readonly value: number }
  | { readonly name: string; readonly kind: 'float'; readonly value: number }
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'shape'; readonly value: readonly number[] }
  | { readonly name: string; readonly kind: 'type'; readonly value: 'float32' | 'int32' | 'bool' };

/** Runs TensorFlow operations by name, also those for which TensorFlow.js has no function. */
export interface RawOps {
  /** An operation with one output. */
  one(op: string, attributes: readonly RawAttribute[], inputs: readonly Tensor[]): Tensor;
  /** An operation with `outputs` (0 or more) outputs. */
  many(op: string, attributes: readonly RawAttribute[], inputs: readonly Tensor[], outputs: number): Tensor[];
  /**
   * A whole number as TensorFlow's int64 scalar, a type that TensorFlow.js lacks; only fit as an input of
   * these operations. Kept for the life of the process, one per value.
   */
  integer64(value: number): Tensor;
}

interface NativeAttribute {
  name: string;
  type: number;
  value: unknown;
}

interface NativeBackend {
  isUsingGpuDevice: boolean;
  binding: Record<string, number> & {
    createTensor(shape: readonly number[], type: number, values: Int32Array): number;
  };
  tensorMap: { set(key: object, entry: Record<string, unknown>): void };
  executeSingleOutput(op: string, attributes: NativeAttribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: NativeAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

const TYPE_CODES = { float32: 'TF_FLOAT', int32: 'TF_INT32', bool: 'TF_BOOL' } as const;
const KIND_CODES = {
  bool: 'TF_ATTR_BOOL',
  int: 'TF_ATTR_INT',
  float: 'TF_ATTR_FLOAT',
  string: 'TF_ATTR_STRING',
  shape: 'TF_ATTR_SHAPE',
  type: 'TF_ATTR_TYPE',
} as const;

const integers = new Map<number, Tensor>();

/** Registers an int64 scalar with the backend under a handle that no tensor owns. */
function registerInteger({ binding, tensorMap }: NativeBackend, value: number): Tensor {
  const dataId = {};
  const id = binding.createTensor([], binding['TF_INT64']!, Int32Array.of(value, 0));
  tensorMap.set(dataId, { shape: [], dtype: binding['TF_INT64'], id, values: null, refCount: 1 });
  return { dataId, shape: [], dtype: 'int32' } as unknown as Tensor;
}

/** Whether native TensorFlow computes on a graphics card, where some operations have outputs of another meaning. */
export function runsOnGpu({ name, tf }: Engine): boolean {
  return name === 'native' && (tf.backend() as unknown as NativeBackend).isUsingGpuDevice;
}

/**
 * Access to TensorFlow's operations by name (see its operation registry for names and attributes).
 * Outputs are ordinary tensors: `tf.tidy` and `dispose` apply.
 *
 * Attribute lists are encoded once per list object: keep them in constants where speed matters.
 *
 * @throws UserError (`environment`) on the WebAssembly engine, which has no such operations.
 */
export function rawOps(engine: Engine): RawOps {
  if (engine.name !== 'native')
    throw environmentError(
      `this step needs native TensorFlow, and ${engine.description} is in use; run "npm run doctor" for the fix`,
    );
  const backend = engine.tf.backend() as unknown as NativeBackend;
  const { binding } = backend;
  const encoded = new WeakMap<readonly RawAttribute[], NativeAttribute[]>();
  const encode = (attributes: readonly RawAttribute[]): NativeAttribute[] => {
    let list = encoded.get(attributes);
    if (list === undefined) {
      list = attributes.map(({ name, kind, value }) => ({
        name,
        type: binding[KIND_CODES[kind]]!,
        value: kind === 'type' ? binding[TYPE_CODES[value]]! : value,
      }));
      encoded.set(attributes, list);
    }
    return list;
  };
  return {
    one: (op, attributes, inputs) => backend.executeSingleOutput(op, encode(attributes), inputs),
    many: (op, attributes, inputs, outputs) =>
      backend.executeMultipleOutputs(op, encode(attributes), inputs, outputs),
    integer64: (value) => {
      const known = integers.get(value) ?? registerInteger(backend, value);
      integers.set(value, known);
      return known;
    },
  };
}
