import type { Engine } from './engine';

/**
 * float64 matrices inside native TensorFlow. TensorFlow.js has no float64 tensors, but the engine below
 * it has: bits go in and out as pairs of int32 and are reinterpreted there, so nothing is rounded.
 *
 * Handles are outside `tf.memory()`; `NativeMatrices.live` counts them.
 */
export interface NativeMatrices {
  /** Copies values in; float32 input is widened, which is exact. */
  upload(values: Float64Array | Float32Array, rows: number, columns: number): Matrix;
  /** Copies float32 values in as they are; only `multiply` and `columns` take such matrices, and both factors must be. */
  uploadNarrow(values: Float32Array, rows: number, columns: number): Matrix;
  /** a b, with either one transposed on the way. Narrow factors are multiplied in float32; the product is float64. */
  multiply(a: Matrix, b: Matrix, transpose?: 'neither' | 'first' | 'second'): Matrix;
  add(a: Matrix, b: Matrix): Matrix;
  /** Columns `from` .. `to` - 1. */
  columns(a: Matrix, from: number, to: number): Matrix;
  /** Eigenvalues in rising order, and eigenvectors as columns, of a symmetric matrix (its lower half is read). */
  eigen(a: Matrix): { values: Matrix; vectors: Matrix };
  download(a: Matrix): Float64Array;
  free(...matrices: Matrix[]): void;
  /** Number of matrices not yet freed. */
  readonly live: () => number;
}

/** A float64 matrix held by the native engine. */
export interface Matrix {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** The part of tfjs-node's C++ binding that is used; tensors are numbered there. */
interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Int32Array;
  executeOp(
    name: string,
    attributes: readonly { name: string; type: number; value: unknown }[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
}

/** TensorFlow's number for float64. */
const TF_DOUBLE = 2;

/** Counted over the whole process, as the engine is one for the process. */
let live = 0;

/** float64 arithmetic of the native engine, or undefined when another engine is in use. */
export function nativeMatrices(engine: Engine): NativeMatrices | undefined {
  if (engine.name !== 'native') return undefined;
  const binding = (engine.tf.backend() as unknown as { binding: Binding }).binding;
  const type = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean) => ({ name, type: binding.TF_ATTR_BOOL, value });

  const run = (
    name: string,
    attributes: Parameters<Binding['executeOp']>[1],
    inputs: readonly number[],
    outputs = 1,
  ): Matrix[] => {
    const made = binding.executeOp(name, attributes, inputs, outputs);
    live += made.length;
    return made;
  };
  const free = (...matrices: Matrix[]): void => {
    for (const { id } of matrices) binding.deleteTensor(id);
    live -= matrices.length;
  };
  const create = (shape: readonly number[], dtype: number, data: Float32Array | Int32Array): Matrix => {
    live++;
    return { id: binding.createTensor(shape, dtype, data), shape, dtype };
  };
  const integers = (values: readonly number[]): Matrix =>
    create([values.length], binding.TF_INT32, Int32Array.from(values));
  const widen = (narrow: Matrix): Matrix => {
    const attributes = [type('SrcT', binding.TF_FLOAT), type('DstT', TF_DOUBLE), flag('Truncate', false)];
    const [wide] = run('Cast', attributes, [narrow.id]);
    free(narrow);
    return wide!;
  };

  return {
    upload(values, rows, columns) {
      if (values instanceof Float32Array) return widen(create([rows, columns], binding.TF_FLOAT, values));
      const bits = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
      const raw = create([rows, columns, 2], binding.TF_INT32, bits);
      const [matrix] = run('Bitcast', [type('T', binding.TF_INT32), type('type', TF_DOUBLE)], [raw.id]);
      free(raw);
      return matrix!;
    },
    uploadNarrow: (values, rows, columns) => create([rows, columns], binding.TF_FLOAT, values),
    multiply(a, b, transpose = 'neither') {
      const attributes = [
        type('T', a.dtype),
        flag('transpose_a', transpose === 'first'),
        flag('transpose_b', transpose === 'second'),
      ];
      const product = run('MatMul', attributes, [a.id, b.id])[0]!;
      return a.dtype === TF_DOUBLE ? product : widen(product);
    },
    add: (a, b) => run('AddV2', [type('T', TF_DOUBLE)], [a.id, b.id])[0]!,
    columns(a, from, to) {
      const begin = integers([0, from]);
      const size = integers([-1, to - from]);
      const attributes = [type('T', a.dtype), type('Index', binding.TF_INT32)];
      const [part] = run('Slice', attributes, [a.id, begin.id, size.id]);
      free(begin, size);
      return part!;
    },
    eigen(a) {
      const [values, vectors] = run(
        'SelfAdjointEigV2',
        [type('T', TF_DOUBLE), flag('compute_v', true)],
        [a.id],
        2,
      );
      return { values: values!, vectors: vectors! };
    },
    download(a) {
      const [raw] = run('Bitcast', [type('T', TF_DOUBLE), type('type', binding.TF_INT32)], [a.id]);
      const bits = binding.tensorDataSync(raw!.id);
      free(raw!);
      return new Float64Array(bits.buffer, bits.byteOffset, bits.length / 2);
    },
    free,
    live: () => live,
  };
}
