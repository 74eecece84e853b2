import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  type FittedClassifier,
  type ForestOptions,
  type LabelledRows,
  randomForest,
} from 'stm-lab/dist/models';

/** Two classes that no line parts: opposite corners of a square are alike; a third column says nothing. */
function corners(rows: number, seed: number): LabelledRows {
  const state = randomState(seed);
  const x = Float32Array.from({ length: 3 * rows }, () => 2 * state.double() - 1);
  const y = Int32Array.from({ length: rows }, (_, r) => (x[3 * r]! * x[3 * r + 1]! > 0 ? 1 : 0));
  return { x, y, rows, columns: 3 };
}

const fit = async (train: LabelledRows, options: ForestOptions = {}): Promise<FittedClassifier> =>
  randomForest({ trees: 50, ...options }).fit(train, 2);

const accuracy = async (model: FittedClassifier, { x, y, rows }: LabelledRows): Promise<number> => {
  const p = model.predictProbabilities(x, rows);
  return y.filter((label, r) => p[2 * r + label]! > 0.5).length / rows;
};

test('opposite corners are told apart on new rows; the same seed grows the same trees', async () => {
  const [train, held] = [corners(400, 1), corners(400, 2)];
  const model = await fit(train);
  assert.ok((await accuracy(model, held)) > 0.9);
  const p = model.predictProbabilities(held.x, held.rows);
  for (let r = 0; r < held.rows; r++) assert.ok(Math.abs(p[2 * r]! + p[2 * r + 1]! - 1) < 1e-5);
  assert.deepEqual((await fit(train)).predictProbabilities(held.x, held.rows), p);
  assert.notDeepEqual((await fit(train, { seed: 2 })).predictProbabilities(held.x, held.rows), p);
});

test("leaves: of one row a tree repeats its training rows, of all rows it knows the classes' shares alone", async () => {
  const train = corners(60, 3);
  const sharp = await fit(train, { leafRows: 1, trees: 100 });
  assert.ok((await accuracy(sharp, train)) > 0.97);
  const y = Int32Array.from({ length: 60 }, (_, r) => (r < 45 ? 0 : 1));
  for (const [classWeights, share] of [
    ['none', 0.25],
    ['balanced', 0.5],
  ] as const) {
    const blunt = await fit({ ...train, y }, { leafRows: 60, trees: 400, classWeights });
    const p = blunt.predictProbabilities(train.x.subarray(0, 3), 1)[1]!;
    assert.ok(Math.abs(p - share) < 0.02, `${classWeights}: ${p}`);
  }
});

test('splits fall between neighbouring values, also negative and equal ones', async () => {
  const values = [-3e30, -2, -2, -1e-30, 0, 1e-30, 2, 2, 3e30];
  const y = Int32Array.from(values, (v) => (v > 0 ? 1 : 0));
  const rows = Array.from({ length: 20 }, () => values).flat();
  const train = {
    x: Float32Array.from(rows),
    y: Int32Array.from(rows, (v) => (v > 0 ? 1 : 0)),
    rows: rows.length,
    columns: 1,
  };
  const model = await fit(train, { leafRows: 1 });
  const p = model.predictProbabilities(Float32Array.from(values), values.length);
  values.forEach((value, i) => assert.ok(p[2 * i + y[i]!]! > 0.99, `${value}`));
});

test('options out of range are named', async () => {
  assert.throws(() => randomForest({ trees: 0 }), /trees 0 must be a whole number from 1/);
  assert.throws(() => randomForest({ leafRows: 1.5 }), /leafRows 1\.5/);
  await assert.rejects(
    fit(corners(10, 1), { columnsTried: 4 }),
    /columnsTried 4 must be a whole number from 1 to 3/,
  );
});
