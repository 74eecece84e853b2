import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { configurationNames } from 'stm-lab/dist/stages/configuration';
import { readAblation, readExperiment, samplerOf } from 'stm-lab/dist/pipeline/experiment';
import { flattenParameters } from 'stm-lab/dist/stages/context';
import { modelOfTrial } from 'stm-lab/dist/pipeline/hyperparameters';
import * as schema from 'stm-lab/dist/pipeline/experiment.schema.json';
import { FEATURE_KIND_NAMES } from 'stm-lab/dist/features';
import { createStudy } from 'bayesian-optimizer';
import { openProject, readStrfExperiment } from 'stm-lab/dist/pipeline';
import { temporaryFolder, tinyCorpus, tinyExperiment } from './support';

test('every experiment that is shipped fits the schema, and its space can be searched', () => {
  assert.ok(configurationNames('stm').includes('small') && configurationNames('stm').includes('paper'));
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
  fs.writeFileSync(file, JSON.stringify({ extends: 'small', features: { kind: 'cepstra' } }));
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
  assert.throws(() => readExperiment('smal'), /give one of .*paper.*small/);
  assert.throws(
    () => readExperiment(path.join('nowhere', 'x.json')),
    /nowhere.x\.json: there is no such preset/,
  );
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

test('an experiment extends another entry by entry; what it leaves out is that of small', () => {
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
  assert.deepEqual(readExperiment(short).search, readExperiment('small').search);
  const other = {
    extends: 'esc-10',
    name: 'other',
    title: 'x',
    features: { kind: 'cortical', average: 'time' },
  };
  assert.deepEqual(
    readExperiment(write('other.json', other)).features,
    { kind: 'cortical', average: 'time', maxSilenceSeconds: 'off' },
    'settings of another kind are not taken over',
  );
  const few = write('few.json', { extends: 'small', name: 'few', title: 'x', ablation: { folds: 3 } });
  const { ablation } = readExperiment(few);
  assert.deepEqual(ablation, { ...readAblation('small'), folds: 3 });
  const fewer = write('fewer.json', {
    extends: 'few.json',
    name: 'fewer',
    title: 'x',
    ablation: { seeds: 2 },
  });
  assert.deepEqual(readExperiment(fewer).ablation, { ...ablation, seeds: 2 });

  const loop = write('loop.json', { extends: 'loop.json', name: 'loop', title: 'x' });
  assert.throws(() => readExperiment(loop), /extends itself/);
  const lost = write('lost.json', { extends: 'papre', name: 'lost', title: 'x' });
  assert.throws(() => readExperiment(lost), /there is no preset "papre"/);
});

test('earlier names of presets, sizes and flavours are understood, with one sentence', (t) => {
  const folder = temporaryFolder('earlier');
  const told: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => told.push(text) > 0);
  assert.deepEqual(readExperiment('smoke'), readExperiment('small'));
  assert.deepEqual(readAblation('smoke' as 'small'), readAblation('small'));
  for (const wrong of ['__proto__', 'constructor', { small: 1 }])
    assert.throws(
      () => readAblation(wrong as 'small'),
      ({ message }: Error) =>
        message.includes(`ablation size ${JSON.stringify(wrong)}: must be one of small`),
    );
  assert.deepEqual(readStrfExperiment('smoke'), readStrfExperiment('small'));
  assert.deepEqual(told, [
    '"smoke" is now called "small"; the earlier name will be removed in the next version\n',
  ]);
  const own = path.join(folder, 'smoke.json');
  fs.writeFileSync(own, JSON.stringify({ extends: 'smoke', name: 'smoke', split: { flavour: 'fixed' } }));
  assert.deepEqual(
    [readExperiment(own).name, readExperiment(own).split],
    ['smoke', readExperiment('small').split],
  );
});

test('results under the earlier name of the default preset are left alone, and recomputed elsewhere', async () => {
  const folder = temporaryFolder('earlier');
  const results = path.join(folder, 'results');
  const recordings = tinyCorpus(path.join(folder, 'sounds'));
  fs.mkdirSync(path.join(results, 'sounds', 'smoke', 'split'), { recursive: true });
  const told: string[] = [];
  const open = async (): Promise<string> => {
    const lab = await openProject({
      manifest: recordings,
      results,
      tracking: 'disabled',
      warn: (line) => told.push(line),
    });
    await lab.close();
    return lab.folders.split;
  };
  const split = await open();
  assert.equal(split, path.join(results, 'sounds', 'small', 'split'));
  assert.match(
    told.join('\n'),
    /sounds.smoke: results of the preset by its earlier name, left as they are; .*recomputed in .*small/,
  );
  fs.mkdirSync(split, { recursive: true });
  told.length = 0;
  await open();
  assert.deepEqual(
    told.filter((line) => line.includes('earlier name')),
    [],
  );
});
