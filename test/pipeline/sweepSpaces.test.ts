import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipeOfTrial } from 'stm-lab/dist/pipeline/hyperparameters';
import { searchableNames } from 'stm-lab/dist/pipeline/searchableSettings';
import { checkSearchSpace } from 'stm-lab/dist/pipeline/searchSpace';
import { readExperiment, trialBase } from 'stm-lab/dist/pipeline/experiment';
import type { Space } from 'bayesian-optimizer';
import { temporaryFolder, tinyExperiment } from './support';

const folder = temporaryFolder('sweep-spaces');
const tiny = readExperiment(tinyExperiment(folder));
const base = trialBase(tiny);
const real = (min: number, max: number): Space[string] => ({ type: 'float', min, max });
const layers = {
  num_layers: { type: 'int', min: 1, max: 2 },
  units_0: { type: 'int', min: 8, max: 32, step: 8 },
  units_1: { type: 'int', min: 8, max: 32, step: 8, when: { parameter: 'num_layers', atLeast: 2 } },
} as const satisfies Space;

test('a name that is not a setting is refused with the valid ones and the nearest', () => {
  for (const [name, meant] of [
    ['gama', 'loss.gamma'],
    ['components', 'reduction.components'],
    ['rateSmoothing', 'features.rateSmoothing'],
    ['training.batchsize', 'training.batchSize'],
    ['dropout', undefined],
  ] as const)
    assert.throws(
      () => checkSearchSpace({ ...layers, lr: real(0.001, 0.01), [name]: real(1, 2) }, base),
      (error: Error) =>
        error.message.startsWith(`"${name}" is not a setting that can be searched`) &&
        (meant === undefined || error.message.includes(`did you mean "${meant}"?`)) &&
        searchableNames().every((one) => error.message.includes(one)),
    );
});

test('nothing is sampled that has no effect: the condition that is missing is named', () => {
  const family = { type: 'categorical', choices: ['dropout', 'svm'] } as const;
  const when = { parameter: 'model.family', in: ['svm'] };
  const svm: Space = { 'model.family': family, 'svm.C': { ...real(0.1, 10), when } };
  const network = { parameter: 'model.family', in: ['dropout'] };
  const wrong: [Space, RegExp][] = [
    [
      { ...svm, lr: real(0.001, 0.01) },
      /"lr" has no effect where model\.family is svm; give it "when": \{"parameter":"model\.family","in":\["dropout"\]\}/,
    ],
    [{ 'svm.C': real(0.1, 10) }, /"svm\.C" has no effect where model\.family is dropout; leave it out/],
    [
      { ...layers, units_1: { type: 'int', min: 8, max: 16 } },
      /"units_1" has no effect where num_layers is 1/,
    ],
    [
      { 'loss.kind': { type: 'categorical', choices: ['focal', 'cross-entropy'] }, 'loss.gamma': real(0, 5) },
      /"loss\.gamma" has no effect where loss\.kind is cross-entropy/,
    ],
    [
      {
        'reduction.method': { type: 'categorical', choices: ['exact', 'none'] },
        'reduction.components': { type: 'int', min: 2, max: 9 },
      },
      /"reduction\.components" has no effect where reduction\.method is none/,
    ],
    [
      { 'training.finalRate': real(0, 0.5) },
      /"training\.finalRate" has no effect where training\.schedule is constant/,
    ],
    [
      { 'training.cycleUpdates': { type: 'int', min: 2, max: 9 } },
      /"training\.cycleUpdates" has no effect where training\.schedule is constant/,
    ],
    [
      { 'training.schedule': { type: 'categorical', choices: ['cosine', 'cyclic'] } },
      /cycleUpdates is undefined: schedule "cyclic" needs a whole number from 2/,
    ],
    [
      {
        'model.family': { type: 'categorical', choices: ['dropout', 'forest'] },
        'loss.labelSmoothing': real(0, 0.3),
      },
      /"loss\.labelSmoothing" has no effect where model\.family is forest; give it "when"/,
    ],
    [
      { 'forest.trees': { type: 'int', min: 5, max: 9 } },
      /"forest\.trees" has no effect where model\.family is/,
    ],
  ];
  for (const [space, sentence] of wrong) assert.throws(() => checkSearchSpace(space, base), sentence);
  checkSearchSpace({ ...svm, lr: { ...real(0.001, 0.01), when: network } }, base);
  const kind = { type: 'categorical', choices: ['stm', 'am', 'cortical'] } as const;
  const averaged = (kinds: readonly string[], ...choices: string[]): Space => ({
    'features.kind': kind,
    'features.average': { type: 'categorical', choices, when: { parameter: 'features.kind', in: kinds } },
  });
  checkSearchSpace(averaged(['cortical'], 'time', 'time-frequency'), base);
  checkSearchSpace(averaged(['am', 'cortical'], 'none', 'frequency'), base);
  assert.throws(
    () => checkSearchSpace(averaged(['am', 'cortical'], 'none', 'time'), base),
    /features of kind am: average must be one of none, frequency/,
  );
  assert.throws(
    () => checkSearchSpace(averaged(['stm', 'cortical'], 'none'), base),
    /"features\.average" has no effect where features\.kind is stm; give it "when": .*\["am","cortical"\]/,
  );
  assert.throws(() => checkSearchSpace({ 'training.batchSize': real(8, 64) }, base), /is a whole number/);
  assert.throws(
    () => checkSearchSpace({ 'model.family': { type: 'categorical', choices: ['tree'] } }, base),
    /"model\.family" cannot be "tree": .*dropout.*svm/,
  );
  assert.throws(() => checkSearchSpace({ 'loss.gamma': real(-1, 2) }, base), /"loss\.gamma" cannot be -1/);
  assert.throws(
    () => checkSearchSpace({ 'features.maxSilenceSeconds': real(1, 2) }, base),
    /needs an extraction for each value/,
  );
});

test('values are laid over the experiment by their paths', () => {
  const recipe = recipeOfTrial(
    {
      'features.rateSmoothing': 0.5,
      'reduction.components': 5,
      'loss.gamma': 1,
      'training.batchSize': 4,
      'model.ensemble': 3,
    },
    base,
  );
  assert.equal(recipe.rateSmoothing, 0.5);
  assert.deepEqual(recipe.reduction, { method: 'exact', components: 5 });
  assert.equal(recipe.ensemble, 3);
  assert.ok(recipe.model.kind === 'mlp');
  assert.deepEqual(
    recipe.model.hidden,
    [{ units: 16, l1: 0, dropout: 0 }],
    'layers of the model that the experiment states',
  );
  assert.deepEqual(recipe.model.fit, { ...tiny.search.fit, batchSize: 4, loss: { gamma: 1 } });
  assert.deepEqual(recipeOfTrial({ 'model.family': 'svm', 'svm.C': 2 }, base).model, { kind: 'svm', C: 2 });
  assert.deepEqual(recipeOfTrial({ 'model.family': 'forest', 'forest.trees': 7 }, base).model, {
    ...{ kind: 'forest', trees: 7 },
  });
  const { model } = recipeOfTrial(
    { 'training.lookahead.share': 0.25, 'training.mixup': 0.4, 'loss.labelSmoothing': 0.1 },
    { ...base, fit: { ...base.fit, lookahead: { updates: 6, share: 0.5 } } },
  );
  assert.ok(model.kind === 'mlp');
  assert.deepEqual(
    [model.fit.lookahead, model.fit.mixup, model.fit.loss],
    [{ updates: 6, share: 0.25 }, 0.4, { labelSmoothing: 0.1 }],
  );
});
