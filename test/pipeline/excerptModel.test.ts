import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readCsv, writeCsv } from 'stm-lab/dist/base/csv';
import { randomState } from 'research-basics/random/mt19937';
import { atTemperature, calibration, fitTemperature } from 'stm-lab/dist/evaluation';
import { foldRates, prepareModulations } from 'stm-lab/dist/features';
import { fitDiscriminant, fitLogistic, linearLogProbabilities } from 'stm-lab/dist/models';
import { readNpy } from 'stm-lab/dist/base/npy';
import {
  linearExcerptModel,
  loadExcerptModel,
  trainExcerptStage,
  type ComparisonRecord,
} from 'stm-lab/dist/pipeline';
import { openExcerptFolder } from 'stm-lab/dist/pipeline/excerptModel/data';
import { excerptWeights, fitExcerptModel, predictExcerptModel } from 'stm-lab/dist/pipeline/excerptModel/fit';
import { excerptTask } from 'stm-lab/dist/pipeline/excerptModel/score';
import { classify } from '../../lib/stm-lab/explore/page/classify';
import { plantedCollections } from './plantedCollections';
import { stmLab, stmLabHere, temporaryFolder, tinyCorpus, tinyExperiment, type Finished } from './support';

const choice = {
  rateSmoothing: 0.5,
  scaleSmoothing: 0.75,
  leastScale: 0.7,
  foldRates: false,
  components: 12,
  among: [{ shrinkage: [0.2] }, { shrinkage: [0.3, 0.5], C: [0.01] }, { C: [0.003] }],
  collectionBalance: 0.5,
  calibrationFolds: 4,
};

test('a rate and its negative become their mean, from 0 Hz upwards; with an even number of rates too', () => {
  assert.deepEqual(
    [...foldRates(Float32Array.of(1, 2, 3, 4, 5, 0, 0, 7, 2, 4), [-2, -1, 0, 1, 2])],
    [3, 3, 3, 7, 1, 2],
  );
  assert.deepEqual([...foldRates(Float32Array.of(1, 2, 4, 9), [-1.5, -0.5, 0.5, 1.5])], [3, 5]);
  assert.throws(() => foldRates(new Float32Array(2), [1, 2]), /not symmetric/);
  assert.throws(() => foldRates(new Float32Array(4), [-1, 0, 1]), /not whole runs of 3 rates/);
});

test('features are smoothed along rate, folded, smoothed along scale, and lose their lowest scales, in that order', () => {
  const axes = { rateHz: [-1, 0, 1], scaleCycPerOct: [0, 1, 2] };
  const features = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, ...new Float32Array(9).fill(1));
  const prepare = (own: Partial<Parameters<typeof prepareModulations>[2]>): number[] => [
    ...prepareModulations(features, axes, { rateSmoothing: 0, foldRates: false, ...own }),
  ];
  assert.deepEqual(prepare({}), [...features]);
  assert.deepEqual(prepare({ foldRates: true, leastScale: 0.5 }), [5, 5, 8, 8, 1, 1, 1, 1]);
  assert.deepEqual(prepare({ foldRates: true, leastScale: 2 }), [8, 8, 1, 1]);
  const wide = prepare({ foldRates: true, scaleSmoothing: 1e6, leastScale: 1 });
  assert.deepEqual(
    wide.map((value) => Math.round(1e6 * value) / 1e6),
    [5, 5, 5, 5, 1, 1, 1, 1],
  );
  assert.throws(() => prepare({ leastScale: 3 }), /leaves no scale \(the largest is 2\)/);
});

test('recordings weigh the same however many excerpts they have, classes too, collections by n^-p', () => {
  // Class 0: two recordings of one collection and one of another; class 1: one recording.
  const data = {
    starts: Int32Array.of(0, 1, 4, 6, 8),
    y: Int32Array.of(0, 0, 0, 1),
    collections: ['a', 'a', 'b', 'b'],
  };
  const sums = (balance: number): number[] => {
    const weights = excerptWeights(data, Int32Array.of(0, 1, 2, 3), balance);
    return [
      [0, 1],
      [1, 4],
      [4, 6],
      [6, 8],
    ].map(([from, to]) => Math.round(1e9 * weights.slice(from, to).reduce((sum, w) => sum + w, 0)) / 1e9);
  };
  assert.deepEqual(
    sums(0),
    [4 / 3, 4 / 3, 4 / 3, 4].map((w) => Math.round(1e9 * w) / 1e9),
  );
  assert.deepEqual(sums(1), [1, 1, 2, 4]);
});

test('the discriminant of two round classes lies along their means, and row weights count as copies', () => {
  const x = Float32Array.of(0, 1, 0, -1, 4, 1, 4, -1);
  const rows = { x, y: Int32Array.of(0, 0, 1, 1), rows: 4, columns: 2 };
  const model = fitDiscriminant(rows, 3, { shrinkage: 1 });
  const p = linearLogProbabilities(model, Float32Array.of(2, 5, 4, 0), 2).map(Math.exp);
  // Half way between the means, whatever the other coordinate; a class without rows is never predicted.
  assert.ok(Math.abs(p[0]! - 0.5) < 1e-9 && p[2] === 0);
  // Variance (1 + 0) / 2 on the diagonal: log odds of (4, 0) are 4 * 4 / 0.5 / 2.
  assert.ok(Math.abs(Math.log(p[4]! / p[3]!) - 16) < 1e-6);
  const random = randomState(2);
  const cloud = Float32Array.from({ length: 60 }, (_, i) => random.normal() + (i % 6 < 3 ? 0 : 1));
  const own = { x: cloud, y: Int32Array.from({ length: 20 }, (_, r) => r % 2), rows: 20, columns: 3 };
  const twice = {
    x: Float32Array.of(...cloud, ...cloud.subarray(0, 6)),
    y: Int32Array.of(...own.y, 0, 1),
    rows: 22,
    columns: 3,
  };
  const weights = new Float64Array(20).fill(1).map((w, r) => (r < 2 ? 2 : w));
  for (const fit of [
    (rows: typeof own, w?: Float64Array) => fitDiscriminant(rows, 2, { shrinkage: 0.3 }, w),
    (rows: typeof own, w?: Float64Array) => fitLogistic(rows, 2, { C: 0.5 }, w),
  ]) {
    const [a, b] = [fit(own, weights).weights, fit(twice).weights];
    a.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) < 1e-4, `${value} ${b[i]}`));
  }
  assert.throws(() => fitDiscriminant(own, 2, { shrinkage: 0 }), /shrinkage 0 must be above 0/);
});

test('the temperature finds the factor by which log-odds were exaggerated', () => {
  const random = randomState(4);
  const rows = 4000;
  const log = new Float64Array(2 * rows);
  const labels = new Int32Array(rows);
  for (let r = 0; r < rows; r++) {
    const odds = 2 * random.normal();
    labels[r] =
      random.normal() > -Infinity && random.interval(999999) / 1e6 < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
    log[2 * r + 1] = 3 * odds;
  }
  const temperature = fitTemperature(log, labels, 2);
  assert.ok(Math.abs(temperature - 3) < 0.3, `${temperature}`);
  const ece = (t: number): number =>
    calibration({ labels, probabilities: atTemperature(log, 2, t), classes: 2 }).ece;
  assert.ok(ece(temperature) < 0.02 && ece(1) > 0.08);
  assert.equal(fitTemperature(log, new Int32Array(rows).fill(-1), 2), 1);
});

test('a planted confound: honest by collection, calibrated there, the same in every run and in a copied folder', async () => {
  const folder = temporaryFolder('excerpts');
  const features = plantedCollections(path.join(folder, 'features'), { collections: [5, 5, 5], excerpts: 3 });
  const train = (name: string): ReturnType<typeof trainExcerptStage> =>
    trainExcerptStage({
      features,
      out: path.join(folder, name),
      choice,
      crossValidation: { folds: 5, seeds: 2 },
    });
  const { record, status } = await train('one');
  assert.equal(status, 'computed');
  const { byGroup, byCollection } = record.scores;
  assert.ok(byGroup.macroF1.value > byCollection!.macroF1.value + 0.1);
  assert.ok(byCollection!.ece < byCollection!.eceBefore, `${byCollection!.eceBefore} ${byCollection!.ece}`);
  assert.ok(record.temperature > 1 && record.farFrom! > 0);
  assert.equal(record.trainedOn.collections.length, 15);
  assert.equal((await train('one')).status, 'cached');
  assert.equal((await train('two')).record.hash, record.hash);
  fs.renameSync(path.join(folder, 'one'), path.join(folder, 'sonst wo'));
  const moved = loadExcerptModel(path.join(folder, 'sonst wo'));
  // Multiplied out, as the page has it, it predicts the same.
  const linear = linearExcerptModel(path.join(folder, 'sonst wo'));
  const excerpts = openExcerptFolder(features);
  const task = excerpts.read(choice);
  const { classes, temperature } = moved.record;
  const rows = Int32Array.of(0, 7);
  const { logProbabilities } = await predictExcerptModel(moved, task, rows, classes.length);
  const expected = atTemperature(logProbabilities, classes.length, temperature);
  const raw = readNpy(path.join(features, 'excerpts.npy'));
  rows.forEach((row, i) => {
    const own = Array.from({ length: task.starts[row + 1]! - task.starts[row]! }, (_, k) => {
      const at = (task.starts[row]! + k) * raw.shape[1]!;
      return { startSeconds: 4 * k, features: raw.data.slice(at, at + raw.shape[1]!) as Float32Array };
    });
    const model = {
      ...moved.record,
      axes: excerpts.axes,
      preparation: choice,
      label: '',
      members: linear.members,
    };
    const { probabilities } = classify(model, own);
    probabilities.forEach((p, c) =>
      assert.ok(
        Math.abs(p - expected[i * classes.length + c]!) < 1e-4,
        `${p} ${expected[i * classes.length + c]}`,
      ),
    );
  });
  assert.equal(moved.record.hash, record.hash);
  const card = fs.readFileSync(path.join(folder, 'sonst wo', 'MODEL_CARD.md'), 'utf8');
  assert.match(card, new RegExp(`collections \\| ${byCollection!.macroF1.value.toFixed(3)} `));
  // A changed number is noticed.
  const file = path.join(folder, 'sonst wo', 'centre.npy');
  const bytes = fs.readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  fs.writeFileSync(file, bytes);
  assert.throws(
    () => loadExcerptModel(path.join(folder, 'sonst wo')),
    /not those that excerpt-model.json describes/,
  );
});

test('the distance of a new recording is finite beside few excerpts, too', async () => {
  const folder = plantedCollections(path.join(temporaryFolder('few'), 'features'), {
    recordings: 2,
    collections: [2, 2, 2],
    excerpts: 1,
  });
  const excerpts = openExcerptFolder(folder);
  const own = { ...choice, leastScale: 0, components: 100 };
  const task = excerptTask(excerpts.read(own), excerpts.index);
  const model = await fitExcerptModel(
    task,
    own,
    Int32Array.from({ length: 11 }, (_, row) => row),
    1,
  );
  const { distance } = await predictExcerptModel(model, task, Int32Array.of(11), 3);
  assert.ok(distance[0]! > 0.1 && distance[0]! < 20, `${distance[0]}`);
});

test('from recordings to a model folder that predicts elsewhere to the last digit; rows of compare', async () => {
  const folder = temporaryFolder('excerpt-cli');
  const manifest = tinyCorpus(path.join(folder, 'corpus'), { groups: 4 });
  const rows: Record<string, string>[] = readCsv(manifest).rows.map((row, i) => ({
    ...row,
    label: row['label'] === 'class 0' ? 'constructor' : row['label']!,
    source: `set ${Math.floor(i / 2) % 4}`,
  }));
  writeCsv(manifest, ['path', 'label', 'group', 'source'], rows, { formulas: 'keep' });
  const experiment = tinyExperiment(folder);
  const whole = JSON.parse(fs.readFileSync(experiment, 'utf8')) as Record<string, unknown>;
  const comparison = {
    folds: 3,
    seeds: 1,
    reference: 'excerpts',
    resamples: 50,
    rows: [
      { name: 'excerpts', excerptModel: choice },
      // One component tells three classes apart badly; the others are equal, of which the first is taken.
      { name: 'chosen', excerptModel: [{ ...choice, components: 1 }, choice, choice] },
      {
        name: 'nuisance',
        features: { kind: 'nuisance' },
        reduction: { method: 'none', components: 1 },
        logistic: {},
      },
    ],
  };
  fs.writeFileSync(experiment, JSON.stringify({ ...whole, comparison, excerptModel: choice }));
  const quiet = ['--tracking', 'disabled'];
  // Where the comparison looks for them, too.
  const results = path.join(folder, 'results');
  const features = path.join(results, 'corpus', 'features-stm-published-excerpts');
  const said = ({ code, out, err }: Finished): string => {
    assert.equal(code, 0, err);
    return out;
  };
  const run = async (...args: string[]): Promise<string> => said(await stmLabHere(...args));
  await run(
    'extract',
    '--manifest',
    manifest,
    '--collection',
    'source',
    '--keep',
    'excerpts',
    '--out',
    features,
    ...quiet,
  );
  const model = path.join(folder, 'model');
  const trained = await run(
    'train',
    '--features',
    features,
    '--preset',
    experiment,
    '--out',
    model,
    ...quiet,
  );
  assert.match(trained, /by group: macro-F1/);
  assert.match(trained, /by collection: macro-F1 .* over 4 collections/);
  assert.match(trained, /calibration error by collection: 0\.\d+ before the temperature, 0\.\d+ after/);

  assert.match(fs.readFileSync(path.join(model, 'MODEL_CARD.md'), 'utf8'), /^\| constructor \| 8 \|$/m);
  const sounds = rows.slice(0, 2).map((row) => path.join(folder, 'corpus', row['path']!));
  const predicting = (from: string, out: string): string[] => [
    'predict',
    ...['--model', from, '--out', path.join(folder, out), ...sounds],
  ];
  const predictions = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
  await run(...predicting(model, 'here.csv'));
  const here = predictions('here.csv');
  const elsewhere = path.join(temporaryFolder('elsewhere'), 'ein Modell');
  fs.cpSync(model, elsewhere, { recursive: true });
  fs.rmSync(model, { recursive: true });
  fs.renameSync(results, `${results} elsewhere`);
  // In a process of its own.
  said(stmLab(...predicting(elsewhere, 'there.csv')));
  fs.renameSync(`${results} elsewhere`, results);
  assert.equal(predictions('there.csv'), here);
  assert.match(here, /c0\/g0-0\.wav/);

  await run(
    'compare',
    '--manifest',
    manifest,
    '--collection',
    'source',
    '--preset',
    experiment,
    '--results',
    results,
    ...quiet,
  );
  const { rows: scored } = JSON.parse(
    fs.readFileSync(path.join(results, 'corpus', 'tiny', 'comparison', 'comparison.json'), 'utf8'),
  ) as ComparisonRecord;
  assert.ok(scored[0]!.macroF1.value > 0.6, `${scored[0]!.macroF1.value}`);
  assert.equal(scored[0]!.features, 'STM, excerpts one by one');
  assert.match(
    scored[0]!.model,
    /^linear model chosen of 3 inside, PCA 12, rates smoothed by 0\.5 Hz, scales smoothed by 0\.75/,
  );
  const { repeats, model: made, chosen, byCollection: unseen } = scored[1]!;
  assert.deepEqual(repeats, scored[0]!.repeats);
  assert.deepEqual(unseen!.repeats, scored[0]!.byCollection!.repeats);
  assert.deepEqual(
    chosen!.map(({ folds, collectionFolds }) => [folds, collectionFolds]),
    [
      [0, 0],
      [3, 3],
      [0, 0],
    ],
  );
  assert.equal(made, 'chosen of 3 in each fold, by collection');
  assert.equal(scored[2]!.features, 'format, duration, level');
  for (const { byCollection } of scored) assert.equal(byCollection!.collections, 4);
});
