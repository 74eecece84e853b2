import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import { checkFeatures, checkRows, type LabelledRows } from '../data';
import { balancedWeights } from '../../training/focalLoss';
import type { Classifier } from './classifier';
import { couplePairs, fitSigmoid, type Sigmoid, sigmoidOf } from './platt';
import { solveDual } from './smo';

/** Options of the support-vector machine. */
export interface SvmOptions {
  /** `linear` or `rbf` (exp(-gamma |u - v|^2)). Default `rbf`. */
  readonly kernel?: 'linear' | 'rbf';
  /** Weight of margin violations, more than 0. Default 1. */
  readonly C?: number;
  /** Width of `rbf`, more than 0; `scale` (default): 1 / (columns x variance of all training values). */
  readonly gamma?: number | 'scale';
  /** `balanced`: C of a class is multiplied by rows / (classes x its rows). Default `none`. */
  readonly classWeights?: 'none' | 'balanced';
  /** Largest violation of the optimality conditions. Default 1e-3. */
  readonly tolerance?: number;
  /** Seed of the division for the probability fit. Default 1. */
  readonly seed?: number;
}

/** The kernel matrix of all training rows is held in memory (8 bytes an entry). */
const MOST_ROWS = 20_000;
const PLATT_FOLDS = 5;

interface Pair {
  readonly first: number;
  readonly second: number;
  /** Training rows of support vectors, and their alpha y. */
  readonly rows: Int32Array;
  readonly coefficients: Float64Array;
  readonly bias: number;
  readonly sigmoid: Sigmoid;
}

/**
 * C-support-vector machine, one against one. Decision values of each pair become probabilities by a sigmoid
 * fitted on five-fold held-out values, and those of all pairs are coupled (the method of LIBSVM). Where the training rows
 * have groups, whole groups are held out: values of rows whose group was trained on are larger than those of new
 * recordings, and the sigmoid would be too sure.
 *
 * @throws UserError (`input`) for a C or gamma that is not above 0, and in training for more rows than a kernel
 *   matrix can hold.
 */
export function supportVectorMachine(options: SvmOptions = {}): Classifier {
  const {
    kernel = 'rbf',
    C = 1,
    gamma = 'scale',
    classWeights = 'none',
    tolerance = 1e-3,
    seed = 1,
  } = options;
  if (!(C > 0 && C < Infinity)) throw inputError(`support-vector machine: C ${C} must be more than 0`);
  if (gamma !== 'scale' && !(gamma > 0))
    throw inputError(`support-vector machine: gamma ${gamma} must be more than 0`);
  return {
    fit: (train, classes) => {
      checkRows(train, train.columns, classes, 'training rows');
      if (train.rows > MOST_ROWS)
        throw inputError(
          `support-vector machine: ${train.rows} rows need too large a kernel matrix; use at most ${MOST_ROWS}, or logistic regression`,
        );
      const width = gamma === 'scale' ? 1 / (train.columns * varianceOf(train.x)) : gamma;
      const kernelOf = kernel === 'linear' ? linearKernel : rbfKernel(width);
      const matrix = kernelMatrix(train, kernelOf);
      const weights =
        classWeights === 'balanced' ? balancedWeights(train.y, classes) : new Float64Array(classes).fill(1);
      const present = Array.from({ length: classes }, (_, c) => c).filter((c) => train.y.includes(c));
      const pairs: Pair[] = [];
      for (const first of present)
        for (const second of present)
          if (first < second)
            pairs.push(
              fitPair(
                train,
                matrix,
                first,
                second,
                weights.map((w) => w * C),
                tolerance,
                seed,
              ),
            );
      return {
        description: `support-vector machine, ${kernel} kernel, C ${C}${kernel === 'rbf' ? `, gamma ${width.toPrecision(4)}` : ''}, class weights ${classWeights}`,
        predictProbabilities: (x, rows) => {
          checkFeatures(x, rows, train.columns, 'prediction rows');
          const result = new Float32Array(rows * classes);
          const values = new Float64Array(train.rows);
          for (let r = 0; r < rows; r++) {
            const u = x.subarray(r * train.columns, (r + 1) * train.columns);
            for (let t = 0; t < train.rows; t++)
              values[t] = kernelOf(u, train.x.subarray(t * train.columns, (t + 1) * train.columns));
            coupledProbabilities(pairs, values, present).forEach((p, i) => {
              result[r * classes + present[i]!] = p;
            });
          }
          return result;
        },
      };
    },
  };
}

type Kernel = (u: Float32Array, v: Float32Array) => number;

const linearKernel: Kernel = (u, v) => {
  let sum = 0;
  for (let j = 0; j < u.length; j++) sum += u[j]! * v[j]!;
  return sum;
};

const rbfKernel =
  (gamma: number): Kernel =>
  (u, v) => {
    let sum = 0;
    for (let j = 0; j < u.length; j++) sum += (u[j]! - v[j]!) ** 2;
    return Math.exp(-gamma * sum);
  };

/** Population variance of all values. */
export function varianceOf(x: Float32Array): number {
  let mean = 0;
  for (const value of x) mean += value / x.length;
  let sum = 0;
  for (const value of x) sum += (value - mean) ** 2;
  return sum > 0 ? sum / x.length : 1;
}

function kernelMatrix({ x, rows, columns }: LabelledRows, kernelOf: Kernel): Float64Array {
  const matrix = new Float64Array(rows * rows);
  const row = (i: number): Float32Array => x.subarray(i * columns, (i + 1) * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) matrix[i * rows + j] = matrix[j * rows + i] = kernelOf(row(i), row(j));
  return matrix;
}

function fitPair(
  { y, rows, groups }: LabelledRows,
  matrix: Float64Array,
  first: number,
  second: number,
  bounds: Float64Array,
  tolerance: number,
  seed: number,
): Pair {
  const members = Int32Array.from({ length: rows }, (_, r) => r).filter(
    (r) => y[r] === first || y[r] === second,
  );
  const solve = (of: Int32Array): { coefficients: Float64Array; bias: number } => {
    const signs = Int8Array.from(of, (r) => (y[r] === first ? 1 : -1));
    // Held-out training rows may all be of one class; its side of the margin is then all there is.
    if (signs.every((s) => s === signs[0]))
      return { coefficients: new Float64Array(of.length), bias: signs[0]! };
    const part = new Float64Array(of.length * of.length);
    of.forEach((a, i) => of.forEach((b, j) => (part[i * of.length + j] = matrix[a * rows + b]!)));
    return solveDual(
      part,
      signs,
      Float64Array.from(of, (r) => bounds[y[r]!]!),
      tolerance,
    );
  };
  const decide = (
    of: Int32Array,
    solution: { coefficients: Float64Array; bias: number },
    r: number,
  ): number =>
    of.reduce((sum, t, i) => sum + solution.coefficients[i]! * matrix[r * rows + t]!, solution.bias);
  const order = randomState(deriveSeed(seed, 'platt', first, second)).permutation(members.length);
  const foldOf = plattFolds(members, order, y, groups);
  const held = new Float64Array(members.length);
  for (let fold = 0; fold < PLATT_FOLDS; fold++) {
    const rest = Int32Array.from(
      order.filter((i) => foldOf[i] !== fold),
      (i) => members[i]!,
    );
    if (rest.length === 0 || rest.length === members.length) continue;
    const solution = solve(rest);
    order.forEach((i) => {
      if (foldOf[i] === fold) held[i] = decide(rest, solution, members[i]!);
    });
  }
  const sigmoid = fitSigmoid(
    held,
    Array.from(members, (r) => y[r] === first),
  );
  const { coefficients, bias } = solve(members);
  const support = Int32Array.from(members.keys()).filter((i) => coefficients[i] !== 0);
  return {
    first,
    second,
    rows: support.map((i) => members[i]!),
    coefficients: Float64Array.from(support, (i) => coefficients[i]!),
    bias,
    sigmoid,
  };
}

/**
 * Fold of each member of a pair: by groups, those of either class spread over the folds, so that no rest lacks a class.
 * Without groups, or where a class has but one (which could not be held out), by rows.
 */
function plattFolds(
  members: Int32Array,
  order: ArrayLike<number>,
  y: Int32Array,
  groups: Int32Array | undefined,
): Int32Array {
  const folds = new Int32Array(members.length);
  const groupsOf = new Map<number, Set<number>>();
  // In the drawn order, so that the seed decides which groups go together.
  for (let place = 0; place < order.length; place++) {
    const i = order[place]!;
    folds[i] = place % PLATT_FOLDS;
    if (groups === undefined) continue;
    const label = y[members[i]!]!;
    groupsOf.set(label, (groupsOf.get(label) ?? new Set()).add(groups[members[i]!]!));
  }
  const classes = [...groupsOf.values()].sort((a, b) => a.size - b.size);
  if (groups === undefined || classes.length < 2 || classes[0]!.size < 2) return folds;
  const foldOfGroup = new Map<number, number>();
  for (const own of classes)
    [...own]
      .filter((group) => !foldOfGroup.has(group))
      .forEach((group, i) => foldOfGroup.set(group, i % PLATT_FOLDS));
  return folds.map((_, i) => foldOfGroup.get(groups[members[i]!]!)!);
}

/** Decision value of a pair, positive for its first class, given kernel values with all training rows. */
function decisionOf({ rows, coefficients, bias }: Pair, values: Float64Array): number {
  let sum = bias;
  for (let i = 0; i < rows.length; i++) sum += coefficients[i]! * values[rows[i]!]!;
  return sum;
}

function coupledProbabilities(
  pairs: readonly Pair[],
  values: Float64Array,
  present: readonly number[],
): Float64Array {
  const count = present.length;
  if (count === 1) return Float64Array.of(1);
  const pairwise = new Float64Array(count * count);
  for (const pair of pairs) {
    const [i, j] = [present.indexOf(pair.first), present.indexOf(pair.second)];
    const p = Math.min(Math.max(sigmoidOf(pair.sigmoid, decisionOf(pair, values)), 1e-7), 1 - 1e-7);
    pairwise[i * count + j] = p;
    pairwise[j * count + i] = 1 - p;
  }
  return couplePairs(pairwise, count);
}
