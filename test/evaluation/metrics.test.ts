import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  argmaxScores,
  calibration,
  confusionMatrix,
  exactAreas,
  F1_THRESHOLDS,
  kerasF1,
  kerasMacroF1,
  kerasMicroAuc,
  macroF1,
  type Predictions,
  sweepThresholds,
} from 'stm-lab/dist/evaluation';

interface GoldenCase {
  labels: number[];
  probabilities: number[][];
  keras_micro_roc_auc: number;
  keras_micro_pr_auc: number;
  keras_argmax_macro_f1: number;
  keras_per_class_f1_at_threshold: Record<string, number[]>;
  exact_micro_roc_auc: number;
  exact_macro_roc_auc: number;
  exact_micro_average_precision: number;
  exact_macro_average_precision: number;
  sklearn_macro_f1: number;
  accuracy: number;
}

const { cases } = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'golden', 'metrics', 'expected.json'), 'utf8'),
) as { cases: GoldenCase[] };

const close = (actual: number, expected: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected}`);

const predictionsOf = (labels: number[], rows: number[][]): Predictions => ({
  labels: Int32Array.from(labels),
  probabilities: Float32Array.from(rows.flat()),
  classes: rows[0]!.length,
});

function randomPredictions(rows: number, classes: number, seed: number, levels?: number): Predictions {
  const state = randomState(seed);
  const probabilities = new Float32Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    const draws = Array.from({ length: classes }, () => -Math.log(1 - state.double()));
    const sum = draws.reduce((a, b) => a + b, 0);
    draws.forEach((draw, c) => {
      const p = draw / sum;
      probabilities[r * classes + c] = levels === undefined ? p : Math.round(p * levels) / levels;
    });
  }
  return {
    labels: Int32Array.from({ length: rows }, () => state.interval(classes - 1)),
    probabilities,
    classes,
  };
}

cases.forEach((golden, number) => {
  const predictions = predictionsOf(golden.labels, golden.probabilities);

  test(`case ${number}: Keras' AUCs and F1 scores within 1e-6`, () => {
    const { roc, pr } = kerasMicroAuc(predictions);
    close(roc, golden.keras_micro_roc_auc, 1e-6, 'ROC');
    close(pr, golden.keras_micro_pr_auc, 1e-6, 'PR');
    close(kerasMacroF1(predictions, 'argmax'), golden.keras_argmax_macro_f1, 1e-6, 'macro-F1');
    for (const threshold of F1_THRESHOLDS) {
      const expected = golden.keras_per_class_f1_at_threshold[threshold.toFixed(2)]!;
      kerasF1(predictions, threshold).forEach((f1, c) =>
        close(f1, expected[c]!, 1e-6, `F1 ${threshold} ${c}`),
      );
    }
  });

  test(`case ${number}: exact areas, macro-F1 and accuracy of scikit-learn within 1e-12`, () => {
    const { micro, macro } = exactAreas(predictions);
    close(micro.roc, golden.exact_micro_roc_auc, 1e-12, 'micro ROC');
    close(macro.roc, golden.exact_macro_roc_auc, 1e-12, 'macro ROC');
    close(micro.ap, golden.exact_micro_average_precision, 1e-12, 'micro AP');
    close(macro.ap, golden.exact_macro_average_precision, 1e-12, 'macro AP');
    const scores = argmaxScores(confusionMatrix(predictions));
    close(scores.macroF1, golden.sklearn_macro_f1, 1e-12, 'macro-F1');
    close(scores.accuracy, golden.accuracy, 1e-12, 'accuracy');
  });
});

/** Keras' AUC by counting at every threshold. */
function bruteForceAuc(
  { labels, probabilities, classes }: Predictions,
  count: number,
): { roc: number; pr: number } {
  const thresholds = Array.from({ length: count }, (_, i) =>
    i === 0 ? -1e-7 : i === count - 1 ? 1 + 1e-7 : i / (count - 1),
  );
  const curve = thresholds.map((threshold) => {
    let tp = 0;
    let fp = 0;
    probabilities.forEach((p, i) => {
      if (!(p > threshold)) return;
      if (labels[Math.floor(i / classes)] === i % classes) tp++;
      else fp++;
    });
    return { tp, fp };
  });
  const positives = labels.length;
  const negatives = probabilities.length - positives;
  let roc = 0;
  let pr = 0;
  for (let i = 0; i + 1 < count; i++) {
    const [a, b] = [curve[i]!, curve[i + 1]!];
    roc += ((a.fp - b.fp) / negatives) * ((a.tp + b.tp) / (2 * positives));
    const [pa, pb] = [a.tp + a.fp, b.tp + b.fp];
    if (pa === pb) continue;
    const slope = (a.tp - b.tp) / (pa - pb);
    const offset = b.tp - slope * pb;
    pr += (slope / positives) * (a.tp - b.tp + (pa > 0 && pb > 0 ? offset * Math.log(pa / pb) : 0));
  }
  return { roc, pr };
}

test('binned AUC equals counting at every threshold, at 200 and at 11 thresholds', () => {
  for (const [seed, count] of [
    [3, 200],
    [4, 11],
    [5, 2],
  ] as const) {
    const predictions = randomPredictions(150, 4, seed);
    const expected = bruteForceAuc(predictions, count);
    const actual = kerasMicroAuc(predictions, count);
    close(actual.roc, expected.roc, 1e-9, `ROC at ${count}`);
    close(actual.pr, expected.pr, 1e-9, `PR at ${count}`);
  }
});

test('exact areas with many ties equal their definitions over all pairs', () => {
  const predictions = randomPredictions(120, 3, 8, 10);
  const { labels, probabilities } = predictions;
  exactAreas(predictions).perClass.forEach(({ roc, ap }, c) => {
    const scores = Array.from(labels, (_, r) => probabilities[r * 3 + c]!);
    const positive = scores.filter((_, r) => labels[r] === c);
    const negative = scores.filter((_, r) => labels[r] !== c);
    let wins = 0;
    for (const p of positive) for (const n of negative) wins += p > n ? 1 : p === n ? 0.5 : 0;
    close(roc, wins / (positive.length * negative.length), 1e-12, `ROC ${c}`);
    let sum = 0;
    for (const p of positive) {
      const above = scores.filter((s) => s >= p).length;
      sum += positive.filter((s) => s >= p).length / above;
    }
    close(ap, sum / positive.length, 1e-12, `AP ${c}`);
  });
});

test('per-class F1 above a threshold equals counting', () => {
  const predictions = randomPredictions(200, 5, 12);
  for (const threshold of [0.1, 0.35, 0.9]) {
    kerasF1(predictions, threshold).forEach((f1, c) => {
      let [tp, fp, fn] = [0, 0, 0];
      predictions.labels.forEach((label, r) => {
        const yes = predictions.probabilities[r * 5 + c]! > Math.fround(threshold);
        if (yes && label === c) tp++;
        if (yes && label !== c) fp++;
        if (!yes && label === c) fn++;
      });
      close(f1, tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn), 1e-6, `class ${c}`);
    });
  }
});

test('a network that answers class 0 for everything scores the published 0.13288569450378418', () => {
  const rows = 102_010;
  const labels = Int32Array.from({ length: rows }, (_, r) => (r < 67_627 ? 0 : 1 + (r % 5)));
  const probabilities = new Float32Array(rows * 6);
  for (let r = 0; r < rows; r++) probabilities[r * 6] = 1;
  close(kerasMacroF1({ labels, probabilities, classes: 6 }, 'argmax'), 0.13288569450378418, 2e-8, 'macro-F1');
});

test('a constant predictor has ROC areas of one half and ties counted for every class', () => {
  const labels = Int32Array.from({ length: 30 }, (_, r) => r % 3);
  const predictions = { labels, probabilities: new Float32Array(90).fill(1 / 3), classes: 3 };
  assert.equal(kerasMicroAuc(predictions).roc, 0.5);
  assert.equal(exactAreas(predictions).micro.roc, 0.5);
  assert.equal(exactAreas(predictions).macro.roc, 0.5);
  close(kerasMacroF1(predictions, 'argmax'), 0.5, 1e-6, 'Keras: each class found fully, precision 1/3');
  close(macroF1(predictions), 1 / 6, 1e-12, 'first class taken: F1 0.5, 0, 0');
});

test('a class without rows is left out of macro averages, and Keras counts it as 0', () => {
  const predictions = predictionsOf(
    [0, 0, 1, 1],
    [
      [0.8, 0.1, 0.1],
      [0.7, 0.2, 0.1],
      [0.1, 0.8, 0.1],
      [0.2, 0.7, 0.1],
    ],
  );
  const scores = argmaxScores(confusionMatrix(predictions));
  assert.equal(scores.macroF1, 1);
  assert.equal(scores.uar, 1);
  assert.ok(Number.isNaN(scores.perClass[2]!.f1));
  assert.equal(exactAreas(predictions).macro.roc, 1);
  close(kerasMacroF1(predictions, 'argmax'), 2 / 3, 1e-6, 'Keras macro-F1');
});

test('the best threshold is the first of equals', () => {
  const predictions = predictionsOf(
    [0, 1],
    [
      [0.9, 0.1],
      [0.1, 0.9],
    ],
  );
  const { best, macroF1: curve } = sweepThresholds(predictions);
  assert.equal(best.threshold, 0.1);
  assert.equal(curve.length, 19);
  close(best.macroF1, 1, 1e-6, 'macro-F1');
});

test('calibration error is 0 for words kept and the gap for words broken', () => {
  const labels = Int32Array.from({ length: 100 }, (_, r) => (r < 80 ? 0 : 1));
  const kept = new Float32Array(200);
  const broken = new Float32Array(200);
  for (let r = 0; r < 100; r++) {
    kept.set([0.8, 0.2], 2 * r);
    broken.set([0.95, 0.05], 2 * r);
  }
  close(calibration({ labels, probabilities: kept, classes: 2 }).ece, 0, 1e-7, 'kept');
  close(calibration({ labels, probabilities: broken, classes: 2 }, 4).ece, 0.15, 1e-7, 'broken');
  const perfect = calibration({ labels: Int32Array.of(0), probabilities: Float32Array.of(1, 0), classes: 2 });
  assert.equal(perfect.brier, 0);
  assert.equal(
    perfect.bins.reduce((sum, { rows }) => sum + rows, 0),
    1,
  );
});
