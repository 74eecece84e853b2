import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridEnds } from 'stm-lab/dist/pipeline/comparison/gridEnds';
import { readExperiment } from 'stm-lab/dist/pipeline';
import { fullRows } from 'stm-lab/dist/pipeline/comparison';

const logistic = (C: number | undefined, more = {}): object => ({
  model: { kind: 'logistic', ...(C === undefined ? {} : { C }), ...more },
});

test('the ends of a grid of one number', () => {
  assert.deepEqual(gridEnds([0.01, 1, 0.1].map((C) => logistic(C))), [
    { setting: 'C', value: 0.01, side: 'smallest', place: 0 },
    { setting: 'C', value: 1, side: 'largest', place: 1 },
  ]);
  // Nothing lies below none.
  assert.deepEqual(
    gridEnds([{}, { rateSmoothing: 0.25 }, { rateSmoothing: 0.5 }]).map(({ side, value }) => [side, value]),
    [['largest', 0.5]],
  );
  assert.deepEqual(
    gridEnds([0, 1, 2].map((C) => logistic(C))).map(({ side }) => side),
    ['largest'],
  );
});

test('what differs otherwise is not a grid', () => {
  assert.deepEqual(gridEnds([logistic(1), logistic(2)]), []);
  assert.deepEqual(gridEnds([logistic(1), logistic(2, { classWeights: 'balanced' }), logistic(3)]), []);
  assert.deepEqual(
    gridEnds([{ model: { kind: 'svm' } }, { model: { kind: 'logistic' } }, { model: { kind: 'mlp' } }]),
    [],
  );
});

test("the shipped grid of logistic regression reaches beyond C = 1, and the published search's objective is Keras'", () => {
  const experiment = readExperiment('small');
  const row = fullRows(experiment, experiment.comparison!).find(
    ({ name }) => name === 'logistic regression',
  )!;
  const ends = gridEnds(row.recipes);
  assert.deepEqual(
    ends.map(({ setting, value }) => [setting, value]),
    [
      ['C', 0.0001],
      ['C', 100],
    ],
  );
  const paper = readExperiment('paper');
  assert.equal(paper.protocol.name, 'published');
  assert.equal(paper.search.objective, 'kerasMacroF1');
});
