import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { scoreCell, type AblationPlan } from 'stm-lab/dist/pipeline/ablation/score';
import { readExperiment } from 'stm-lab/dist/pipeline/experiment';
import { createStudy, type Space } from 'bayesian-optimizer';
import { randomState } from 'research-basics/random/mt19937';
import { temporaryFolder, tinyExperiment } from './support';

const folder = temporaryFolder('ablation-search');
const tiny = readExperiment(tinyExperiment(folder));
const columns = 6;
const random = randomState(8);
const index = Array.from({ length: 60 }, (_, i) => ({
  ...{ path: `r${i}.wav`, label: `class ${i % 2}`, group: `g${i % 20}`, excerpts: 1, analysedSeconds: 4 },
}));
const features = Float32Array.from({ length: index.length * columns }, (_, k) => {
  const [row, column] = [Math.floor(k / columns), k % columns];
  return random.normal() + (column === row % 2 ? 2 : 0);
});

for (const [objective, direction] of [
  ['accuracy', 'maximize'],
  ['logLoss', 'minimize'],
] as const)
  test(`the search of a cell follows its objective: ${objective}, ${direction}`, async () => {
    const engine = await loadEngine();
    // The one hardly trains; the other separates the classes.
    const space: Space = { ...tiny.search.space, lr: { type: 'categorical', choices: [1e-9, 0.02] } };
    const search = { ...tiny.search, space, objective, sampler: 'random', trials: 6, executions: 1 } as const;
    const plan: AblationPlan = {
      ...{ folds: 3, seeds: 1, model: tiny.model },
      searched: {
        search: { ...search, fit: { ...search.fit, epochs: 12 } },
        split: tiny.split,
        protocol: tiny.protocol,
      },
    };
    const y = Int32Array.from(index.keys(), (i) => i % 2);
    const data = {
      ...{ engine, features, columns, index, y, classes: ['class 0', 'class 1'], design: undefined },
      groups: Int32Array.from(index.keys(), (i) => i % 20),
      axes: { rateHz: [], scale: [], scaleUnit: 'cyc/oct' } as never,
    };
    const { cell } = await scoreCell({ name: objective }, data, plan, folder);
    const trials = createStudy({
      ...{ name: `ablation-${objective}`, space, direction, sampler: 'random', seed: search.seed },
      ...{ namespace: 'stm-lab', journal: path.join(folder, `${objective}.search.log`) },
    }).trials();
    const values = trials.map(({ value }) => value!);
    const best = direction === 'maximize' ? Math.max(...values) : Math.min(...values);
    assert.ok(Math.max(...values) - Math.min(...values) > 0.1, `trials differ: ${values.join(', ')}`);
    const chosen = trials.find(
      (trial) => JSON.stringify(trial.values) === JSON.stringify(cell.searched!.best),
    );
    assert.equal(chosen?.value, best);
    assert.equal(cell.searched!.best['lr'], 0.02);
  });
