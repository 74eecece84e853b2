import assert from 'node:assert/strict';
import { fastDoubles } from 'stm-lab/dist/training/random';
import { test } from 'node:test';
import {
  pairedTest,
  resampledScores,
  scoreDifference,
  type ScoredBlock,
  scoreInterval,
  mostProbable,
  signedRankTest,
  tagScores,
  holmCorrected,
  outputDifference,
} from 'stm-lab/dist/evaluation';
import { windowFrames, windowStarts } from 'stm-lab/dist/tmnn/data/segments';
import { probabilitiesOf, rowLosses } from 'stm-lab/dist/tmnn/logits';
import { PUBLISHED_ANALYSIS } from 'stm-lab/dist/features/spectrogram';

const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual}, expected ${expected}`);

test('ROC-AUC and average precision of tags, with ties; a tag without positives is left out and named', () => {
  const one = (y: number[], s: number[]): [number, number] => {
    const { macroRocAuc, macroPrAuc } = tagScores(Float32Array.from(y), Float32Array.from(s), ['a']);
    return [macroRocAuc, macroPrAuc];
  };
  const [roc, ap] = one([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]);
  near(roc, 0.75);
  near(ap, 0.833333);
  const [tiedRoc, tiedAp] = one([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.35, 0.4]);
  near(tiedRoc, 0.777778);
  near(tiedAp, 0.755556);
  const labels = Float32Array.from([0, 0, 0, 0, 1, 0, 1, 0]);
  const scores = tagScores(labels, Float32Array.from([0.1, 0, 0.4, 0, 0.35, 0, 0.8, 0]), ['a', 'never']);
  near(scores.macroRocAuc, 0.75);
  assert.deepEqual(scores.undefinedTags, ['never']);
  assert.equal(scores.perTag[0]!.positives, 2);
});

test('losses and probabilities of logits; constant prediction of MagnaTagATune prevalence', () => {
  const logits = Float32Array.from([-40, 0.3, 2, 1, 90, -1.5]);
  near(rowLosses(logits, Float32Array.from([0, 1, 0, 0, 0, 1]), 3, 'classes')[0]!, 1.867786, 1e-5);
  near(rowLosses(logits, Float32Array.from([0, 1, 0, 0, 0, 1]), 3, 'classes')[1]!, 91.5, 1e-4);
  // ln 2 for a logit of 0, whatever the label.
  near(rowLosses(new Float32Array(2), Float32Array.from([0, 1]), 2, 'tags')[0]!, Math.LN2);
  near(probabilitiesOf(Float32Array.from([0, Math.log(3)]), 2, 'classes')[1]!, 0.75);
  near(probabilitiesOf(Float32Array.from([Math.log(3)]), 1, 'tags')[0]!, 0.75);
  assert.deepEqual([...mostProbable(Float32Array.from([0.1, 0.9, 0.5, 0.5]), 2)], [1, 0]);
});

test('evaluation windows', () => {
  const starts = windowStarts(465984, 80000, 16);
  assert.equal(starts.length, 16);
  assert.equal(starts[1], 24124);
  assert.equal(starts[15], 361860);
  assert.deepEqual(windowStarts(80000, 80000, 16), [0]);
  const frames = windowFrames(1821, 313, 16, PUBLISHED_ANALYSIS);
  assert.equal(frames.length, 16);
  assert.ok(frames.every((frame, i) => Math.abs(frame * 256 - starts[i]!) <= 256));
  assert.ok(frames.at(-1)! + 313 <= 1821);
  assert.deepEqual(windowFrames(63, 63, 16, PUBLISHED_ANALYSIS), [0]);
  // Fewer places than windows: each once.
  assert.deepEqual(windowFrames(66, 63, 16, PUBLISHED_ANALYSIS), [0, 1, 2, 3]);
});

test('paired tests agree with SciPy 1.17', () => {
  const a = [0.91, 0.85, 0.77, 0.93, 0.88, 0.71, 0.95, 0.62];
  const c = [0.895, 0.862, 0.7, 0.9, 0.8, 0.745, 0.91, 0.57];
  near(signedRankTest(a, c).pValue, 0.078125, 1e-9);
  const x = Array.from({ length: 30 }, (_, i) => Math.round(100 * Math.sin((i + 1) * 1.3)));
  const y = Array.from({ length: 30 }, (_, i) => Math.round(100 * (Math.cos((i + 1) * 0.7) * 0.6 + 0.15)));
  near(signedRankTest(x, y).pValue, 0.6434902762287538, 2e-3);
  assert.equal(signedRankTest([1, 2], [1, 2]).pValue, 1);
});

test('resampled scores: a better tagger is found better, the same one is not; groups are drawn together', () => {
  const clips = 120;
  const labels = Float32Array.from({ length: clips * 2 }, (_, i) => Number((i * 7) % 5 < 2));
  const groups = Array.from({ length: clips }, (_, i) => `g${i % 30}`);
  const noisy = (amount: number, phase: number): Float32Array =>
    labels.map((label, i) => label + amount * Math.sin(i * i * 0.37 + phase));
  const models = [noisy(1, 0), noisy(6, 1), noisy(6, 1)];
  const scores = resampledScores([{ labels, groups, models }], 2, 'tags', { resamples: 200 });
  assert.deepEqual(scores.metrics, ['rocAuc', 'prAuc']);
  const whole = tagScores(labels, models[0]!, ['a', 'b']);
  near(scores.values[0]![0]!, whole.macroRocAuc, 1e-12);
  near(scores.values[0]![1]!, whole.macroPrAuc, 1e-12);
  const better = scoreDifference(scores, 0, 1, 0);
  assert.ok(better.low > 0 && better.pValue < 0.02 && better.value > 0.1);
  const same = scoreDifference(scores, 1, 2, 1);
  assert.deepEqual([same.value, same.low, same.high, same.pValue], [0, 0, 0, 1]);
  const interval = scoreInterval(scores, 1, 0);
  assert.ok(interval.low < interval.value && interval.value < interval.high);
  const again = (seed: number): unknown =>
    resampledScores([{ labels, groups, models }], 2, 'tags', { resamples: 200, seed }).draws;
  assert.deepEqual(again(1), scores.draws);
  assert.notDeepEqual(again(2), scores.draws);
  // One group: every resample is the whole.
  const single = resampledScores([{ labels, groups: groups.map(() => 'one'), models }], 2, 'tags', {
    resamples: 5,
  });
  assert.equal(scoreInterval(single, 1, 0).low, single.values[1]![0]);
});

test('resampled accuracy is the mean over blocks', () => {
  const block = (right: number[]): ScoredBlock => ({
    labels: Float32Array.from(right.flatMap(() => [1, 0])),
    groups: right.map((_, i) => `s${i}`),
    models: [Float32Array.from(right.flatMap((hit) => (hit === 1 ? [0.9, 0.1] : [0.2, 0.8])))],
  });
  const scores = resampledScores([block([1, 1, 0, 0]), block([1, 1])], 2, 'classes', { resamples: 100 });
  // And the share found of each class; none is of the second.
  assert.deepEqual(scores.values, [[0.75, 0.75, NaN]]);
  const { low, high } = scoreInterval(scores, 0, 0);
  assert.ok(low < 0.75 && high > 0.75 && high <= 1);
});

test('intervals hold the variance of training: trainings are drawn too, the same for both systems', () => {
  // Many clips: what they would change is small beside what the seed changes.
  const block = (first: number, second: number): ScoredBlock => {
    const clips = 1000;
    const model = (share: number): Float32Array =>
      Float32Array.from({ length: 2 * clips }, (_, i) =>
        Math.floor(i / 2) < share * clips === (i % 2 === 0) ? 0.9 : 0.1,
      );
    return {
      labels: Float32Array.from({ length: 2 * clips }, (_, i) => 1 - (i % 2)),
      groups: Array.from({ length: clips }, (_, i) => `s${i}`),
      models: [model(first), model(second)],
    };
  };
  const scores = resampledScores([block(0.6, 0.5), block(0.9, 0.8), block(0.75, 0.65)], 2, 'classes', {
    resamples: 400,
  });
  near(scores.values[0]![0]!, 0.75, 1e-9);
  const { low, high } = scoreInterval(scores, 0, 0);
  assert.ok(low < 0.66 && high > 0.84, `${low} to ${high}`);
  // Paired: what a seed does to both cancels out.
  const difference = scoreDifference(scores, 0, 1, 0);
  near(difference.value, 0.1, 1e-9);
  assert.ok(difference.low > 0.07 && difference.high < 0.13, `${difference.low} to ${difference.high}`);
  assert.ok(difference.pValue < 0.02);
  // One training: only the clips.
  const one = scoreInterval(resampledScores([block(0.75, 0.7)], 2, 'classes', { resamples: 400 }), 0, 0);
  assert.ok(one.low > 0.71 && one.high < 0.79);
});

test('each tag by itself: the one that differs is found, corrected for the number of tags; equal ones are not', () => {
  const [clips, tags] = [400, 12];
  const next = fastDoubles(3, 'tags');
  const labels = Float32Array.from({ length: clips * tags }, (_, i) =>
    i % tags === 11 ? 0 : Number(next() < 0.3),
  );
  const said = (amountOf: (tag: number) => number): Float32Array =>
    labels.map((label, i) => label + amountOf(i % tags) * (next() - 0.5));
  const [worse, better] = [said(() => 3), said((tag) => (tag === 4 ? 1 : 3))];
  const groups = Array.from({ length: clips }, (_, i) => `g${i % 100}`);
  const scores = resampledScores([{ labels, groups, models: [better, worse] }], tags, 'tags', {
    resamples: 200,
  });
  const { perTag } = tagScores(labels, better, [...'abcdefghijkl']);
  for (let tag = 0; tag < 11; tag++) near(scores.values[0]![2 + tag]!, perTag[tag]!.ap, 1e-12);
  assert.equal(outputDifference(scores, 0, 1, 11), undefined);
  const each = Array.from({ length: 11 }, (_, tag) => outputDifference(scores, 0, 1, tag)!);
  near(each[4]!.value, perTag[4]!.ap - tagScores(labels, worse, [...'abcdefghijkl']).perTag[4]!.ap, 1e-12);
  const corrected = holmCorrected(each.map(({ pValue }) => pValue));
  assert.deepEqual(
    corrected.flatMap((p, tag) => (p < 0.05 ? [tag] : [])),
    [4],
  );
  assert.ok(each[4]!.low > 0 && corrected[4]! < 0.001);
  corrected.forEach((p, tag) => assert.ok(p >= each[tag]!.pValue && p <= 1));
  const same = outputDifference(
    resampledScores([{ labels, groups, models: [worse, worse] }], tags, 'tags', { resamples: 20 }),
    ...([0, 1, 2] as const),
  )!;
  assert.deepEqual([same.value, same.pValue], [0, 1]);
});

test('p-values corrected by Holm, as R 4 (p.adjust)', () => {
  const corrected = holmCorrected([0.01, 0.04, 0.03, 0.005, 0.6]);
  [0.04, 0.09, 0.09, 0.025, 0.6].forEach((p, i) => near(corrected[i]!, p, 1e-12));
  assert.deepEqual(holmCorrected([]), []);
  assert.deepEqual(holmCorrected([0.5, 0.9]), [1, 1]);
});

test('the paired test of seeds agrees with SciPy 1.17 (ttest_rel)', () => {
  const { t, degrees, pValue } = pairedTest([0.91, 0.85, 0.77, 0.93, 0.88], [0.9, 0.86, 0.7, 0.9, 0.8]);
  near(t, 2.0924574973887475, 1e-9);
  assert.equal(degrees, 4);
  near(pValue, 0.1045399997783754, 1e-6);
  assert.deepEqual(pairedTest([1, 2], [1, 2]).pValue, 1);
  assert.throws(() => pairedTest([1, 2], [1]), /2 and 1 values/);
});
