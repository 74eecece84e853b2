import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { readNpy, writeNpy } from 'stm-lab/dist/base/npy';
import { readManifest } from 'stm-lab/dist/corpus';
import { readExperiment, type ComparisonRecord, type Experiment } from 'stm-lab/dist/pipeline';
import { fullRows } from 'stm-lab/dist/pipeline/comparison';
import { rowCosts } from 'stm-lab/dist/pipeline/comparison/cost';
import { featureKey } from 'stm-lab/dist/pipeline/featureSettings';
import { writeJson } from 'research-basics/files';
import { describeRow } from 'stm-lab/dist/pipeline/comparison/fullRows';
import {
  stmLab,
  stmLabHere,
  stmLabKilledAfter,
  temporaryFolder,
  tinyCorpus,
  tinyExperiment,
} from './support';

const reduction = { method: 'exact', components: 4 };
const network = (units: number): unknown => ({
  family: 'dropout',
  hidden: [{ units }],
  fit: { epochs: 10, batchSize: 8, accumulation: 1, learningRate: 0.003, biasCorrection: 'standard' },
});

/** Every kind of features and of models, small. */
function comparisonOf(folder: string): unknown {
  return {
    folds: 2,
    seeds: 2,
    reference: 'network',
    resamples: 200,
    rows: [
      { name: 'network' },
      { name: 'three networks', ensemble: 3, model: network(8) },
      {
        name: 'chosen inside',
        choose: {
          folds: 2,
          among: [{ model: network(8) }, { model: network(12), reduction }],
          average: 'candidate',
        },
      },
      { name: 'smoothed', rateSmoothing: 1 },
      { name: 'both averaged', average: [{}, { rateSmoothing: 1 }] },
      { name: 'logistic', logistic: { C: 0.1 } },
      { name: 'machine', svm: { kernel: 'linear' } },
      { name: 'mel', features: { kind: 'mel' }, model: network(8) },
      {
        name: 'mel, leaking',
        features: { kind: 'mel', scale: 'decibel' },
        basis: 'each-part',
        model: network(8),
      },
      { name: 'attention', features: { kind: 'stm', pooling: 'attention' } },
      { name: 'statistics', features: { kind: 'stm', pooling: 'statistics' } },
      {
        name: 'excerpts counted',
        features: { kind: 'stm', pooling: 'count' },
        reduction: { method: 'none', components: 1 },
      },
      {
        name: 'embeddings',
        features: {
          kind: 'embeddings',
          name: 'made up',
          matrix: path.join(folder, 'embeddings.npy'),
          index: path.join(folder, 'embeddings.csv'),
        },
        logistic: {},
      },
    ],
  };
}

function prepare(name: string): { folder: string; manifest: string; experiment: string } {
  const folder = temporaryFolder(name);
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const experiment = tinyExperiment(folder);
  const rows = readManifest(manifest).rows;
  const random = randomState(3);
  // The class number and noise; one recording has no embedding.
  const kept = rows.slice(1);
  const values = kept.flatMap(({ label }) => [Number(label.at(-1)) + 0.1 * random.normal(), random.normal()]);
  writeNpy(path.join(folder, 'embeddings.npy'), { shape: [kept.length, 2], data: Float32Array.from(values) });
  fs.writeFileSync(
    path.join(folder, 'embeddings.csv'),
    `path\n${kept.map((row) => `${row.path}\n`).join('')}`,
  );
  const whole = JSON.parse(fs.readFileSync(experiment, 'utf8')) as { readonly model: object };
  const model = { ...whole.model, ...(network(16) as object) };
  fs.writeFileSync(experiment, JSON.stringify({ ...whole, model, comparison: comparisonOf(folder) }));
  return { folder, manifest, experiment };
}

const hashes = (folder: string): string[] =>
  ['comparison.json', 'comparison.csv', 'comparison.svg', 'stage.json'].map((name) =>
    sha256File(path.join(folder, name)),
  );

test('one table of all features and models; killed and started again it is the same, every row tracked once', async () => {
  const { folder, manifest, experiment } = prepare('compare');
  const command = (results: string): string[] => [
    ...['compare', '--manifest', manifest, '--preset', experiment],
    ...['--results', path.join(folder, results), '--tracking', 'offline'],
  ];
  const began = performance.now();
  const first = stmLab(...command('whole'));
  const whole = performance.now() - began;
  assert.equal(first.code, 0, first.err);
  const out = path.join(folder, 'whole', 'corpus', 'tiny', 'comparison');
  const record = JSON.parse(fs.readFileSync(path.join(out, 'comparison.json'), 'utf8')) as ComparisonRecord;

  // Same recordings for all: the one without embedding is left out, by name.
  assert.deepEqual([record.recordings, record.groups], [35, 18]);
  assert.deepEqual(record.leftOut, ['c0/g0-0.wav']);
  assert.match(first.err, /c0\/g0-0\.wav: not all rows of the comparison have features of it/);
  const row = (name: string): ComparisonRecord['rows'][number] => record.rows.find((r) => r.name === name)!;
  assert.equal(record.rows.length, 13);
  assert.equal(row('network').against, undefined);
  assert.match(first.out, /cost \(s\/h\) +pretrained weights +trained on/);
  for (const { name, macroF1, against, repeats, published } of record.rows) {
    assert.equal(repeats.length, 2);
    assert.ok(Math.abs(macroF1.value - (repeats[0]! + repeats[1]!) / 2) < 1e-12);
    assert.ok(macroF1.low <= macroF1.value && macroF1.value <= macroF1.high, name);
    assert.ok(published.maxMacroF1 > 0.2 && published.rocAuc > 0.4);
    if (against === undefined) continue;
    assert.ok(against.pValue > 0 && against.pValue <= 1);
    // Counts are averaged over the repeats before the F1: of so few recordings, only nearly the difference of means.
    assert.ok(Math.abs(against.difference.value - (macroF1.value - row('network').macroF1.value)) < 0.08);
  }
  assert.ok(row('embeddings').macroF1.value > 0.95, 'the embedding is the class');
  // Every recording has one excerpt: attention to it is the plain network, and its number tells nothing.
  assert.deepEqual(row('attention').repeats, row('network').repeats);
  assert.ok(row('excerpts counted').macroF1.value < 0.4);
  assert.ok(row('excerpts counted').against!.difference.high < 0);
  assert.equal(
    row('chosen inside').chosen!.reduce((sum, { folds }) => sum + folds, 0),
    4,
  );
  assert.equal(row('chosen inside').chosen!.at(-1)!.recipe, 'average of all');
  assert.match(row('chosen inside').model, /^chosen of 2 and their average in each fold$/);
  const [plain, smoothed, both] = ['network', 'smoothed', 'both_averaged'].map((slug) => {
    const own = fs
      .readdirSync(path.join(out, 'rows'))
      .find((name) => new RegExp(`^${slug}-\\w{6}$`).test(name))!;
    return readNpy(path.join(out, 'rows', own, 'probabilities.npy')).data as Float32Array;
  });
  assert.notDeepEqual(plain, smoothed);
  assert.deepEqual(
    both,
    plain!.map((value, i) => (value + smoothed![i]!) / 2),
  );
  assert.match(row('smoothed').model, /rates smoothed by 1 Hz/);
  assert.match(row('both averaged').model, /^average of 2 recipes$/);
  assert.match(row('three networks').model, /3 networks averaged/);
  assert.match(row('mel, leaking').features, /test rows in a basis of their own/);
  assert.equal(readCsv(path.join(out, 'comparison.csv')).rows.length, 13);
  assert.match(first.out, /logistic +STM +logistic regression, C 0\.1, PCA 8/);

  const again = await stmLabHere(...command('whole'));
  assert.match(again.out, /reused from an earlier run/);

  // In the middle of its rows.
  assert.equal(await stmLabKilledAfter(0.4 * whole, ...command('broken')), 'killed');
  const last = stmLab(...command('broken'));
  assert.equal(last.code, 0, last.err);
  assert.deepEqual(hashes(path.join(folder, 'broken', 'corpus', 'tiny', 'comparison')), hashes(out));
  const tracking = path.join(folder, 'broken', 'corpus', 'tracking');
  const readRuns = (): { key: string; name: string }[] =>
    fs
      .readdirSync(tracking)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => fs.readFileSync(path.join(tracking, name), 'utf8').split('\n')[0]!)
      .map((line) => JSON.parse(line) as { key: string; name: string });
  const runs = readRuns();
  const rows = runs.filter(({ key }) => key.startsWith('comparison-'));
  assert.deepEqual(rows.map(({ name }) => name).sort(), record.rows.map(({ name }) => name).sort());
  assert.equal(new Set(runs.map(({ key }) => key)).size, runs.length);

  // Another choice of rows: what is finished is not fitted again, and recorded below the new comparison.
  const settings = JSON.parse(fs.readFileSync(experiment, 'utf8')) as Experiment;
  const comparison = settings.comparison!;
  const some = comparison.rows.filter(({ name }) => ['network', 'embeddings'].includes(name));
  fs.writeFileSync(experiment, JSON.stringify({ ...settings, comparison: { ...comparison, rows: some } }));
  const broken = path.join(folder, 'broken', 'corpus', 'tiny', 'comparison');
  const fitted = (): number[] =>
    fs
      .readdirSync(path.join(broken, 'rows'))
      .map((name) => fs.statSync(path.join(broken, 'rows', name, 'probabilities.npy')).mtimeMs);
  const earlier = fitted();
  assert.equal((await stmLabHere(...command('broken'))).code, 0);
  assert.deepEqual(fitted(), earlier);
  const fewer = JSON.parse(fs.readFileSync(path.join(broken, 'comparison.json'), 'utf8')) as ComparisonRecord;
  assert.deepEqual(
    fewer.rows,
    record.rows.filter(({ name }) => some.some((own) => own.name === name)),
  );
  assert.equal(readRuns().length, runs.length + 3, 'the new comparison and its two rows');
});

test('what cannot be compared is said in one sentence', async () => {
  const folder = temporaryFolder('compare-bad');
  const file = tinyExperiment(folder);
  const whole = JSON.parse(fs.readFileSync(file, 'utf8')) as Experiment;
  const withRows = (rows: unknown[], reference = 'a'): Experiment => {
    fs.writeFileSync(file, JSON.stringify({ ...whole, comparison: { folds: 2, seeds: 1, reference, rows } }));
    return readExperiment(file);
  };
  const full = (rows: unknown[], reference?: string): unknown => {
    const experiment = withRows(rows, reference);
    return fullRows(experiment, experiment.comparison!);
  };
  assert.throws(() => full([{ name: 'a' }, { name: 'a' }]), /two rows are called "a"/);
  assert.throws(() => full([{ name: 'b' }]), /reference "a" is not a row; rows are b/);
  assert.throws(() => full([{ name: 'a', ensemble: 2, svm: {} }]), /an ensemble of models that are the same/);
  assert.throws(
    () => full([{ name: 'a', features: { kind: 'stm', pooling: 'attention' }, logistic: {} }]),
    /attention is learned by a network/,
  );
  assert.throws(
    () => full([{ name: 'a', features: { kind: 'mel', pooling: 'mean' } }]),
    /rows\.0\.features has the unknown entry "pooling"/,
  );
  assert.throws(() => full([{ name: 'a', svm: { C: 0 } }]), /svm\.C/);
  assert.throws(
    () => full([{ name: 'a', average: [{}, {}], choose: { folds: 2, among: [{}, {}] } }]),
    /recipes are either chosen among or averaged/,
  );
  assert.throws(
    () => full([{ name: 'a', features: { kind: 'mel' }, rateSmoothing: 0.5 }]),
    /rateSmoothing needs STM features/,
  );
  assert.throws(
    () => full([{ name: 'a', features: { kind: 'mel' }, foldRates: true }]),
    /foldRates needs STM features/,
  );
  assert.throws(
    () => full([{ name: 'a', excerptModel: 'default', logistic: {} }]),
    /an excerptModel is a whole recipe; leave out logistic/,
  );
  assert.throws(
    () => full([{ name: 'a', excerptModel: 'default', features: { kind: 'cortical' } }]),
    /an excerptModel takes STM or cortical features with pooling excerpts/,
  );
  const combined = (combine: string[], more: object = {}): unknown =>
    full([{ name: 'a' }, { name: 'both', combine, ...more }, { name: 'c', svm: {} }]);
  assert.throws(() => combined(['a', 'c']), /names "c", which is not a fitted row above it; those are a$/);
  assert.throws(() => combined(['a', 'both']), /names "both", which is not a fitted row above it/);
  assert.throws(() => combined(['a', 'a']), /combine/);
  assert.throws(() => combined(['a', 'c'], { ensemble: 2 }), /leave out ensemble/);
  fs.writeFileSync(file, JSON.stringify({ ...whole, comparison: undefined }));
  const missing = await stmLabHere(
    'compare',
    '--preset',
    file,
    '--manifest',
    tinyCorpus(path.join(folder, 'corpus')),
    '--results',
    folder,
  );
  assert.equal(missing.code, 2);
  assert.match(missing.err, /experiment "tiny": has no entry "comparison"/);
});

test('a recipe overrides its row, and its row the experiment', () => {
  const experiment = readExperiment(tinyExperiment(temporaryFolder('compare-recipes')));
  const [row] = fullRows(experiment, {
    folds: 2,
    seeds: 1,
    reference: 'a',
    rows: [
      {
        name: 'a',
        svm: { C: 3 },
        choose: {
          folds: 2,
          among: [
            {},
            { logistic: { C: 2 } },
            { reduction: { method: 'none', components: 1 } },
            { forest: { trees: 9 }, fourier: { features: 7 } },
          ],
        },
      },
    ],
  });
  assert.deepEqual(
    row!.recipes.map(({ model }) => model),
    [
      { kind: 'svm', C: 3 },
      { kind: 'logistic', C: 2 },
      { kind: 'svm', C: 3 },
      { kind: 'forest', trees: 9 },
    ],
  );
  assert.deepEqual(
    row!.recipes.map(({ reduction: { method } }) => method),
    ['exact', 'exact', 'none', 'exact'],
  );
});

test('a row costs what its features cost, a combination what they cost together, each counted once', () => {
  const folder = temporaryFolder('compare-costs');
  const experiment = readExperiment(tinyExperiment(folder));
  const speech = { kind: 'embedding', model: 'speech' } as const;
  const rows = fullRows(experiment, {
    folds: 2,
    seeds: 1,
    reference: 'a',
    rows: [
      { name: 'a' },
      { name: 'b', logistic: { C: 2 } },
      { name: 'c', features: speech },
      { name: 'd', features: { kind: 'am' } },
      { name: 'all', combine: ['a', 'b', 'c'] },
      { name: 'and d', combine: ['a', 'd'] },
    ],
  });
  const folders = Object.fromEntries(
    (
      [
        ['a', 10.4],
        ['c', 80],
      ] as const
    ).map(([name, secondsPerHour]) => {
      const { features } = rows.find((row) => row.name === name)!;
      const out = path.join(folder, name);
      writeJson(path.join(out, '.work', 'cost.json'), { secondsPerHour });
      return [featureKey(features), out];
    }),
  );
  const costs = rowCosts(rows, folders);
  const shown = (name: string): unknown[] => {
    const { secondsPerHour, pretrainedWeights, trainedOn } = costs[name]!;
    return [secondsPerHour, pretrainedWeights, trainedOn?.slice(0, 16)];
  };
  assert.deepEqual(
    [shown('a'), shown('b')],
    [
      [10.4, 0, undefined],
      [10.4, 0, undefined],
    ],
  );
  assert.deepEqual(
    [shown('c'), shown('all')],
    [
      [80, 330000, 'keyword examples'],
      [90.4, 330000, 'keyword examples'],
    ],
  );
  assert.deepEqual(
    [shown('d'), shown('and d')],
    [
      [undefined, 0, undefined],
      [undefined, 0, undefined],
    ],
  );
});

test('a row says in words what it is', () => {
  const experiment = readExperiment(tinyExperiment(temporaryFolder('compare-words')));
  const rows = fullRows(experiment, {
    folds: 2,
    seeds: 1,
    reference: 'a',
    rows: [
      { name: 'a', features: { kind: 'stm', maxExcerpts: 2 }, rateSmoothing: 0.5, logistic: { C: 2 } },
      { name: 'b', ensemble: 5, average: [{}, { rateSmoothing: 0.25 }] },
      { name: 'c', ensemble: 5, choose: { folds: 2, among: [{}, { rateSmoothing: 0.25 }] } },
      { name: 'd', logistic: { C: 2, l1Ratio: 0.5 } },
      { name: 'e', forest: { trees: 9 } },
      { name: 'f', fourier: { features: 50 }, svm: { kernel: 'linear' } },
    ],
  });
  assert.deepEqual(rows.map(describeRow), [
    {
      features: 'STM, 2 excerpts at most',
      model: 'logistic regression, C 2, PCA 8, rates smoothed by 0.5 Hz',
    },
    { features: 'STM', model: 'average of 2 recipes, 5 networks each' },
    { features: 'STM', model: 'chosen of 2 in each fold, 5 networks averaged' },
    { features: 'STM', model: 'elastic net, L1 ratio 0.5, C 2, PCA 8' },
    { features: 'STM', model: 'random forest, 9 trees, leaves of 5 rows, PCA 8' },
    { features: 'STM', model: 'linear SVM, C 1, PCA 8, 50 Fourier features, gamma scale' },
  ]);
});
