import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareCells, corpusSupport, neighbourPairs } from 'stm-lab/dist/ablation';
import { argmaxScores } from 'stm-lab/dist/evaluation';
import { randomState } from 'research-basics/random/mt19937';

const rows = 120;
const labels = Int32Array.from({ length: rows }, (_, row) => row % 3);
const groups = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / 6) * 3 + (row % 3));

/** Predictions right with a given probability. */
function guesses(right: number, seed: number): number[] {
  const random = randomState(seed);
  return Array.from(labels, (label) => (random.double() < right ? label : random.interval(2)));
}

function macroF1(predicted: readonly number[]): number {
  const counts = new Float64Array(9);
  predicted.forEach((c, row) => counts[labels[row]! * 3 + c]!++);
  return argmaxScores({ classes: 3, counts }).macroF1;
}

const low = (
  rateHz: number,
  scaleCycPerOct: number,
): { pass: 'low'; rateHz: number; scaleCycPerOct: number } => ({
  pass: 'low',
  rateHz,
  scaleCycPerOct,
});

test('differences are those of the mean macro-F1; a cell like the reference differs by nothing', () => {
  const reference = { name: 'all', predicted: [guesses(0.8, 1), guesses(0.8, 2)] };
  const worse = { name: 'worse', region: low(1, 1), predicted: [guesses(0.4, 3), guesses(0.4, 4)] };
  const same = { name: 'same', region: low(2, 1), predicted: reference.predicted };
  const { toReference, neighbours, deviations } = compareCells({
    labels,
    groups,
    classes: 3,
    reference,
    cells: [worse, same],
    bootstrap: { resamples: 300 },
  });
  const mean = (predicted: number[][]): number =>
    predicted.reduce((sum, own) => sum + macroF1(own), 0) / predicted.length;
  const expected = mean(worse.predicted) - mean(reference.predicted);
  assert.ok(Math.abs(toReference['worse']!.value - expected) < 1e-12);
  assert.ok(toReference['worse']!.high < 0 && toReference['worse']!.low < expected);
  assert.deepEqual(toReference['same'], { value: 0, low: 0, high: 0 });
  assert.deepEqual([neighbours[0]!.first, neighbours[0]!.second], ['worse', 'same']);
  assert.ok(Math.abs(neighbours[0]!.difference.value + expected) < 1e-12);
  const [a, b] = worse.predicted.map(macroF1);
  assert.ok(Math.abs(deviations['worse']! - Math.abs(a! - b!) / Math.SQRT2) < 1e-12);
});

test('repeats that disagree widen the interval of a difference', () => {
  const width = (cell: number[][]): number => {
    const { toReference } = compareCells({
      labels,
      groups,
      classes: 3,
      reference: { name: 'all', predicted: [guesses(0.9, 1), guesses(0.9, 1)] },
      cells: [{ name: 'cell', region: low(1, 1), predicted: cell }],
      bootstrap: { resamples: 400 },
    });
    return toReference['cell']!.high - toReference['cell']!.low;
  };
  const steady = width([guesses(0.6, 5), guesses(0.6, 5)]);
  const unsteady = width([guesses(0.9, 5), guesses(0.3, 6)]);
  assert.ok(unsteady > 2 * steady, `${unsteady} against ${steady}`);
});

test('neighbours are one cutoff apart in one axis, within one kind of region', () => {
  const names = (...regions: Parameters<typeof neighbourPairs>[0][number]['region'][]): [string, string][] =>
    neighbourPairs(regions.map((region, i) => ({ name: String(i), region })));
  assert.deepEqual(names(low(0, 1), low(2, 1), low(5, 1)), [
    ['0', '1'],
    ['1', '2'],
  ]);
  assert.deepEqual(names(low(0, 1), low(2, 2)), []);
  assert.deepEqual(names(low(0, 1), { ...low(1, 1), pass: 'high' }), []);
  assert.deepEqual(names({ pass: 'low', rateHz: 0 }, { pass: 'low', rateHz: 3 }), [['0', '1']]);
});

test('predictions of other rows or repeats are refused by name', () => {
  const compare = (predicted: number[][]): unknown =>
    compareCells({
      labels,
      groups,
      classes: 3,
      reference: { name: 'all', predicted: [guesses(1, 1)] },
      cells: [{ name: 'odd', region: low(1, 1), predicted }],
    });
  assert.throws(() => compare([[0, 1]]), /cell odd: 2 predictions for 120 rows/);
  assert.throws(
    () => compare([guesses(1, 1), guesses(1, 2)]),
    /cell odd: 2 repeats, but the reference has 1/,
  );
});

test('the support of a corpus: groups per fold, precision, and what is beyond chance', () => {
  const names = ['a', 'b', 'b', 'b'];
  const support = corpusSupport({
    labels: names,
    groups: ['g1', 'g2', 'g2', 'g3'],
    folds: [Int32Array.from([0, 0, 0, 1])],
    scores: [
      { value: 0.5, low: 0.4, high: 0.6 },
      { value: 0.5, low: 0.3, high: 0.7 },
      { value: 0.5, low: 0.1, high: 0.9 },
    ],
    comparisons: {
      deviations: { all: 0.01, x: 0.02, y: 0.06 },
      toReference: { x: { value: -0.2, low: -0.3, high: -0.1 }, y: { value: 0.1, low: -0.1, high: 0.3 } },
      neighbours: [{ first: 'x', second: 'y', difference: { value: 0.3, low: 0.2, high: 0.4 } }],
    },
  });
  assert.deepEqual(support.classes[0], {
    name: 'a',
    recordings: 1,
    groups: 1,
    groupsPerFold: { fewest: 0, most: 1 },
  });
  assert.deepEqual(support.classes[1]!.groupsPerFold, { fewest: 1, most: 1 });
  assert.ok(Math.abs(support.halfWidth.score - 0.2) < 1e-12);
  assert.equal(support.seedDeviation, 0.02);
  assert.deepEqual(support.distinct, { below: 1, above: 0, cells: 2 });
  assert.deepEqual(support.neighbours, { distinct: 1, pairs: 1 });
  const text = support.statements.join('\n');
  assert.match(
    text,
    /4 recordings of 3 groups in 2 classes; smallest class a: 1 recordings of 1 groups, 0 to 1 groups/,
  );
  assert.match(text, /1 of 2 cells score below all features and 0 above/);
  assert.match(text, /telling the other 1 cells/);
  assert.match(text, /Folds without a group of a/);
});
