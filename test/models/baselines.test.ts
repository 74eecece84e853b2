import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import {
  fitLogistic,
  fourierFeatures,
  type LabelledRows,
  logisticRegression,
  supportVectorMachine,
} from 'stm-lab/dist/models';
import { couplePairs, fitSigmoid, sigmoidOf } from 'stm-lab/dist/models/baselines/platt';
import { solveDual } from 'stm-lab/dist/models/baselines/smo';
import { randomState } from 'research-basics/random/mt19937';
import { cloudRows, flat, largestDifference, nearestMeanAccuracy } from './fixtures';

interface Golden {
  x: number[][];
  y: number[];
  test: number[][];
  logistic: {
    C: number;
    l1Ratio: number;
    classWeights: 'none' | 'balanced';
    probabilities: number[][];
  }[];
  svm: {
    kernel: 'linear' | 'rbf';
    C: number;
    gamma: number | 'scale';
    classWeights: 'none' | 'balanced';
    decisions: number[][];
  }[];
}

const golden = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'golden', 'baselines', 'expected.json'), 'utf8'),
) as Golden;
const train: LabelledRows = { x: flat(golden.x), y: Int32Array.from(golden.y), rows: 90, columns: 4 };
const unseen = flat(golden.test);

for (const { C, l1Ratio, classWeights, probabilities } of golden.logistic)
  test(`logistic regression, C ${C}, L1 ratio ${l1Ratio}, weights ${classWeights}: probabilities of scikit-learn within 1e-5`, async () => {
    const options = { C, l1Ratio, classWeights, tolerance: 1e-9 };
    const model = await logisticRegression(options).fit(train, 3);
    assert.ok(largestDifference(model.predictProbabilities(unseen, 30), flat(probabilities)) < 1e-5);
  });

test('absolute weights in the penalty make weights zero, squares do not', () => {
  const zeros = (l1Ratio: number): number =>
    fitLogistic(train, 3, { C: 0.05, l1Ratio, tolerance: 1e-9 }).weights.filter((weight) => weight === 0)
      .length;
  assert.ok(zeros(1) > zeros(0) && zeros(0) === 0, `${zeros(1)}, ${zeros(0)}`);
});

test('random Fourier features: their products are a Gaussian kernel, the nearer the more there are', () => {
  const [gamma, columns] = [0.2, 4];
  const worst = (features: number): number => {
    const mapped = fourierFeatures(columns, 1, { features, gamma })(unseen);
    let most = 0;
    for (let a = 0; a < 30; a++)
      for (let b = 0; b < a; b++) {
        let [product, square] = [0, 0];
        for (let f = 0; f < features; f++) product += mapped[a * features + f]! * mapped[b * features + f]!;
        for (let j = 0; j < columns; j++)
          square += (unseen[a * columns + j]! - unseen[b * columns + j]!) ** 2;
        most = Math.max(most, Math.abs(product - Math.exp(-gamma * square)));
      }
    return most;
  };
  assert.ok(worst(20_000) < 0.04, String(worst(20_000)));
  assert.ok(worst(100) > worst(20_000));
});

for (const { kernel, C, gamma, classWeights, decisions } of golden.svm)
  test(`${kernel} machine, C ${C}: decision values of scikit-learn within 1e-4`, () => {
    const pairs = [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const;
    const variance = (): number => {
      const mean = train.x.reduce((a, b) => a + b, 0) / 360;
      return train.x.reduce((a, b) => a + (b - mean) ** 2, 0) / 360;
    };
    const width = gamma === 'scale' ? 1 / (4 * variance()) : gamma;
    const of = (u: Float32Array, v: Float32Array): number =>
      kernel === 'linear'
        ? u.reduce((sum, a, j) => sum + a * v[j]!, 0)
        : Math.exp(-width * u.reduce((sum, a, j) => sum + (a - v[j]!) ** 2, 0));
    const row = (x: Float32Array, r: number): Float32Array => x.subarray(4 * r, 4 * r + 4);
    pairs.forEach(([a, b], k) => {
      const members = golden.y.flatMap((label, r) => (label === a || label === b ? [r] : []));
      const count = (c: number): number => golden.y.filter((label) => label === c).length;
      const matrix = Float64Array.from(
        members.flatMap((r) => members.map((s) => of(row(train.x, r), row(train.x, s)))),
      );
      const signs = Int8Array.from(members, (r) => (golden.y[r] === a ? 1 : -1));
      const bounds = Float64Array.from(members, (r) =>
        classWeights === 'balanced' ? (C * 90) / (3 * count(golden.y[r]!)) : C,
      );
      const { coefficients, bias } = solveDual(matrix, signs, bounds, 1e-8);
      assert.ok(Math.abs(coefficients.reduce((sum, c) => sum + c, 0)) < 1e-9, 'the constraint holds');
      coefficients.forEach((c, i) => assert.ok(c * signs[i]! >= 0 && c * signs[i]! <= bounds[i]!));
      golden.test.forEach((_, t) => {
        const value = members.reduce(
          (sum, r, i) => sum + coefficients[i]! * of(row(train.x, r), row(unseen, t)),
          bias,
        );
        assert.ok(Math.abs(value - decisions[t]![k]!) < 1e-4, `${value}, ${decisions[t]![k]}`);
      });
    });
  });

test('every baseline predicts unseen clouds nearly as well as is possible, with probabilities that sum to 1', async () => {
  const all = cloudRows(700, 6, 4, 21);
  const cut = (from: number, to: number): LabelledRows => ({
    x: all.x.slice(from * 6, to * 6),
    y: all.y.slice(from, to),
    rows: to - from,
    columns: 6,
  });
  const [known, later] = [cut(0, 300), cut(300, 700)];
  const best = nearestMeanAccuracy(known, later, 4);
  for (const classifier of [
    logisticRegression({ C: 0.1 }),
    supportVectorMachine(),
    supportVectorMachine({ kernel: 'linear', C: 0.1, classWeights: 'balanced' }),
    supportVectorMachine({ gamma: 0.05, C: 3 }),
  ]) {
    const model = await classifier.fit(known, 4);
    const probabilities = model.predictProbabilities(later.x, later.rows);
    assert.deepEqual(
      probabilities,
      (await classifier.fit(known, 4)).predictProbabilities(later.x, later.rows),
    );
    let right = 0;
    later.y.forEach((label, r) => {
      const row = [...probabilities.subarray(4 * r, 4 * r + 4)];
      assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-5);
      if (row.indexOf(Math.max(...row)) === label) right++;
    });
    assert.ok(right / 400 > best - 0.03, `${model.description}: ${right / 400}, nearest mean ${best}`);
  }
});

test('a class without training rows gets probability 0 from the machine and little from the regression', async () => {
  const data = cloudRows(60, 3, 2, 3);
  const machine = await supportVectorMachine().fit(data, 3);
  const regression = await logisticRegression().fit(data, 3);
  const [p, q] = [machine, regression].map((model) => model.predictProbabilities(data.x, 60));
  for (let r = 0; r < 60; r++) {
    assert.equal(p![3 * r + 2], 0);
    assert.ok(q![3 * r + 2]! < 0.2);
  }
});

test('a sigmoid is found again from draws of it, and pairs of a known distribution couple to it', () => {
  const state = randomState(6);
  const truth = { a: -1.5, b: 0.4 };
  const decisions = Array.from({ length: 20_000 }, () => 2 * state.normal());
  const { a, b } = fitSigmoid(
    decisions,
    decisions.map((f) => state.double() < sigmoidOf(truth, f)),
  );
  assert.ok(Math.abs(a - truth.a) < 0.06 && Math.abs(b - truth.b) < 0.06, `${a}, ${b}`);
  const p = [0.5, 0.3, 0.15, 0.05];
  const pairwise = Float64Array.from(p.flatMap((u, i) => p.map((v, j) => (i === j ? 0 : u / (u + v)))));
  assert.ok(largestDifference(couplePairs(pairwise, 4), p) < 1e-6);
});

test('options out of range are named', async () => {
  assert.throws(() => logisticRegression({ C: 0 }), /C 0 must be more than 0/);
  assert.throws(() => logisticRegression({ l1Ratio: 2 }), /l1Ratio 2 must be from 0 to 1/);
  assert.throws(() => fourierFeatures(4, 1, { gamma: 0 }), /gamma 0 must be more than 0/);
  assert.throws(() => fourierFeatures(4, 1, { features: 0 }), /0 features; it must be a whole number/);
  assert.throws(() => supportVectorMachine({ gamma: -1 }), /gamma -1/);
  const data = cloudRows(10, 2, 2, 1);
  data.x[5] = Infinity;
  assert.throws(() => void logisticRegression().fit(data, 2), /row 2, column 1 is Infinity/);
});
