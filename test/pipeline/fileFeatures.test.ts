import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readJson, writeJson } from 'research-basics/files';
import { writeWav } from 'stm-lab/dist/audio';
import { writeCsv } from 'stm-lab/dist/base/csv';
import { readNpy } from 'stm-lab/dist/base/npy';
import { loadEngine } from 'stm-lab/dist/engine';
import { loadModel, predictProbabilities } from 'stm-lab/dist/models';
import { trainExcerptStage } from 'stm-lab/dist/pipeline/excerptModel';
import { readPageModel } from 'stm-lab/dist/explore';
import { extractStage } from 'stm-lab/dist/pipeline/extract';
import { compareStage } from 'stm-lab/dist/pipeline/comparison';
import { featureKey, type ExtractedFeatures } from 'stm-lab/dist/pipeline/featureSettings';
import { openFeatureFolder } from 'stm-lab/dist/pipeline/featureFolder';
import { openFileFeatures } from 'stm-lab/dist/pipeline/fileFeatures';
import { openPredictor } from 'stm-lab/dist/pipeline/predict';
import { readExperiment } from 'stm-lab/dist/pipeline/experiment';
import { reduceStage } from 'stm-lab/dist/pipeline/reduce';
import { splitStage } from 'stm-lab/dist/pipeline/split';
import { trainStage } from 'stm-lab/dist/pipeline/train';
import { noise } from '../features/corpus';
import { temporaryFolder, tinyExperiment } from './support';

const RATE = 16000;
const folder = temporaryFolder('file-features');
const at = (...names: string[]): string => path.join(folder, ...names);
const tiny = readExperiment(tinyExperiment(folder));

/** Noise of 8.2 s that swings, slower in one class, and holds a pause of 1.5 s in its first 4 s. */
const rows = ['slow', 'fast'].flatMap((label, kind) =>
  [0, 1, 2].map((group) => {
    const name = `${label}${group}.wav`;
    const samples = noise(1 + group + 3 * kind, 8.2, RATE).map((value, n) => {
      const t = n / RATE;
      const isPause = t > 1.2 && t < 2.7;
      return isPause ? 0 : 0.3 * value * (1 + 0.8 * Math.sin(2 * Math.PI * (2 + 4 * kind) * t));
    });
    writeWav(at(name), samples, RATE);
    return { path: name, label, group: name };
  }),
);
const manifest = at('manifest.csv');
writeCsv(manifest, ['path', 'label', 'group'], rows, { formulas: 'keep' });
const file = at(rows[0]!.path);

const single = at('single.csv');
writeCsv(single, ['path', 'label', 'group'], rows.slice(0, 1), { formulas: 'keep' });

async function extracted(name: string, features: ExtractedFeatures, list = manifest): Promise<string> {
  await extractStage({ manifest: list, out: at(name), features, workers: 1 });
  return at(name);
}

test('a recording alone has the features of its extraction, whatever differs from the defaults', async () => {
  const settings: readonly ExtractedFeatures[] = [
    { kind: 'stm-time', hopSeconds: 1.5, maxSilenceSeconds: 2 },
    { kind: 'stm', channels: 'paper', maxExcerpts: 1, maxSilenceSeconds: 'off' },
    { kind: 'mel', scale: 'decibel', maxSilenceSeconds: 'off' },
    { kind: 'am', average: 'frequency', maxExcerpts: 1, maxSilenceSeconds: 2 },
    { kind: 'embedding', model: 'speech', maxExcerpts: 1, maxSilenceSeconds: 2 },
  ];
  for (const [i, features] of settings.entries()) {
    const opened = openFeatureFolder(await extracted(`kind${i}`, features, single));
    const [expected] = [opened.matrix.readRows(0, 1), opened.matrix.close()];
    const { extraction } = opened;
    const own = await (await openFileFeatures('here', extraction!, {}))(file);
    assert.deepEqual(own.features, expected, features.kind);
    assert.equal(own.perExcerpt.length, features.kind === 'mel' ? 0 : opened.index[0]!.excerpts);
    for (const other of [
      { ...extraction!, kind: 'embeddings' },
      { ...extraction!, revision: 99 },
      { ...extraction!, parameters: { ...extraction!.parameters, unheard: 1 } },
    ])
      await assert.rejects(
        openFileFeatures('here', other, {}),
        /^UserError: here: .* extract and train again$/,
      );
    // What changed since the first revision of STM features matters to no model.
    const first = openFileFeatures('here', { ...extraction!, revision: 1 }, {});
    assert.deepEqual((await (await first)(file)).features, expected);
    await assert.rejects(openFileFeatures('here', { ...extraction!, revision: 0 }, {}), /train again$/);
    if (features.kind === 'embedding') {
      const other = { ...extraction!, parameters: { ...extraction!.parameters, hash: 'f' } };
      await assert.rejects(openFileFeatures('here', other, {}), /another version of speech/);
    }
  }
});

test('a network predicts with the hop and the pauses it was trained with', async () => {
  const reduce = async (name: string): Promise<string> => {
    const folders = { features: at(name), split: at('split'), out: at(`${name}-reduced`) };
    await reduceStage({ ...folders, reduction: { method: 'exact', components: 3 } });
    return folders.out;
  };
  const features = await extracted('hop', { kind: 'stm-time', hopSeconds: 1.5, maxSilenceSeconds: 2 });
  await splitStage({ features, out: at('split'), split: tiny.split });
  const reduction = await reduce('hop');
  const request = { split: at('split'), model: tiny.model!, protocol: tiny.protocol, seed: 1 };
  await trainStage({ ...request, reduction, out: at('model') });
  const options = { model: at('model'), reduction };
  const { probabilities, course } = await (await openPredictor(options))(file);
  const { data, shape } = readNpy(path.join(reduction, 'reduced.npy'));
  const reduced = (data as Float32Array).slice(0, shape[1]);
  const model = loadModel(at('model', 'model'));
  const expected = predictProbabilities(await loadEngine(), model, reduced, 1);
  probabilities.forEach((value, c) => assert.ok(Math.abs(value - expected[c]!) < 1e-6));
  assert.deepEqual(
    course.map(({ startSeconds }) => startSeconds),
    [0, 1.5, 3],
  );
  // The published limit leaves out what holds the whole pause.
  const strict = await (await openPredictor({ ...options, maxSilenceSeconds: 1 }))(file);
  assert.deepEqual(
    strict.course.map(({ startSeconds }) => startSeconds),
    [3],
  );
  // The same values by other parameters are another reduction: a longer recording would differ.
  fs.cpSync(at('hop'), at('long'), { recursive: true });
  const extraction = readJson<{ parameters: object }>(at('long', 'extraction.json'));
  const parameters = { ...extraction.parameters, maxExcerpts: 500 };
  writeJson(at('long', 'extraction.json'), { ...extraction, parameters });
  const other = await reduce('long');
  await assert.rejects(openPredictor({ ...options, reduction: other }), /trained on another reduction/);
  const record = readJson<{ provenance: object }>(path.join(reduction, 'reduction.json'));
  assert.match(JSON.stringify(record.provenance), /"hopSeconds":1.5/);
});

test('a reduction of an earlier version stays valid at the defaults, and is fitted again with one sentence', async () => {
  const features = await extracted('plain', { kind: 'stm', channels: 'published' });
  await splitStage({ features, out: at('plain-split'), split: tiny.split });
  const request = {
    ...{ features, split: at('plain-split'), out: at('plain-reduced') },
    reduction: { method: 'exact', components: 3 } as const,
  };
  const { reduction } = await reduceStage(request);
  await trainStage({
    ...{ split: request.split, reduction: request.out, out: at('plain-model') },
    ...{ model: tiny.model!, protocol: tiny.protocol, seed: 1 },
  });
  // As it was written before.
  const stage = readJson<{ key: string; inputs: object }>(at('plain-reduced', 'stage.json'));
  const record = readJson<{ provenance: object; hash: string }>(at('plain-reduced', 'reduction.json'));
  const { axesHash, featuresHash, splitHash } = reduction.provenance;
  writeJson(at('plain-reduced', 'reduction.json'), {
    ...record,
    provenance: { axesHash, featuresHash, splitHash },
  });
  writeJson(at('plain-reduced', 'stage.json'), {
    ...stage,
    key: 'before',
    inputs: { features: featuresHash, axes: axesHash, split: splitHash },
  });
  const options = { model: at('plain-model'), reduction: request.out };
  await assert.rejects(
    openPredictor(options),
    /does not say how its features were extracted.*stm-lab reduce/,
  );
  const told: string[] = [];
  const again = await reduceStage(request, {
    warn: (line) => told.push(line),
    progress: (line) => told.push(line),
  });
  assert.equal(again.status, 'computed');
  assert.equal(again.reduction.hash, reduction.hash);
  assert.ok(
    told.some((line) => /recomputed, since its input changed: extraction/.test(line)),
    told.join('\n'),
  );
  assert.equal((await (await openPredictor(options))(file)).classes.length, 2);
});

test('a model of excerpts predicts with the features it was trained on', async () => {
  const out = at('excerpts');
  const features = await extracted('cortical', { kind: 'cortical', maxExcerpts: 1, keep: 'excerpts' });
  const choice = { components: 2, among: [{ C: [1] }], collectionBalance: 0, calibrationFolds: 2 };
  const crossValidation = { folds: 3, seeds: 1 };
  const { record } = await trainExcerptStage({ features, out, choice, crossValidation });
  const predict = await openPredictor({ model: out });
  for (const { path: name, label } of [rows[0]!, rows[5]!]) {
    const { classes, probabilities, course } = await predict(at(name));
    assert.equal(course.length, 1);
    assert.equal(classes[probabilities[0]! > probabilities[1]! ? 0 : 1], label);
  }
  assert.throws(() => readPageModel(out), /was trained on cortical features/);
  // The same recipe as a row of a comparison.
  const own = { kind: 'cortical', maxExcerpts: 1, pooling: 'excerpts' } as const;
  const compare = (name: string, official?: { column: string; values: Map<string, string> }) =>
    compareStage({
      experiment: {
        ...readExperiment(tinyExperiment(folder)),
        comparison: {
          ...{ ...crossValidation, reference: 'own', resamples: 10 },
          rows: [
            { name: 'own', features: own, excerptModel: choice },
            { name: 'again', features: own, excerptModel: choice },
            { name: 'both', combine: ['own', 'again'] },
          ],
        },
      },
      ...{ features: { [featureKey(own)]: features }, out: at(name), official },
    });
  const { rows: compared } = await compare('comparison');
  assert.equal(compared[0]!.macroF1.value, record.scores.byGroup.macroF1.value);
  assert.equal(compared[0]!.features, 'cortical, excerpts one by one');
  // Parts that the corpus states: only the test part is scored.
  const values = new Map(rows.map((row, i) => [row.path, ['train', 'test', 'dev'][i % 3]!]));
  const stated = await compare('parts', { column: 'part', values });
  assert.deepEqual([stated.recordings, stated.groups, stated.folds], [2, 2, 1]);
  assert.deepEqual(
    stated.rows.map(({ accuracy }) => accuracy.value),
    [1, 1, 1],
  );
  fs.rmSync(folder, { recursive: true });
});
