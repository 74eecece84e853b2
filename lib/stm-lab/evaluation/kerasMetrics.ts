import { divergedError } from 'research-basics/errors';
import { argMax, firstNotFinite } from 'research-basics/numerics/argMax';
import type { Predictions } from './predictions';

/** The two areas that Keras' `AUC` metric gives. */
export interface KerasAuc {
  readonly roc: number;
  readonly pr: number;
}

/** Keras would count a NaN nowhere, and the score would look like any other. */
function checkNumbers(probabilities: Float32Array, classes: number): void {
  const wrong = firstNotFinite(probabilities);
  if (wrong >= 0)
    throw divergedError(
      `predictions: row ${Math.floor(wrong / classes)}, class ${wrong % classes} has probability ${probabilities[wrong]}; the network that made them has diverged`,
    );
}

/**
 * Area under ROC and precision-recall curve as `keras.metrics.AUC(num_thresholds, multi_label=False)`
 * computes them: all rows x classes scores pooled into one binary problem (micro average) and sorted into
 * bins, trapezoids for ROC, interpolation (Davis & Goadrich 2006) for PR. Dominated by the largest class;
 * kept because the published headline numbers are these.
 *
 * @param thresholds number of thresholds, 2 or more; Keras' default 200.
 * @returns areas in [0, 1]; predictions within one bin give a ROC area of 0.5.
 * @throws UserError (`diverged`) for a probability that is not a number.
 */
export function kerasMicroAuc({ labels, probabilities, classes }: Predictions, thresholds = 200): KerasAuc {
  checkNumbers(probabilities, classes);
  const tp = new Float64Array(thresholds + 1);
  const fp = new Float64Array(thresholds + 1);
  for (let i = 0; i < probabilities.length; i++) {
    const bucket = Math.max(Math.ceil(Math.fround(probabilities[i]! * (thresholds - 1))) - 1, 0);
    const positive = labels[Math.floor(i / classes)] === i % classes;
    (positive ? tp : fp)[bucket]!++;
  }
  // Count above threshold i: the buckets from i up.
  for (let i = thresholds - 1; i >= 0; i--) {
    tp[i]! += tp[i + 1]!;
    fp[i]! += fp[i + 1]!;
  }
  const positives = labels.length;
  const negatives = probabilities.length - positives;
  let roc = 0;
  let pr = 0;
  for (let i = 0; i < thresholds - 1; i++) {
    roc += (((fp[i]! - fp[i + 1]!) / negatives) * (tp[i]! + tp[i + 1]!)) / 2 / positives;
    const above = tp[i]! + fp[i]!;
    const next = tp[i + 1]! + fp[i + 1]!;
    const dtp = tp[i]! - tp[i + 1]!;
    const slope = above > next ? dtp / (above - next) : 0;
    const intercept = tp[i + 1]! - slope * next;
    const ratio = above > 0 && next > 0 ? above / next : 1;
    pr += (slope * (dtp + intercept * Math.log(ratio))) / positives;
  }
  return { roc, pr };
}

const EPSILON = 1e-7;

function f1Scores(tp: Float64Array, predicted: Float64Array, support: Float64Array): Float64Array {
  return tp.map((hits, c) => {
    const precision = hits / (predicted[c]! + EPSILON);
    const recall = hits / (support[c]! + EPSILON);
    return (2 * precision * recall) / (precision + recall + EPSILON);
  });
}

/**
 * F1 of each class as `keras.metrics.F1Score`. With a threshold, a class is predicted wherever its
 * probability is above it (none, one or several per row); with `argmax`, wherever it equals the row's
 * maximum, so that ties count as several predictions.
 *
 * @returns one value per class, 0 .. 1.
 * @throws UserError (`diverged`) for a probability that is not a number.
 */
export function kerasF1(
  { labels, probabilities, classes }: Predictions,
  rule: 'argmax' | number,
): Float64Array {
  checkNumbers(probabilities, classes);
  const tp = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  const support = new Float64Array(classes);
  const threshold = rule === 'argmax' ? 0 : Math.fround(rule);
  for (let r = 0; r < labels.length; r++) {
    const start = r * classes;
    support[labels[r]!]!++;
    let largest = 0;
    if (rule === 'argmax')
      for (let c = 0; c < classes; c++) largest = Math.max(largest, probabilities[start + c]!);
    for (let c = 0; c < classes; c++) {
      const p = probabilities[start + c]!;
      if (rule === 'argmax' ? p < largest || p <= 1e-9 : p <= threshold) continue;
      predicted[c]!++;
      if (labels[r] === c) tp[c]!++;
    }
  }
  return f1Scores(tp, predicted, support);
}

/** Plain mean of `kerasF1` over all classes: the published search objective at `argmax`. */
export function kerasMacroF1(predictions: Predictions, rule: 'argmax' | number): number {
  return kerasF1(predictions, rule).reduce((sum, f1) => sum + f1, 0) / predictions.classes;
}

/** The 19 thresholds 0.05, 0.10, .. 0.95 of the published evaluation. */
export const F1_THRESHOLDS: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/** Macro-F1 at each of `F1_THRESHOLDS`, and the best one (the first, on ties). */
export interface ThresholdSweep {
  readonly macroF1: readonly number[];
  readonly best: { readonly threshold: number; readonly macroF1: number };
}

/** Sweeps the published thresholds. */
export function sweepThresholds(predictions: Predictions): ThresholdSweep {
  const macroF1 = F1_THRESHOLDS.map((threshold) => kerasMacroF1(predictions, threshold));
  const at = argMax(macroF1);
  return { macroF1, best: { threshold: F1_THRESHOLDS[at]!, macroF1: macroF1[at]! } };
}
