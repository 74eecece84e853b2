import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { readManifest } from 'stm-lab/dist/corpus';
import { readExperiment } from 'stm-lab/dist/pipeline/experiment';
import { experimentStages } from 'stm-lab/dist/pipeline/experimentStages';
import { buildFigure } from 'stm-lab/dist/pipeline/figures';
import { buildTable } from 'stm-lab/dist/pipeline/tables';
import { openPredictor } from 'stm-lab/dist/pipeline/predict';
import { stageFolders } from 'stm-lab/dist/pipeline/stageFolders';
import { temporaryFolder, tinyCorpus, tinyExperiment } from './support';

test('AM features go through every stage: by their axes, without scales', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder('representations');
  const manifest = readManifest(tinyCorpus(path.join(folder, 'corpus')), { purpose: 'extraction' });
  const tiny = readExperiment(tinyExperiment(folder));
  const rows = [
    { name: 'AM' },
    { name: 'mean AM', features: { kind: 'am', average: 'frequency' }, logistic: { C: 0.01 } },
  ] as const;
  const experiment = {
    ...tiny,
    features: { kind: 'am' } as const,
    search: { ...tiny.search, trials: 1 },
    comparison: { ...tiny.comparison!, reference: 'AM', rows },
  };
  const folders = stageFolders(path.join(folder, 'results'), 'tiny', experiment, undefined);
  assert.equal(path.basename(folders.features), 'features-am');
  const settings = { corpus: 'tiny', note: undefined, folders, context: {}, workers: 1 };
  const lab = experimentStages(experiment, manifest, settings);
  const { cells } = await lab.ablate();
  assert.deepEqual(
    cells.map(({ region, kept }) => [region!.pass, region!.rateHz, region!.scaleCycPerOct, kept]),
    // 8 of 64 rates in 30 bands, and the others: without scales, a complement is the other side.
    [
      ['low', 4, undefined, 240],
      ['high', 4, undefined, 1680],
    ],
  );
  const { drops } = await lab.occlude();
  assert.equal(drops[0]!.length, 30 * 64);
  assert.ok(drops.some((drop) => Array.from(drop).some((value) => Math.abs(value) > 1e-6)));
  for (const name of ['class-means', 'effect-sizes', 'components', 'occlusion'] as const)
    assert.match(JSON.stringify(await buildFigure(lab, name)), /Channel \(Hz\)/, name);
  const marginals = JSON.stringify(await buildFigure(lab, 'ablation-marginals', { metric: 'macroF1' }));
  assert.match(marginals, /Rate cutoff \(Hz\)/);
  assert.doesNotMatch(marginals, /ROC-AUC/);
  await assert.rejects(
    buildFigure(lab, 'ablation-marginals', { metric: 'f1' }),
    /has macroF1 and macroRocAuc/,
  );
  assert.deepEqual(
    (await buildTable(lab, 'regions')).map(({ features }) => features),
    [240, 1680],
  );
  const { rows: scored } = await lab.compare();
  assert.deepEqual(
    scored.map(({ name }) => name),
    ['AM', 'mean AM'],
  );
  assert.ok(scored.every(({ macroF1 }) => macroF1.value > 0.6));
  const predict = await openPredictor({ model: folders.model, reduction: folders.reduction });
  const { probabilities, course } = await predict(manifest.rows[0]!.file);
  assert.ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-5);
  assert.equal(course.length, 1);
});
