import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { sha256, sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { recipeOf } from 'stm-lab/dist/features/extractor/compute';
import { currentVersions, writeResults } from 'stm-lab/dist/features/extractor/results';
import {
  ablateStage,
  compareStage,
  crossValidationStage,
  evaluateStage,
  readExperiment,
  reduceStage,
  searchStage,
  splitStage,
  trainStage,
  type Experiment,
} from 'stm-lab/dist/pipeline';
import { featureKey } from 'stm-lab/dist/pipeline/featureSettings';
import { temporaryFolder, tinyExperiment } from './support';

const folder = temporaryFolder('streamed-stages');
const limit = process.env['STM_LAB_ROWS_MB'];
after(() => {
  fs.rmSync(folder, { recursive: true, force: true });
  if (limit === undefined) delete process.env['STM_LAB_ROWS_MB'];
  else process.env['STM_LAB_ROWS_MB'] = limit;
});

/** Features of 3 classes x 6 groups x 2 recordings of 2 excerpts each, without any sound. */
function featureFolder(out: string): string {
  const recipe = recipeOf({ keep: 'excerpts' });
  const { rowLength } = recipe.description;
  const random = randomState(2);
  const kept = new Map<string, Float32Array>();
  const items = Array.from({ length: 36 }, (_, i) => {
    const kind = i % 3;
    const group = Math.floor(i / 6);
    const row = {
      ...{
        line: i + 2,
        path: `r${i}.wav`,
        file: `/r${i}.wav`,
        label: `class ${kind}`,
        startSeconds: 0,
        extra: {},
      },
      ...{ group: `speaker ${kind}-${group}` },
    };
    kept.set(
      row.path,
      Float32Array.from({ length: 3 * rowLength }, (_, j) => random.double() + (j % 3 === kind ? 0.2 : 0)),
    );
    const outcome = { excerpts: 2, analysedSeconds: 8, longestSilenceSeconds: 0, excerptStarts: [0, 4] };
    return { row, outcome, key: row.path, hash: sha256(row.path) };
  });
  writeResults(out, items, (key) => kept.get(key)!, { ...recipe, versions: currentVersions() });
  return out;
}

const COMPARISON: NonNullable<Experiment['comparison']> = {
  ...{ folds: 2, seeds: 1, reference: 'MLP', resamples: 20 },
  rows: [
    { name: 'MLP' },
    {
      name: 'smoothed, folded',
      rateSmoothing: 2,
      foldRates: true,
      reduction: { method: 'none', components: 1 },
    },
    { name: 'chosen', choose: { folds: 2, among: [{ logistic: { C: 0.1 } }, { logistic: { C: 0.01 } }] } },
    { name: 'attention', features: { kind: 'stm', pooling: 'attention' } },
    {
      name: 'excerpts',
      excerptModel: {
        ...{ rateSmoothing: 2, foldRates: true, components: 6, collectionBalance: 0.5, calibrationFolds: 2 },
        among: [{ C: [0.01], shrinkage: [0.5] }],
      },
    },
  ],
};

/** Hashes of what every stage leaves, with feature rows of at most `megabytes` in memory. */
async function everyStage(features: string, megabytes: number): Promise<Record<string, string>> {
  process.env['STM_LAB_ROWS_MB'] = String(megabytes);
  const own = (name: string): string => path.join(folder, `limit-${megabytes}`, name);
  const experiment = { ...readExperiment(tinyExperiment(folder)), comparison: COMPARISON };
  const places = { reduction: own('reduction'), split: own('split') };
  await splitStage({ features, out: places.split, split: experiment.split });
  await reduceStage({
    features,
    split: places.split,
    out: places.reduction,
    reduction: experiment.reduction,
  });
  const { model, protocol } = experiment;
  const short = { ...model, fit: { ...model.fit, epochs: 2 } };
  const search = { ...experiment.search, trials: 2, executions: 1 };
  await searchStage({ ...places, out: own('search'), search });
  const { space } = search;
  const reductions = { ...space, 'reduction.components': { type: 'int', min: 4, max: 6 } } as typeof space;
  const byGroup = { metric: 'macroF1', over: 'groups', folds: 2 } as const;
  await searchStage({
    ...{ ...places, features, preset: experiment, out: own('search-reductions') },
    search: { ...search, space: reductions, objective: byGroup },
  });
  await trainStage({ ...places, out: own('train'), model: short, protocol, seed: 3 });
  await evaluateStage({ ...places, model: own('train'), out: own('evaluate'), resamples: 10 });
  await crossValidationStage({
    ...{ features, out: own('cross-validation'), crossValidation: { folds: 2, seeds: 1 } },
    ...{ reduction: experiment.reduction, model: short },
  });
  const ablation = { ...experiment.ablation, passes: ['low'], marginals: 'no' } as Experiment['ablation'];
  const cells = { ...experiment, ablation, model: short };
  await ablateStage({ features, out: own('ablation'), experiment: cells });
  const searched = {
    ...cells,
    search: { ...search, trials: 1 },
    ablation: { ...ablation, hyperparameters: 'searched' },
  } as Experiment;
  await ablateStage({ features, out: own('ablation-searched'), experiment: searched });
  await compareStage({
    ...{ experiment: { ...experiment, model: short }, out: own('comparison') },
    features: { [featureKey({ kind: 'stm' })]: features, 'stm-published-excerpts': features },
  });
  const root = path.join(folder, `limit-${megabytes}`);
  const files = fs.readdirSync(root, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    files
      .filter((name) => /\.(npy|csv|json)$/.test(name) && !/stage\.json|run\.json|trials\.csv/.test(name))
      .sort()
      .map((name) => [name, sha256File(path.join(root, name))]),
  );
}

test('every stage leaves the same bytes whether rows lie in memory or are read from their files', async () => {
  const features = featureFolder(path.join(folder, 'features'));
  const memory = await everyStage(features, 1024);
  const streamed = await everyStage(features, 0);
  assert.deepEqual(streamed, memory);
  assert.ok(Object.keys(memory).length > 30, Object.keys(memory).join());
  for (const name of ['train/model/output.kernel.npy', 'search/search.json', 'comparison/comparison.json'])
    assert.ok(name in memory, name);
});
