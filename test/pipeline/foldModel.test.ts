import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { loadEngine } from 'stm-lab/dist/engine';
import { averageProbabilities } from 'stm-lab/dist/evaluation';
import { chooseRecipe, type RecipeChoice } from 'stm-lab/dist/pipeline/comparison/chooseRecipe';
import { fitFoldModel, type FoldModelOptions } from 'stm-lab/dist/pipeline/foldModel';

const COLUMNS = 6;
const ROWS = 60;
const reduction = { method: 'exact', components: 4 } as const;
const network = (units: number) =>
  ({
    kind: 'mlp',
    family: 'dropout',
    hidden: [{ units }],
    fit: { epochs: 6, batchSize: 8, accumulation: 1, learningRate: 0.01, biasCorrection: 'standard' },
  }) as const;

/** Three classes in turn, ten groups; every sixth row is a test row. */
async function data(): Promise<Omit<FoldModelOptions, 'model' | 'reduction'> & { features: Float32Array }> {
  const random = randomState(4);
  const y = Int32Array.from({ length: ROWS }, (_, row) => row % 3);
  const features = Float32Array.from(
    { length: ROWS * COLUMNS },
    (_, i) => random.normal() + (i % COLUMNS === y[Math.floor(i / COLUMNS)] ? 2 : 0),
  );
  return { engine: await loadEngine(), features, columns: COLUMNS, y, classes: ['a', 'b', 'c'] };
}

const rows = Int32Array.from({ length: ROWS }, (_, row) => row);
const isTest = (row: number): boolean => Math.floor(row / 3) % 6 === 0;
const task = {
  trainRows: rows.filter((row) => !isTest(row)),
  testRows: rows.filter(isTest),
  fold: 0,
  seed: 5,
};

/** The same with nonsense in the given rows. */
function spoil<T extends { features: Float32Array; y: Int32Array }>(given: T, which: Int32Array): T {
  const features = given.features.slice();
  const y = given.y.slice();
  for (const row of which) {
    features.fill(50 + row, row * COLUMNS, (row + 1) * COLUMNS);
    y[row] = (y[row]! + 1) % 3;
  }
  return { ...given, features, y };
}

test('a recipe is chosen on training rows alone: the test rows may hold anything', async () => {
  const given = await data();
  const names = {
    labels: Array.from(given.y, (c) => given.classes[c]!),
    groups: Array.from(rows, (row) => `group ${Math.floor(row / 3) % 10}`),
  };
  const recipes = [
    // Cannot learn anything, so that the second must be chosen.
    { reduction, model: { ...network(4), fit: { ...network(4).fit, epochs: 1, learningRate: 0 } } },
    { reduction, model: { kind: 'logistic', C: 1 } },
    { reduction, model: { kind: 'svm', kernel: 'linear' } },
    { reduction, model: { kind: 'forest', trees: 10 } },
    { reduction, fourier: { features: 50, gamma: 0.01 }, model: { kind: 'logistic', C: 1 } },
  ] as const;
  const choose = (
    own: typeof given,
    names: Parameters<typeof chooseRecipe>[1],
    average?: { average: 'candidate' },
  ): Promise<RecipeChoice> => {
    const ready = recipes.map((recipe) => ({ ...recipe, features: own.features }));
    return chooseRecipe(own, names, ready, { innerFolds: 3, ...average }, task);
  };
  const choice = await choose(given, names);
  assert.ok(choice.chosen > 0);
  assert.equal(choice.macroF1[choice.chosen], Math.max(...choice.macroF1));
  const spoilt = spoil(given, task.testRows);
  const spoiltNames = { ...names, labels: Array.from(spoilt.y, (c) => given.classes[c]!) };
  assert.deepEqual(await choose(spoilt, spoiltNames), choice);
  const otherwise = await choose(spoil(given, task.trainRows.slice(0, 12)), names);
  assert.notDeepEqual(otherwise.macroF1, choice.macroF1);
  const withAverage = await choose(given, names, { average: 'candidate' });
  assert.deepEqual(withAverage.macroF1.slice(0, 5), choice.macroF1);
  assert.equal(withAverage.macroF1.length, 6);
});

test('standardiser and components come from training rows; "each-part" takes them from the test rows too', async () => {
  const given = await data();
  const last = task.testRows.slice(-4);
  const score = (options: typeof given, basis: 'training' | 'each-part'): Promise<Float32Array> =>
    fitFoldModel({ ...options, reduction, model: { kind: 'logistic' }, basis }, task);
  const first = (probabilities: Float32Array): Float32Array => probabilities.subarray(0, 12);
  assert.deepEqual(first(await score(spoil(given, last), 'training')), first(await score(given, 'training')));
  assert.notDeepEqual(
    first(await score(spoil(given, last), 'each-part')),
    first(await score(given, 'each-part')),
  );
  // Fewer test rows than components: what is missing is 0, and the model still answers.
  const few = await fitFoldModel(
    { ...given, reduction, model: { kind: 'logistic' }, basis: 'each-part' },
    { ...task, testRows: task.testRows.slice(0, 3) },
  );
  assert.equal(few.length, 9);
});

test('an ensemble is the mean of networks of different seeds, the first of which is the single one', async () => {
  const given = await data();
  const fit = (ensemble: number): Promise<Float32Array> =>
    fitFoldModel({ ...given, reduction, model: network(8), ensemble }, task);
  const [one, two] = [await fit(1), await fit(2)];
  const second = two.map((value, i) => 2 * value - one[i]!);
  assert.ok(second.some((value, i) => Math.abs(value - one[i]!) > 1e-3));
  for (let row = 0; row < task.testRows.length; row++) {
    const own = second.subarray(3 * row, 3 * row + 3);
    assert.ok(own.every((p) => p > -1e-6 && p < 1 + 1e-6));
    assert.ok(Math.abs(own.reduce((a, b) => a + b) - 1) < 1e-5, 'the second member is a distribution');
  }
  assert.deepEqual(await fit(2), two);
  assert.deepEqual(averageProbabilities([one, one]), one);
});
