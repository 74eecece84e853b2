import { loadEngine } from '../engine';
import { nativeMatrices, type Matrix, type NativeMatrices } from '../engine';
import { symmetricEigen, type Eigenpairs } from './symmetricEigen';

/** The float64 linear algebra that the reduction needs, on the fastest engine at hand. */
export interface Algebra {
  readonly name: 'native' | 'typescript';
  /** Starts a sum of X^T X over blocks of rows. */
  gram(columns: number): GramSum;
  /** All eigenpairs of a symmetric matrix (row-major, n x n), largest eigenvalue first. */
  eigen(matrix: Float64Array, n: number): Eigenpairs;
  /** Prepares `rows x columns` values to be multiplied: `X -> X M^T`. */
  projector(matrix: Float64Array, rows: number, columns: number): Projector;
  /** Matrices held outside JavaScript at this moment; 0 between calls. */
  held(): number;
}

/** Sum of X^T X, columns x columns. */
export interface GramSum {
  /** Adds a block of `count` rows, row-major. */
  add(block: Float32Array | Float64Array, count: number): void;
  /** The sum, row-major, both halves; ends the sum. */
  finish(): Float64Array;
}

/** A matrix kept ready for products. */
export interface Projector {
  /** X M^T of `count` rows, row-major. */
  apply(block: Float32Array | Float64Array, count: number): Float64Array;
  free(): void;
}

/** Which engine does the algebra. */
export interface AlgebraOptions {
  /** `auto` (default): native TensorFlow when it is the engine in use, else TypeScript. */
  readonly algebra?: 'auto' | 'native' | 'typescript';
  /**
   * `float64` (default, except for fitting `exact`): every product. `float32`: products of feature blocks are made in float32 on the
   * native engine and summed in float64, which halves their time; a variance then has a relative error of
   * about 1e-6, and trailing components that lie close together may turn into each other. Everything else
   * stays float64, and TypeScript always is.
   */
  readonly precision?: 'float64' | 'float32';
}

/**
 * Chooses the algebra.
 *
 * @throws UserError (`environment`) when native TensorFlow is asked for and cannot be loaded.
 */
export async function loadAlgebra(options: AlgebraOptions = {}): Promise<Algebra> {
  const { algebra = 'auto', precision = 'float64' } = options;
  if (algebra === 'typescript') return typescriptAlgebra;
  const engine = await loadEngine(algebra === 'native' ? { prefer: 'native' } : {});
  const native = nativeMatrices(engine);
  return native === undefined ? typescriptAlgebra : nativeAlgebra(native, precision);
}

/** Parts into which columns are cut so that only one half of the symmetric product is computed. */
const PARTS = 4;
const SMALLEST_PART = 128;

/** Longest float32 sum: longer blocks are cut, so that their products are added up in float64. */
const NARROW_ROWS = 1024;

function nativeAlgebra(native: NativeMatrices, precision: 'float64' | 'float32'): Algebra {
  const uploadBlock = (block: Float32Array | Float64Array, rows: number, columns: number): Matrix =>
    precision === 'float32' && block instanceof Float32Array
      ? native.uploadNarrow(block, rows, columns)
      : native.upload(block, rows, columns);
  return {
    name: 'native',
    held: native.live,
    gram(columns) {
      const parts = columns < PARTS * SMALLEST_PART ? 1 : PARTS;
      const edge = Array.from({ length: parts + 1 }, (_, i) => Math.round((i * columns) / parts));
      // Lower half, block by block: sums[i * parts + j] = X_i^T X_j for j <= i.
      const sums = new Map<number, Matrix>();
      return {
        add(block, count) {
          if (precision === 'float32' && count > NARROW_ROWS) {
            this.add(block.subarray(0, NARROW_ROWS * columns), NARROW_ROWS);
            return this.add(block.subarray(NARROW_ROWS * columns), count - NARROW_ROWS);
          }
          const whole = uploadBlock(block, count, columns);
          const cut =
            parts === 1 ? [whole] : edge.slice(1).map((to, i) => native.columns(whole, edge[i]!, to));
          if (parts > 1) native.free(whole);
          for (let i = 0; i < parts; i++)
            for (let j = 0; j <= i; j++) {
              const product = native.multiply(cut[i]!, cut[j]!, 'first');
              const before = sums.get(i * parts + j);
              if (before === undefined) sums.set(i * parts + j, product);
              else {
                sums.set(i * parts + j, native.add(before, product));
                native.free(before, product);
              }
            }
          native.free(...cut);
        },
        finish() {
          const total = new Float64Array(columns * columns);
          for (const [key, sum] of sums) {
            const [i, j] = [Math.floor(key / parts), key % parts];
            const values = native.download(sum);
            native.free(sum);
            const width = edge[j + 1]! - edge[j]!;
            for (let r = edge[i]!, at = 0; r < edge[i + 1]!; r++)
              for (let c = edge[j]!; c < edge[j]! + width; c++, at++) {
                if (c <= r) total[r * columns + c] = total[c * columns + r] = values[at]!;
              }
          }
          sums.clear();
          return total;
        },
      };
    },
    eigen(matrix, n) {
      const held = native.upload(matrix, n, n);
      const { values, vectors } = native.eigen(held);
      const rising = native.download(values);
      const asColumns = native.download(vectors);
      native.free(held, values, vectors);
      const falling = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let k = 0; k < n; k++) falling[(n - 1 - k) * n + i] = asColumns[i * n + k]!;
      return { values: rising.reverse(), vectors: falling };
    },
    projector(matrix, rows, columns) {
      const held = native.upload(matrix, rows, columns);
      const narrow =
        precision === 'float32' ? native.uploadNarrow(Float32Array.from(matrix), rows, columns) : undefined;
      return {
        apply(block, count) {
          const left = uploadBlock(block, count, columns);
          const isNarrow = narrow !== undefined && block instanceof Float32Array;
          const product = native.multiply(left, isNarrow ? narrow : held, 'second');
          const values = native.download(product);
          native.free(left, product);
          return values;
        },
        free: () => native.free(held, ...(narrow === undefined ? [] : [narrow])),
      };
    },
  };
}

const typescriptAlgebra: Algebra = {
  name: 'typescript',
  held: () => 0,
  gram(columns) {
    const total = new Float64Array(columns * columns);
    return {
      add(block, count) {
        addGram(total, block, count, columns);
      },
      finish() {
        for (let i = 0; i < columns; i++)
          for (let j = 0; j < i; j++) total[i * columns + j] = total[j * columns + i]!;
        return total;
      },
    };
  },
  eigen: symmetricEigen,
  projector: (matrix, rows, columns) => ({
    apply: (block, count) => multiplyTransposed(block, count, matrix, rows, columns),
    free: () => undefined,
  }),
};

/** Adds the upper half of X^T X, four rows of X at a time so that the sums are read and written less often. */
function addGram(total: Float64Array, block: Float32Array | Float64Array, count: number, p: number): void {
  const whole = count - (count % 4);
  for (let r = 0; r < whole; r += 4) {
    const [a, b, c, d] = [r * p, (r + 1) * p, (r + 2) * p, (r + 3) * p];
    for (let i = 0; i < p; i++) {
      const [ai, bi, ci, di] = [block[a + i]!, block[b + i]!, block[c + i]!, block[d + i]!];
      if (ai === 0 && bi === 0 && ci === 0 && di === 0) continue;
      const row = i * p;
      for (let j = i; j < p; j++)
        total[row + j]! +=
          ai * block[a + j]! + bi * block[b + j]! + (ci * block[c + j]! + di * block[d + j]!);
    }
  }
  for (let r = whole; r < count; r++)
    for (let i = 0; i < p; i++) {
      const left = block[r * p + i]!;
      for (let j = i; j < p; j++) total[i * p + j]! += left * block[r * p + j]!;
    }
}

function multiplyTransposed(
  block: Float32Array | Float64Array,
  count: number,
  matrix: Float64Array,
  rows: number,
  columns: number,
): Float64Array {
  const product = new Float64Array(count * rows);
  for (let r = 0; r < count; r++)
    for (let k = 0; k < rows; k++) {
      let even = 0;
      let odd = 0;
      const x = r * columns;
      const m = k * columns;
      const whole = columns - (columns % 2);
      for (let c = 0; c < whole; c += 2) {
        even += block[x + c]! * matrix[m + c]!;
        odd += block[x + c + 1]! * matrix[m + c + 1]!;
      }
      if (whole < columns) even += block[x + whole]! * matrix[m + whole]!;
      product[r * rows + k] = even + odd;
    }
  return product;
}
