import { inputError } from 'research-basics/errors';
import { minimizeBounded } from 'research-basics/numerics/lbfgsb';
import { checkFeatures, checkRows, eachVectorBlock, type StreamedRows } from '../data';
import { balancedWeights } from '../../training/focalLoss';
import type { Classifier, FittedClassifier } from './classifier';
import type { LinearModel } from './linear';

/** Options of the logistic regression. */
export interface LogisticOptions {
  /** Inverse strength of the penalty, more than 0. Default 1. */
  readonly C?: number;
  /** Share of the absolute weights in the penalty, 0 (default: squares alone) to 1; between them, an elastic net. */
  readonly l1Ratio?: number;
  /** `balanced`: each class weighs the same in all. Default `none`. */
  readonly classWeights?: 'none' | 'balanced';
  /** Largest gradient entry (per row, of columns scaled alike), at which the fit ends. Default 1e-7. */
  readonly tolerance?: number;
  /** Default 1000. */
  readonly maxIterations?: number;
}

/**
 * Multinomial logistic regression in float64: minimises C sum_i w_i (-ln p_i) + (1 - r) ||W||^2 / 2 + r |W| (r: `l1Ratio`)
 * by L-BFGS, intercepts unpenalised (the objective of scikit-learn's `LogisticRegression`).
 */
export function logisticRegression(options: LogisticOptions = {}): Classifier {
  const { C = 1, l1Ratio = 0, classWeights = 'none' } = options;
  checkPenalty(C, l1Ratio);
  return {
    fit: (train, classes) =>
      fitted(
        fitLogistic(train, classes, options).weights,
        train.columns,
        classes,
        `logistic regression, C ${C}${l1Ratio === 0 ? '' : `, L1 ratio ${l1Ratio}`}, class weights ${classWeights}`,
      ),
  };
}

function checkPenalty(C: number, l1Ratio: number): void {
  if (!(l1Ratio >= 0 && l1Ratio <= 1))
    throw inputError(`logistic regression: l1Ratio ${l1Ratio} must be from 0 to 1`);
  if (!(C > 0 && C < Infinity)) throw inputError(`logistic regression: C ${C} must be more than 0`);
}

/**
 * The weights of a multinomial logistic regression, see `logisticRegression`.
 *
 * @param train rows in memory, or of a source: it is then read once a step.
 * @param rowWeights weight of each row beside that of its class, 0 or more; default 1.
 * @throws UserError (`input`) for a C or l1Ratio out of range, or rows that cannot be used.
 */
export function fitLogistic(
  train: StreamedRows,
  classes: number,
  options: LogisticOptions = {},
  rowWeights?: Float64Array,
): LinearModel {
  const { C = 1, l1Ratio = 0, classWeights = 'none', tolerance = 1e-7, maxIterations = 1000 } = options;
  checkPenalty(C, l1Ratio);
  checkRows(train, train.columns, classes, 'training rows');
  const { y, rows, columns } = train;
  const perClass =
    classWeights === 'balanced' ? balancedWeights(y, classes) : new Float64Array(classes).fill(1);
  const stride = columns + 1;
  // Divided by C x rows, so that the tolerance means the same for all sizes.
  const penalty = (1 - l1Ratio) / (C * rows);
  const step = columnSteps(train, penalty);
  const w = new Float64Array(classes * stride);
  // In units of each column's own curvature, without which columns of unlike size take hundreds of steps.
  const objective = (scaled: Float64Array, gradient: Float64Array): number => {
    for (let i = 0; i < w.length; i++) w[i] = scaled[i]! * step[i % stride]!;
    gradient.fill(0);
    let value = 0;
    const scores = new Float64Array(classes);
    eachVectorBlock(train, (x, first) => {
      for (let start = 0, r = first; start < x.length; start += columns, r++) {
        probabilitiesOf(w, x, start, columns, scores);
        const weight = (perClass[y[r]!]! * (rowWeights?.[r] ?? 1)) / rows;
        value -= weight * Math.log(Math.max(scores[y[r]!]!, 1e-300));
        for (let c = 0; c < classes; c++) {
          const slope = weight * (scores[c]! - (y[r] === c ? 1 : 0));
          const base = c * stride;
          for (let j = 0; j < columns; j++) gradient[base + j]! += slope * x[start + j]!;
          gradient[base + columns]! += slope;
        }
      }
    });
    for (let i = 0; i < w.length; i++) {
      if (i % stride === columns) continue;
      value += (penalty * w[i]! * w[i]!) / 2;
      gradient[i]! += penalty * w[i]!;
    }
    for (let i = 0; i < w.length; i++) gradient[i]! *= step[i % stride]!;
    return value;
  };
  const limits = { ftol: 0, gtol: tolerance, maxIterations };
  const scaled =
    l1Ratio === 0
      ? minimizeBounded({ objective, start: new Float64Array(w.length), ...limits }).x
      : minimizeWithAbsolutes(
          objective,
          w.map((_, i) => (i % stride === columns ? 0 : (l1Ratio / (C * rows)) * step[i % stride]!)),
          limits,
        );
  const weights = scaled.map((value, i) => value * step[i % stride]!);
  return { kind: 'logistic', columns, classes, weights };
}

/**
 * Minimises a smooth function plus a weighted sum of absolute values: each variable as the difference of two that are not
 * negative, whose sum is its absolute value at the minimum.
 */
function minimizeWithAbsolutes(
  objective: (x: Float64Array, gradient: Float64Array) => number,
  absolutes: Float64Array,
  limits: { readonly ftol: number; readonly gtol: number; readonly maxIterations: number },
): Float64Array {
  const n = absolutes.length;
  const joined = new Float64Array(n);
  const slope = new Float64Array(n);
  const { x } = minimizeBounded({
    ...limits,
    start: new Float64Array(2 * n),
    lower: new Float64Array(2 * n),
    objective: (parts, gradient) => {
      for (let i = 0; i < n; i++) joined[i] = parts[i]! - parts[n + i]!;
      let value = objective(joined, slope);
      for (let i = 0; i < n; i++) {
        value += absolutes[i]! * (parts[i]! + parts[n + i]!);
        gradient[i] = absolutes[i]! + slope[i]!;
        gradient[n + i] = absolutes[i]! - slope[i]!;
      }
      return value;
    },
  });
  return absolutes.map((_, i) => x[i]! - x[n + i]!);
}

/**
 * One over the root of an upper bound of the objective's curvature along each column's weight, and the
 * intercept's: a quarter of the column's mean square, and the penalty.
 */
function columnSteps(train: StreamedRows, penalty: number): Float64Array {
  const { rows, columns } = train;
  const square = new Float64Array(columns + 1);
  eachVectorBlock(train, (x) => {
    for (let start = 0; start < x.length; start += columns)
      for (let j = 0; j < columns; j++) square[j]! += x[start + j]! ** 2 / rows;
  });
  square[columns] = 1;
  return square.map((value, j) => 1 / Math.sqrt(Math.max(value / 4 + (j < columns ? penalty : 0), 1e-12)));
}

/** Softmax of W x + b for the row starting at `start`, into `scores`. */
function probabilitiesOf(
  w: Float64Array,
  x: Float32Array,
  start: number,
  columns: number,
  scores: Float64Array,
): void {
  let top = -Infinity;
  for (let c = 0; c < scores.length; c++) {
    const base = c * (columns + 1);
    let sum = w[base + columns]!;
    for (let j = 0; j < columns; j++) sum += w[base + j]! * x[start + j]!;
    scores[c] = sum;
    if (sum > top) top = sum;
  }
  let total = 0;
  for (let c = 0; c < scores.length; c++) total += scores[c] = Math.exp(scores[c]! - top);
  for (let c = 0; c < scores.length; c++) scores[c]! /= total;
}

function fitted(
  weights: Float64Array,
  columns: number,
  classes: number,
  description: string,
): FittedClassifier {
  return {
    description,
    predictProbabilities: (x, rows) => {
      checkFeatures(x, rows, columns, 'prediction rows');
      const result = new Float32Array(rows * classes);
      const scores = new Float64Array(classes);
      for (let r = 0; r < rows; r++) {
        probabilitiesOf(weights, x, r * columns, columns, scores);
        result.set(scores, r * classes);
      }
      return result;
    },
  };
}
