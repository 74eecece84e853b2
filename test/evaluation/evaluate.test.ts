import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  compareModels,
  crossValidate,
  type CrossValidationTask,
  evaluate,
  groupBootstrap,
  groupResampler,
  macroF1,
  quantile,
} from 'stm-lab/dist/evaluation';

/** Rows in groups of `size`, one class each; a group is right with probability `skill`, all its rows alike. */
function groupedPredictions(groupCount: number, size: number, classes: number, skill: number, seed: number) {
  const state = randomState(seed);
  const rows = groupCount * size;
  const groups = Int32Array.from({ length: rows }, (_, r) => Math.floor(r / size));
  const labels = groups.map((group) => group % classes);
  const answers = Int32Array.from({ length: groupCount }, (_, g) =>
    state.double() < skill ? g % classes : state.interval(classes - 1),
  );
  const probabilities = new Float32Array(rows * classes).fill(0.1 / (classes - 1));
  for (let r = 0; r < rows; r++) probabilities[r * classes + answers[groups[r]!]!] = 0.9;
  return { groups, labels, probabilities };
}

const names = ['a', 'b', 'c'];

test('the report holds both protocols, agrees with itself, and is plain JSON', () => {
  const { groups, labels, probabilities } = groupedPredictions(60, 3, 3, 0.7, 1);
  const validation = groupedPredictions(30, 2, 3, 0.7, 2);
  const report = evaluate({
    labels,
    probabilities,
    classNames: names,
    groups,
    validation,
    bootstrap: { resamples: 200 },
  });
  assert.equal(report.rows, 180);
  assert.equal(report.groups, 60);
  assert.equal(
    report.confusion.flat().reduce((a, b) => a + b, 0),
    180,
  );
  const { published, corrected, intervals } = report;
  assert.equal(corrected.macroF1, macroF1({ labels, probabilities, classes: 3 }));
  assert.ok(published.maxMacroF1 >= corrected.validationThreshold!.macroF1);
  assert.equal(published.macroF1ByThreshold.length, 19);
  assert.equal(published.accuracy, corrected.accuracy);
  for (const [name, { value, low, high }] of Object.entries(intervals!)) {
    assert.ok(low < value && value < high, name);
    assert.equal(value, corrected[name as keyof typeof intervals & keyof typeof corrected]);
  }
  const again = evaluate({
    labels,
    probabilities,
    classNames: names,
    groups,
    validation,
    bootstrap: { resamples: 200 },
  });
  assert.deepEqual(again, report);
  const read = JSON.parse(JSON.stringify(report)) as typeof report;
  assert.deepEqual(read.corrected, report.corrected);
  assert.deepEqual(read.intervals, report.intervals);
});

test('an absent class is named and left out', () => {
  const report = evaluate({
    labels: Int32Array.of(0, 0, 1),
    probabilities: Float32Array.of(0.8, 0.1, 0.1, 0.7, 0.2, 0.1, 0.1, 0.8, 0.1),
    classNames: names,
  });
  assert.deepEqual(report.absentClasses, ['c']);
  assert.equal(report.corrected.macroF1, 1);
  assert.equal(report.corrected.macroRocAuc, 1);
  assert.equal(report.intervals, undefined);
});

test('resamples draw whole groups within each class and repeat', () => {
  const { groups, labels } = groupedPredictions(30, 4, 3, 1, 1);
  const draw = groupResampler({ groups, labels }, 9);
  const weights = new Float64Array(120);
  draw(3, weights);
  const first = weights.slice();
  for (let g = 0; g < 30; g++)
    assert.equal(new Set(weights.subarray(4 * g, 4 * g + 4)).size, 1, 'rows of a group come together');
  for (let c = 0; c < 3; c++)
    assert.equal(
      weights.filter((_, r) => labels[r] === c).reduce((a, b) => a + b, 0),
      40,
      'class sizes stay',
    );
  draw(4, weights);
  assert.notDeepEqual(weights, first);
  draw(3, weights);
  assert.deepEqual(weights, first);
});

test('group intervals cover the true accuracy about as often as they say; row intervals would not', () => {
  const skill = 0.6;
  const truth = skill + (1 - skill) / 3;
  const covered = { group: 0, row: 0 };
  const trials = 60;
  for (let trial = 0; trial < trials; trial++) {
    const { groups, labels, probabilities } = groupedPredictions(60, 5, 3, skill, 100 + trial);
    for (const unit of ['group', 'row'] as const) {
      const units = unit === 'group' ? groups : groups.map((_, r) => r);
      const right = labels.map((label, r) => (probabilities[3 * r + label]! > 0.5 ? 1 : 0));
      const { accuracy } = groupBootstrap(
        { groups: units, labels },
        (weights) => ({
          accuracy:
            weights.reduce((sum, w, r) => sum + w * right[r]!, 0) / weights.reduce((a, b) => a + b, 0),
        }),
        { resamples: 200, seed: trial + 1 },
      );
      if (accuracy.low <= truth && truth <= accuracy.high) covered[unit]++;
    }
  }
  assert.ok(covered.group / trials > 0.85, `groups: ${covered.group} of ${trials}`);
  assert.ok(covered.row / trials < 0.8, `rows: ${covered.row} of ${trials}`);
});

test('quantiles are those of NumPy', () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.ok(Math.abs(quantile([1, 2, 3, 10], 0.9) - 7.9) < 1e-12);
  assert.equal(quantile([NaN, 5], 0.1), 5);
});

test('a better model is found better, equal ones are not, and the order only turns the sign', () => {
  const good = groupedPredictions(90, 2, 3, 0.9, 5);
  const poor = groupedPredictions(90, 2, 3, 0.4, 6);
  const alike = groupedPredictions(90, 2, 3, 0.9, 7);
  const rows = { groups: good.groups, labels: good.labels, classes: 3 };
  const options = { resamples: 400 };
  const clear = compareModels(rows, [good.probabilities], [poor.probabilities], options);
  assert.ok(clear.difference.low > 0 && clear.pValue < 0.01, JSON.stringify(clear));
  assert.ok(Math.abs(clear.difference.value - (clear.first - clear.second)) < 1e-12);
  const turned = compareModels(rows, [poor.probabilities], [good.probabilities], options);
  assert.ok(Math.abs(turned.difference.value + clear.difference.value) < 1e-12);
  assert.equal(turned.pValue, clear.pValue);
  const same = compareModels(rows, [good.probabilities], [alike.probabilities], options);
  assert.ok(same.pValue > 0.05 && same.difference.low < 0 && same.difference.high > 0, JSON.stringify(same));
  const itself = compareModels(rows, [good.probabilities], [good.probabilities, good.probabilities], options);
  assert.equal(itself.pValue, 1);
});

/** Predicts the share of each class among training rows, with a little of the seed in it. */
function shareTask(more: Partial<CrossValidationTask> = {}): CrossValidationTask & { calls: string[] } {
  const { groups, labels } = groupedPredictions(12, 2, 3, 1, 1);
  const calls: string[] = [];
  return {
    calls,
    labels,
    groups,
    classNames: names,
    folds: groups.map((group) => group % 4),
    seeds: [1, 2],
    bootstrap: { resamples: 50 },
    fitFold: ({ trainRows, testRows, fold, seed }) => {
      calls.push(`${seed}/${fold}`);
      assert.ok(trainRows.every((row) => !testRows.includes(row)));
      assert.equal(trainRows.length + testRows.length, 24);
      const probabilities = new Float32Array(testRows.length * 3);
      testRows.forEach((row, i) =>
        probabilities.set(row % (3 + seed) === 0 ? [1, 0, 0] : [0, 0.5, 0.5], 3 * i),
      );
      return probabilities;
    },
    ...more,
  };
}

test('cross-validation predicts every row once per repeat and averages over repeats', async () => {
  const task = shareTask();
  const { repeats, mean, deviation, averaged } = await crossValidate(task);
  assert.deepEqual(task.calls, ['1/0', '1/1', '1/2', '1/3', '2/0', '2/1', '2/2', '2/3']);
  repeats.forEach(({ probabilities, macroF1: own }, k) => {
    for (let r = 0; r < 24; r++) assert.equal(probabilities[3 * r], r % (4 + k) === 0 ? 1 : 0);
    assert.equal(own, macroF1({ labels: task.labels, probabilities, classes: 3 }));
  });
  const [a, b] = repeats.map((repeat) => repeat.macroF1) as [number, number];
  assert.ok(Math.abs(mean.macroF1.value - (a + b) / 2) < 1e-12);
  assert.ok(Math.abs(deviation.macroF1 - Math.abs(a - b) / Math.SQRT2) < 1e-12);
  assert.equal(averaged.rows, 24);
});

test('cross-validation continues where it stopped, computes nothing twice, and refuses other settings', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-cv-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const undisturbed = await crossValidate(shareTask());
  const resume = { folder, identity: { model: 'shares', C: 1 } };
  const stopping = shareTask({ resume });
  const inner = stopping.fitFold;
  await assert.rejects(
    crossValidate({
      ...stopping,
      fitFold: (fold) => {
        if (stopping.calls.length === 5) throw new Error('power cut');
        return inner(fold);
      },
    }),
    /power cut/,
  );
  const going = shareTask({ resume });
  const sources: string[] = [];
  const result = await crossValidate({ ...going, onFold: ({ source }) => void sources.push(source) });
  assert.deepEqual(going.calls, ['2/1', '2/2', '2/3']);
  assert.deepEqual(sources, [...Array(5).fill('stored'), ...Array(3).fill('computed')]);
  assert.deepEqual(result, undisturbed);
  await assert.rejects(
    crossValidate(shareTask({ resume: { folder, identity: { model: 'shares', C: 2 } } })),
    /other data, folds or settings/,
  );
});

test('a cross-validation of models fitted in one go can still be stopped', async () => {
  const stop = new AbortController();
  let fitted = 0;
  const labels = Int32Array.from({ length: 40 }, (_, i) => i % 2);
  const each = Int32Array.from(labels.keys());
  setTimeout(() => stop.abort(), 20);
  await assert.rejects(
    crossValidate({
      labels,
      groups: each,
      classNames: ['a', 'b'],
      folds: each,
      fitFold: ({ testRows }) => {
        fitted++;
        const end = performance.now() + 5;
        while (performance.now() < end);
        return new Float32Array(2 * testRows.length).fill(0.5);
      },
      signal: stop.signal,
    }),
    /stopped on request/,
  );
  assert.ok(fitted >= 1 && fitted < 40, `${fitted} of 200 folds`);
});

test('a group in two folds, an empty fold and wrong sizes are refused in one sentence', async () => {
  const task = shareTask();
  const leaking = (task.folds as Int32Array).slice();
  leaking[0] = 3;
  await assert.rejects(
    crossValidate(shareTask({ folds: leaking })),
    /group 0 lies in folds 3 and 0; split by group/,
  );
  const gap = (task.folds as Int32Array).map((fold) => (fold === 3 ? 4 : fold));
  await assert.rejects(crossValidate(shareTask({ folds: gap })), /fold 3 has no rows/);
  await assert.rejects(
    crossValidate(shareTask({ fitFold: () => new Float32Array(2) })),
    /gave 2 probabilities for 6 rows/,
  );
  assert.throws(
    () =>
      evaluate({
        labels: Int32Array.of(0),
        probabilities: Float32Array.of(0.5, NaN),
        classNames: ['a', 'b'],
      }),
    /row 0, class 1 has probability NaN/,
  );
});
