import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readNpy } from 'stm-lab/dist/base/npy';
import { readManifest } from 'stm-lab/dist/corpus';
import { extractCorpus, poolExcerpts } from 'stm-lab/dist/features';
import { compareStage, readExperiment } from 'stm-lab/dist/pipeline';
import { fullRows, prepareFeatures } from 'stm-lab/dist/pipeline/comparison';
import { openRowSource, recipeFeatures } from 'stm-lab/dist/pipeline/comparison/rowData';
import { readAll } from 'stm-lab/dist/reduction';
import { makeCorpus } from '../features/corpus';
import { temporaryFolder, tinyExperiment } from './support';

const folder = temporaryFolder('row-data');
const features = path.join(folder, 'excerpts');
after(() => fs.rmSync(folder, { recursive: true, force: true }));

before(async () => {
  const rows = makeCorpus(path.join(folder, 'audio'), 24);
  await extractCorpus({ rows, outFolder: features, keep: 'excerpts' });
  await extractCorpus({ rows: rows.slice(0, 3), outFolder: path.join(folder, 'mean') });
});

test('each pooling gives the rows it names, of the recordings asked for and in their order', () => {
  const all = readNpy(path.join(features, 'features.npy')).data as Float32Array;
  const excerpts = readNpy(path.join(features, 'excerpts.npy')).data as Float32Array;
  const counts = readCsv(path.join(features, 'index.csv')).rows.map((row) => Number(row['excerpts']));
  const asked = Int32Array.of(5, 0, 7);
  const starts = counts.map((_, row) => counts.slice(0, row).reduce((sum, n) => sum + n, 0));
  const excerptsOf = (row: number): Float32Array =>
    excerpts.subarray(starts[row]! * 2420, (starts[row]! + counts[row]!) * 2420);
  assert.ok(new Set([...asked].map((row) => counts[row])).size > 1, 'of several lengths');
  const open = (pooling?: 'mean' | 'statistics' | 'attention' | 'first' | 'count') => {
    const data = openRowSource(features, { kind: 'stm', ...(pooling === undefined ? {} : { pooling }) }).load(
      asked,
    );
    return { ...data, features: readAll(data.features) };
  };

  asked.forEach((row, i) => {
    assert.deepEqual(
      open().features.subarray(i * 2420, (i + 1) * 2420),
      all.subarray(row * 2420, (row + 1) * 2420),
    );
    assert.deepEqual(
      open('first').features.subarray(i * 2420, (i + 1) * 2420),
      excerptsOf(row).subarray(0, 2420),
    );
    const own = Int32Array.of(counts[row]!);
    assert.deepEqual(
      open('mean').features.subarray(i * 2420, (i + 1) * 2420),
      poolExcerpts(excerptsOf(row), 2420, own, 'mean'),
    );
    assert.deepEqual(
      open('statistics').features.subarray(i * 4840, (i + 1) * 4840),
      poolExcerpts(excerptsOf(row), 2420, own, 'statistics'),
    );
    const { features: hot, columns } = open('count');
    assert.deepEqual(
      [...hot.subarray(i * columns, (i + 1) * columns)],
      Array.from({ length: columns }, (_, n) => Number(n === counts[row])),
    );
  });
  const attention = open('attention');
  assert.deepEqual(
    attention.excerpts,
    asked.map((row) => counts[row]!),
  );
  assert.deepEqual(attention.features.subarray(0, counts[5]! * 2420), excerptsOf(5));
  assert.throws(
    () => openRowSource(path.join(folder, 'mean'), { kind: 'stm', pooling: 'mean' }),
    /excerpts were not kept; extract again with --keep excerpts/,
  );
});

test('one class is thinned out for all rows; without features there is one sentence', async () => {
  const experiment = {
    ...readExperiment(tinyExperiment(folder)),
    comparison: {
      folds: 2,
      seeds: 1,
      reference: 'a',
      resamples: 50,
      undersampling: { label: 'env: urban', keep: 4 },
      rows: [
        { name: 'a', logistic: {} },
        { name: 'b', svm: {} },
      ],
    },
  };
  const labels = readCsv(path.join(features, 'index.csv')).rows.map((row) => row['label']!);
  const others = labels.filter((label) => label !== 'env: urban').length;
  assert.ok(labels.length - others > 4);
  const out = path.join(folder, 'out');
  const given = { 'stm-published': features };
  const summary = await compareStage({ experiment, features: given, out });
  assert.equal(summary.recordings, others + 4);
  const again = await compareStage({ experiment, features: given, out });
  assert.equal(again.status, 'cached');
  assert.deepEqual({ ...again, status: summary.status }, summary);
  await assert.rejects(
    compareStage({ experiment, features: {}, out }),
    /row "a": no folder of stm-published features was given/,
  );
});

test('recordings cut to a number of excerpts have features of their own, from a folder of their own', async () => {
  const audio = path.join(folder, 'audio');
  const manifest = path.join(audio, 'long.csv');
  const rows = makeCorpus(audio, 24);
  const lines = rows.map((row) => [path.relative(audio, row.file), row.label, `g${row.line % 3}`].join(','));
  fs.writeFileSync(manifest, ['path,label,group', ...lines, ''].join('\n'));
  const experiment = readExperiment(tinyExperiment(folder));
  const comparison = {
    folds: 2,
    seeds: 1,
    reference: 'whole',
    rows: [
      { name: 'whole', features: { kind: 'stm' } },
      { name: 'cut', features: { kind: 'stm', maxExcerpts: 1 } },
      { name: 'counted', features: { kind: 'stm', maxExcerpts: 1, pooling: 'count' } },
    ],
  } as const;
  const folders = await prepareFeatures(
    fullRows(experiment, comparison),
    { manifest: readManifest(manifest), folderOf: (key) => path.join(folder, 'prepared', key), workers: 1 },
    {},
  );
  assert.deepEqual(Object.keys(folders).sort(), ['stm-published', 'stm-published-max1']);
  const [whole, cut] = ['stm-published', 'stm-published-max1'].map((key) => ({
    features: readNpy(path.join(folders[key]!, 'features.npy')).data as Float32Array,
    counts: readCsv(path.join(folders[key]!, 'index.csv')).rows.map((row) => Number(row['excerpts'])),
  }));
  assert.ok(Math.max(...whole!.counts) > 1);
  assert.equal(Math.max(...cut!.counts), 1);
  whole!.counts.forEach((count, row) => {
    const same = whole!.features
      .subarray(row * 2420, (row + 1) * 2420)
      .every((value, j) => value === cut!.features[row * 2420 + j]);
    assert.equal(same, count === 1);
  });
});

test('recipes of one preparation share their features; smoothing and folding are those of the library', () => {
  const axes = { rateHz: [-1, 0, 1], scaleCycPerOct: [0, 1] };
  const own = Float32Array.of(1, 2, 3, 4, 5, 6);
  const [plain, folded, smoothed, again] = recipeFeatures({ features: own, columns: 6 }, axes, [
    {},
    { foldRates: true },
    { rateSmoothing: 1e6, foldRates: true },
    { foldRates: true },
  ]);
  assert.equal(plain!.features, own);
  assert.deepEqual([...readAll(folded!.features)], [2, 2, 5, 5]);
  assert.deepEqual([...readAll(smoothed!.features)], [2, 2, 5, 5]);
  assert.equal(again, folded);
  // Features without axes are never prepared.
  assert.equal(recipeFeatures({ features: own, columns: 6 }, undefined, [{}])[0]!.features, own);
});
