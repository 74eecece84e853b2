import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { configurationNames } from 'stm-lab/dist/stages/configuration';
import { readExperiment, samplerOf } from 'stm-lab/dist/pipeline/experiment';
import { flattenParameters } from 'stm-lab/dist/stages/context';
import { modelOfTrial } from 'stm-lab/dist/pipeline/hyperparameters';
import * as schema from 'stm-lab/dist/pipeline/experiment.schema.json';
import { FEATURE_KIND_NAMES } from 'stm-lab/dist/features';
import { createStudy } from 'bayesian-optimizer';
import { temporaryFolder, tinyExperiment } from './support';

test('every experiment that is shipped fits the schema, and its space can be searched', () => {
  assert.ok(configurationNames('stm').includes('smoke') && configurationNames('stm').includes('paper'));
  for (const name of configurationNames('stm')) {
    const experiment = readExperiment(name);
    assert.equal(experiment.name, name);
    const { space, seed, family, fit } = experiment.search;
    const study = createStudy({
      name,
      space,
      sampler: samplerOf(experiment.search),
      seed,
      direction: 'maximize',
    });
    const model = modelOfTrial(study.ask()!.values, family, fit);
    assert.ok(model.hidden.length >= 1 && model.fit.learningRate! > 0, name);
  }
});

test('the schema names the kinds of features that can be extracted, and refuses others by listing them', () => {
  assert.deepEqual(schema.properties.features.properties.kind.enum, FEATURE_KIND_NAMES);
  const file = path.join(temporaryFolder('kinds'), 'own.json');
  fs.writeFileSync(file, JSON.stringify({ extends: 'smoke', features: { kind: 'cepstra' } }));
  assert.throws(() => readExperiment(file), new RegExp(FEATURE_KIND_NAMES.join('.*')));
});

test('the paper experiment starts with the published first trial', () => {
  const { search } = readExperiment('paper');
  const { space, seed, family, fit } = search;
  const study = createStudy({
    name: 'paper',
    space,
    sampler: samplerOf(search),
    seed,
    direction: 'maximize',
  });
  const { hidden, fit: chosen } = modelOfTrial(study.ask()!.values, family, fit);
  assert.deepEqual(
    hidden.map(({ units }) => units),
    [384, 32, 32, 32],
  );
  assert.ok(Math.abs(chosen.learningRate! - 2.18208423e-7) < 1e-14);
  assert.ok(Math.abs(hidden[0]!.dropout! - 0.0648497) < 1e-7);
});

test('wrong entries are named, all of them, with what they accept', () => {
  const file = tinyExperiment(temporaryFolder('experiment'));
  const content = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>;
  content['split']!['folds'] = 2;
  content['split']!['flavor'] = 'fixed';
  delete content['search']!['trials'];
  content['search']!['sampler'] = 'grid';
  fs.writeFileSync(file, JSON.stringify(content));
  assert.throws(
    () => readExperiment(file),
    (error: Error) =>
      error.message.startsWith(`${file}: `) &&
      /split\.folds must be >= 3/.test(error.message) &&
      /split has the unknown entry "flavor"/.test(error.message) &&
      /search lacks "trials"/.test(error.message) &&
      /search\.sampler must be one of keras-tuner, published, gp/.test(error.message),
  );
});

test('an unknown name lists the known ones', () => {
  assert.throws(() => readExperiment('smok'), /give one of .*paper.*smoke/);
  assert.throws(() => readExperiment(path.join('nowhere', 'x.json')), /is not there/);
});

test('hyperparameters: layers beyond num_layers are ignored, a missing width is named', () => {
  const values = { num_layers: 1, units_0: 64, units_1: 32, drop_0: 0.2, lr: 0.01 };
  assert.deepEqual(modelOfTrial(values, 'dropout', { epochs: 3 }), {
    family: 'dropout',
    hidden: [{ units: 64, l1: 0, dropout: 0.2 }],
    fit: { epochs: 3, learningRate: 0.01 },
  });
  assert.deepEqual(modelOfTrial(values, 'layernorm', {}).hidden, [{ units: 64, l1: 0 }]);
  assert.throws(
    () => modelOfTrial({ num_layers: 2, units_0: 64, lr: 0.1 }, 'dropout', {}),
    /units_1 is undefined/,
  );
});

test('nested settings become flat names', () => {
  assert.deepEqual(flattenParameters({ a: { b: 1, c: [1, 2] }, d: 'x', e: undefined }), {
    'a.b': 1,
    'a.c': '[1,2]',
    d: 'x',
  });
});

test('an experiment extends another entry by entry; what it leaves out is that of smoke', () => {
  const folder = temporaryFolder('extends');
  const write = (name: string, value: object): string => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, JSON.stringify(value));
    return file;
  };
  const space = { lr: { type: 'float', min: 0.001, max: 0.01 } };
  const child = write('child.json', {
    ...{ extends: 'paper', name: 'child', title: 'a child' },
    search: { trials: 7, space },
    reduction: { components: 9 },
  });
  const [parent, read] = [readExperiment('paper'), readExperiment(child)];
  assert.deepEqual(read.reduction, { ...parent.reduction, components: 9 });
  assert.deepEqual(read.search, { ...parent.search, trials: 7, space }, 'a space is replaced whole');
  const grandchild = write('grandchild.json', { extends: 'child.json', name: 'grandchild', title: 'x' });
  assert.equal(readExperiment(grandchild).search.trials, 7);
  const short = write('short.json', { name: 'short', title: 'x', features: { kind: 'mel' } });
  assert.equal(readExperiment(short).features.kind, 'mel');
  assert.deepEqual(readExperiment(short).search, readExperiment('smoke').search);
  const loop = write('loop.json', { extends: 'loop.json', name: 'loop', title: 'x' });
  assert.throws(() => readExperiment(loop), /extends itself/);
  const lost = write('lost.json', { extends: 'papre', name: 'lost', title: 'x' });
  assert.throws(() => readExperiment(lost), /experiment "papre" is not there/);
});
