import { inputError } from 'research-basics/errors';
import type { Algebra } from './algebra';
import type { Eigenpairs } from './symmetricEigen';
import { rightSingularVectors } from './rightSingular';
import { eachBlock, type FeatureSource } from './source';
import { standardise, type Standardiser } from './standardiser';

/** Principal components of standardised training rows; all float64. */
export interface Components {
  /** components x columns, row-major; each row of unit length, its largest-magnitude entry positive. */
  readonly vectors: Float64Array;
  readonly count: number;
  /** Mean of the standardised training rows [columns]. */
  readonly mean: Float64Array;
  /** Variance along each component (divided by rows - 1), falling [count]. */
  readonly explainedVariance: Float64Array;
  /** Share of the total variance [count]. */
  readonly explainedVarianceRatio: Float64Array;
  readonly singularValues: Float64Array;
}

/** What both ways of fitting need. */
export interface PcaInput {
  readonly features: FeatureSource;
  /** Training rows, in the order in which they are taken. */
  readonly rows: Int32Array;
  readonly standardiser: Standardiser;
  readonly components: number;
  readonly algebra: Algebra;
  /** Called with the share of the work done, 0 .. 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

const BLOCK_ROWS = 2048;

/**
 * Exact PCA: one covariance in float64 and one symmetric eigen-decomposition. Fewer rows
 * than columns are decomposed by their own products instead (`rightSingularVectors`).
 *
 * More components than `min(rows, columns)` do not exist; the caller caps the number.
 */
export function fitExactPca(input: PcaInput): Components {
  const { features, rows, standardiser, components, algebra, onProgress } = input;
  const { columns } = features;
  const n = rows.length;
  if (n < columns) return fitFewRows(input);
  const mean = new Float64Array(columns);
  const gram = algebra.gram(columns);
  eachBlock(features, rows, BLOCK_ROWS, (block, count, first) => {
    standardise(standardiser, block);
    addColumns(mean, block, columns);
    gram.add(block, count);
    onProgress?.((0.7 * (first + count)) / n);
  });
  for (let c = 0; c < columns; c++) mean[c]! /= n;
  const scatter = gram.finish();
  let total = 0;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) scatter[i * columns + j]! -= n * mean[i]! * mean[j]!;
    total += scatter[i * columns + i]!;
  }
  const { values, vectors } = algebra.eigen(scatter, columns);
  onProgress?.(1);
  return toComponents(values, vectors, components, columns, n, mean, total);
}

function fitFewRows({ features, rows, standardiser, components, algebra, onProgress }: PcaInput): Components {
  const { columns } = features;
  const n = rows.length;
  const block = standardise(standardiser, features.readRowList(rows));
  const mean = new Float64Array(columns);
  addColumns(mean, block, columns);
  for (let c = 0; c < columns; c++) mean[c]! /= n;
  const centred = Float64Array.from(block, (value, at) => value - mean[at % columns]!);
  const total = centred.reduce((sum, value) => sum + value * value, 0);
  const { values, vectors } = rightSingularVectors(algebra, centred, n, columns);
  onProgress?.(1);
  return toComponents(values, vectors, components, columns, n, mean, total);
}

/** Consecutive slices of `batch` rows; one is cut only where at least `least` rows remain after it. */
export function batchBounds(rows: number, batch: number, least: number): [from: number, to: number][] {
  const bounds: [number, number][] = [];
  let from = 0;
  for (let i = 0; i < Math.floor(rows / batch); i++) {
    if (from + batch + least > rows) continue;
    bounds.push([from, from + batch]);
    from += batch;
  }
  if (from < rows) bounds.push([from, rows]);
  return bounds;
}

/**
 * Incremental PCA as scikit-learn's `IncrementalPCA` defines it (Ross et al. 2008), in batches of
 * 5 x columns rows in row order. The order of the rows changes the result: the published features were
 * fed speech first, then music, then environment.
 *
 * Each update takes the singular values and right singular vectors of the stack [S V; batch - its mean;
 * mean correction]. They are the eigenpairs of the stack's Gram matrix, which is summed block by block
 * (of the stack's rows where they are fewer than the columns); equal up to rounding (relative error of a squared singular value about
 * 1e-16 times the ratio of the largest to it).
 *
 * @throws UserError (`input`) when the first batch has fewer rows than components.
 */
export function fitIncrementalPca(input: PcaInput, batchRows?: number): Components {
  const { features, rows, standardiser, components, algebra, onProgress } = input;
  const { columns } = features;
  const bounds = batchBounds(rows.length, batchRows ?? 5 * columns, components);
  const firstBatch = bounds[0]![1];
  if (components > firstBatch)
    throw inputError(
      `${features.source}: incremental PCA with ${components} components needs at least as many training rows in its first batch, which has ${firstBatch}; ask for fewer components or method "exact"`,
    );

  let seen = 0;
  let mean: Float64Array = new Float64Array(columns);
  let variance: Float64Array = new Float64Array(columns);
  let fitted: Components | undefined;
  for (const [from, to] of bounds) {
    const m = to - from;
    const n = seen + m;
    // One batch is held (20 x columns^2 bytes: 117 MB for 2,420), because it is passed over three times.
    const batch = standardise(standardiser, features.readRowList(rows.subarray(from, to)));
    const stats = batchStatistics(batch, columns);
    const updated = combine(mean, variance, seen, stats, m);
    const centre = fitted === undefined ? updated.mean : stats.mean32;
    for (let at = 0; at < batch.length;) for (let c = 0; c < columns; c++) batch[at++]! -= centre[c]!;
    const extra =
      fitted === undefined ? [] : stackedRows(fitted, mean, stats.mean32, Math.sqrt((seen / n) * m));
    const { values, vectors } = decompose(algebra, batch, extra, columns, (done) =>
      onProgress?.((from + done * m) / rows.length),
    );
    let total = 0;
    for (let c = 0; c < columns; c++) total += updated.variance[c]! * n;
    fitted = toComponents(values, vectors, components, columns, n, updated.mean, total);
    ({ mean, variance } = updated);
    seen = n;
    onProgress?.(to / rows.length);
  }
  return fitted!;
}

/** What stands in for all rows before the batch: S V, and the step between the two means. */
function stackedRows(
  { vectors, singularValues }: Components,
  mean: Float64Array,
  batchMean: Float32Array,
  weight: number,
): Float64Array[] {
  const columns = mean.length;
  return [
    vectors.map((value, at) => value * singularValues[Math.floor(at / columns)]!),
    mean.map((old, c) => weight * (old - batchMean[c]!)),
  ];
}

function decompose(
  algebra: Algebra,
  batch: Float32Array,
  extra: readonly Float64Array[],
  columns: number,
  onProgress: (done: number) => void,
): Eigenpairs {
  const m = batch.length / columns;
  const stackRows = extra.reduce((rows, part) => rows + part.length / columns, m);
  if (stackRows < columns) {
    const stack = new Float64Array(stackRows * columns);
    stack.set(batch);
    extra.reduce((at, part) => (stack.set(part, at), at + part.length), batch.length);
    return rightSingularVectors(algebra, stack, stackRows, columns);
  }
  const gram = algebra.gram(columns);
  for (let first = 0; first < m; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, m - first);
    gram.add(batch.subarray(first * columns, (first + count) * columns), count);
    onProgress((0.7 * (first + count)) / m);
  }
  for (const part of extra) gram.add(part, part.length / columns);
  return algebra.eigen(gram.finish(), columns);
}

interface BatchStatistics {
  readonly sum: Float64Array;
  /** Sum of squared distances from the batch mean. */
  readonly scatter: Float64Array;
  /** Column means summed in float32, row after row, as NumPy's `mean` of float32. */
  readonly mean32: Float32Array;
}

function batchStatistics(batch: Float32Array, columns: number): BatchStatistics {
  const m = batch.length / columns;
  const sum = new Float64Array(columns);
  const mean32 = new Float32Array(columns);
  addColumns(sum, batch, columns);
  addColumns(mean32, batch, columns);
  const batchMean = sum.map((total) => total / m);
  for (let c = 0; c < columns; c++) mean32[c]! /= m;
  const scatter = new Float64Array(columns);
  const correction = new Float64Array(columns);
  for (let at = 0; at < batch.length;)
    for (let c = 0; c < columns; c++, at++) {
      const d = batch[at]! - batchMean[c]!;
      correction[c]! += d;
      scatter[c]! += d * d;
    }
  for (let c = 0; c < columns; c++) scatter[c]! -= (correction[c]! * correction[c]!) / m;
  return { sum, scatter, mean32 };
}

/** Chan's update of mean and population variance by a batch. */
function combine(
  mean: Float64Array,
  variance: Float64Array,
  seen: number,
  { sum, scatter }: BatchStatistics,
  m: number,
): { mean: Float64Array; variance: Float64Array } {
  const n = seen + m;
  const newMean = new Float64Array(mean.length);
  const newVariance = new Float64Array(mean.length);
  for (let c = 0; c < mean.length; c++) {
    const lastSum = mean[c]! * seen;
    newMean[c] = (lastSum + sum[c]!) / n;
    const shift = seen === 0 ? 0 : (seen / m / n) * (lastSum / (seen / m) - sum[c]!) ** 2;
    newVariance[c] = (variance[c]! * seen + scatter[c]! + shift) / n;
  }
  return { mean: newMean, variance: newVariance };
}

function addColumns(sums: Float64Array | Float32Array, block: Float32Array, columns: number): void {
  for (let at = 0; at < block.length;) for (let c = 0; c < columns; c++) sums[c]! += block[at++]!;
}

function toComponents(
  values: Float64Array,
  vectors: Float64Array,
  count: number,
  columns: number,
  rows: number,
  mean: Float64Array,
  total: number,
): Components {
  const kept = vectors.slice(0, count * columns);
  for (let k = 0; k < count; k++) makeLargestPositive(kept.subarray(k * columns, (k + 1) * columns));
  // Rounding can leave a vanishing eigenvalue slightly negative.
  const scatter = values.slice(0, count).map((value) => Math.max(value, 0));
  return {
    vectors: kept,
    count,
    mean,
    explainedVariance: scatter.map((value) => value / (rows - 1)),
    explainedVarianceRatio: scatter.map((value) => (total > 0 ? value / total : 0)),
    singularValues: scatter.map(Math.sqrt),
  };
}

/** The sign rule: the entry of largest magnitude (the first of equals) is positive. */
function makeLargestPositive(vector: Float64Array): void {
  let largest = 0;
  for (let i = 1; i < vector.length; i++) if (Math.abs(vector[i]!) > Math.abs(vector[largest]!)) largest = i;
  if (vector[largest]! < 0) for (let i = 0; i < vector.length; i++) vector[i] = -vector[i]!;
}
