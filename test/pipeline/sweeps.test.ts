import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readCsv, writeCsv } from 'stm-lab/dist/base/csv';
import { writeNpy } from 'stm-lab/dist/base/npy';
import { buildFigure, type FigureName } from 'stm-lab/dist/pipeline/figures';
import { readExperiment, type Experiment } from 'stm-lab/dist/pipeline/experiment';
import { reduceStage } from 'stm-lab/dist/pipeline/reduce';
import { searchStage } from 'stm-lab/dist/pipeline/search';
import { splitStage } from 'stm-lab/dist/pipeline/split';
import { importances, type Space } from 'bayesian-optimizer';
import { sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { stmLabHere, temporaryFolder, tinyExperiment } from './support';

const folder = temporaryFolder('sweeps');
const file = tinyExperiment(folder);
const tiny = readExperiment(file);
const real = (min: number, max: number): Space[string] => ({ type: 'float', min, max });

/**
 * Features as an extraction leaves them. Class c of 3 has its mean at column c; in `rare` one class has a tenth of the
 * rows, and columns are noise but for the first.
 */
function plantedFeatures(name: string, rows: number, columns = 24, groups = 30): string {
  const out = path.join(folder, name);
  fs.mkdirSync(out, { recursive: true });
  const random = randomState(5);
  const labels = Array.from({ length: rows }, (_, i) => i % 3);
  const data = Float32Array.from({ length: rows * columns }, (_, k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    return random.normal() * 0.8 + (column === labels[row] ? 1.5 : 0);
  });
  writeNpy(path.join(out, 'features.npy'), { shape: [rows, columns], data });
  writeCsv(
    path.join(out, 'index.csv'),
    ['path', 'label', 'group', 'excerpts', 'analysed_s', 'collection'],
    labels.map((label, i) => ({
      path: `r${i}.wav`,
      label: `class ${label}`,
      group: `g${label}-${Math.floor(i / 3) % groups}`,
      excerpts: 1,
      analysed_s: 4,
      collection: `c${(Math.floor(i / 3) % groups) % 4}`,
    })),
  );
  const rates = columns / 2;
  const rateHz = Array.from({ length: rates }, (_, i) => i - (rates - 1) / 2);
  fs.writeFileSync(path.join(out, 'axes.json'), JSON.stringify({ rateHz, scaleCycPerOct: [0, 1] }));
  const sha256 = Object.fromEntries(
    ['features.npy', 'index.csv', 'axes.json'].map((one) => [one, sha256File(path.join(out, one))]),
  );
  fs.writeFileSync(path.join(out, 'extraction.json'), JSON.stringify({ sha256 }));
  return out;
}

/** Split and reduction of planted features, and a search on them. */
async function prepared(
  name: string,
  features: string,
  search: Partial<Experiment['search']>,
): Promise<Parameters<typeof searchStage>[0]> {
  const at = (stage: string): string => path.join(folder, name, stage);
  await splitStage({ features, out: at('split'), split: tiny.split });
  await reduceStage({ features, split: at('split'), out: at('reduction'), reduction: tiny.reduction });
  const preset = { ...tiny, search: { ...tiny.search, ...search } };
  return {
    ...{ reduction: at('reduction'), split: at('split'), out: at('search') },
    ...{ search: preset.search, preset, features },
  };
}

test('a search over everything before the model: reductions are computed once, and resumed and extended in one study', async () => {
  const features = plantedFeatures('mixed', 120);
  const network = { parameter: 'model.family', in: ['dropout', 'layernorm'] };
  const space: Space = {
    'features.rateSmoothing': { type: 'categorical', choices: [0, 1] },
    'reduction.components': { type: 'categorical', choices: [4, 8] },
    'model.family': { type: 'categorical', choices: ['dropout', 'layernorm', 'logistic', 'svm'] },
    'training.batchSize': { type: 'int', min: 8, max: 32, scale: 'log', when: network },
    'logistic.C': {
      type: 'float',
      min: 0.01,
      max: 10,
      scale: 'log',
      when: { parameter: 'model.family', in: ['logistic'] },
    },
  };
  const start = { 'features.rateSmoothing': 1, 'reduction.components': 4, 'model.family': 'svm' };
  const options = await prepared('mixed-run', features, {
    ...{ sampler: 'random', trials: 10, space, enqueue: [start] },
    objective: { metric: 'accuracy', over: 'groups', folds: 3 },
  });
  const first = await searchStage(options);
  assert.equal(first.completed, 10);
  assert.deepEqual(first.trials[0]!.values, start, 'what was enqueued comes first');
  assert.ok(first.best.value > 0.5, `accuracy ${first.best.value}`);
  const used = new Set(
    first.trials.map(
      ({ values }) => `${String(values['features.rateSmoothing'])} ${String(values['reduction.components'])}`,
    ),
  );
  const reduced = fs.readdirSync(path.join(options.out, 'reduced'));
  assert.equal(
    reduced.length,
    used.size * 3 * 2,
    'train and test rows of each fold of each distinct setting, once',
  );
  const more = await searchStage({ ...options, search: { ...options.search, trials: 14 } });
  assert.deepEqual(
    more.trials.slice(0, 10).map(({ value }) => value),
    first.trials.map(({ value }) => value),
  );
  assert.equal(more.trials.length, 14);
  const csv = fs.readFileSync(path.join(options.out, 'trials.csv'), 'utf8').trim().split('\n');
  assert.equal(csv.length, 15);
  assert.match(
    csv[0]!,
    /^number,state,value,parameter features\.rateSmoothing,.*,seconds,started,finished,starts,failure,run$/,
  );
  const best = readExperiment(path.join(options.out, 'best.json'));
  assert.equal(best.comparison!.rows[0]!.name, 'best trial');
});

test('the same trial has the same value in another process count and from cached rows', async () => {
  const features = plantedFeatures('workers', 90);
  const space: Space = { 'reduction.components': { type: 'int', min: 2, max: 12 }, 'loss.gamma': real(0, 4) };
  const byNumber = async (name: string, workers: number): Promise<unknown[]> => {
    const options = await prepared(name, features, { sampler: 'sobol', trials: 4, space });
    const { trials } = await searchStage({ ...options, workers });
    return trials.map(({ number, value, values }) => [number, value, values]);
  };
  assert.deepEqual(await byNumber('one', 1), await byNumber('two', 2));
});

test('by collection: collections are held out; without names it is refused', async () => {
  const features = plantedFeatures('collections', 90);
  const space: Space = {
    'model.family': { type: 'categorical', choices: ['logistic'] },
    'logistic.C': { type: 'float', min: 0.01, max: 1, scale: 'log' },
  };
  const options = await prepared('by-collection', features, {
    trials: 2,
    space,
    objective: { metric: 'uar', over: 'collections', folds: 4 },
  });
  assert.equal((await searchStage(options)).completed, 2);
  assert.equal(fs.readdirSync(path.join(options.out, 'reduced')).length, 8);
});

test('label smoothing and the balance of collections reach the trainings; without collections the balance is refused', async () => {
  const features = plantedFeatures('balance', 90);
  const space: Space = {
    'loss.labelSmoothing': { type: 'categorical', choices: [0, 0.4] },
    'loss.collectionBalance': { type: 'categorical', choices: [0, 1] },
  };
  const points = [0, 0.4].flatMap((smoothing) =>
    [0, 1].map((balance) => ({ 'loss.labelSmoothing': smoothing, 'loss.collectionBalance': balance })),
  );
  const wanted = { sampler: 'random', trials: 4, space, enqueue: points, objective: 'logLoss' } as const;
  // On the rows of a reduction, and on folds of the features.
  const options = await prepared('balance-run', features, wanted);
  // Collections of unequal size.
  const kept = path.join(options.split, 'collections.json');
  const { rows } = JSON.parse(fs.readFileSync(kept, 'utf8')) as { rows: number[] };
  assert.deepEqual(rows.slice(0, 6), [0, 0, 0, 1, 1, 1]);
  const objective = { metric: 'logLoss', over: 'groups', folds: 2 } as const;
  for (const over of [wanted.objective, objective]) {
    const search = { ...options.search, objective: over };
    const { trials } = await searchStage({ ...options, search, out: `${options.out}-${typeof over}` });
    assert.equal(new Set(trials.map(({ value }) => value)).size, 4, 'each setting changes the model');
  }
  fs.rmSync(kept);
  await assert.rejects(
    searchStage({ ...options, out: `${options.out}-none` }),
    /"loss\.collectionBalance" has no effect: the manifest names no collections .*; leave it out/,
  );
  fs.writeFileSync(kept, JSON.stringify({ names: ['one'], rows: rows.map(() => 0) }));
  await assert.rejects(
    searchStage({ ...options, out: `${options.out}-one` }),
    /has no effect: all training rows come from one collection; leave it out/,
  );
});

test('planted effects: gamma is found where it matters, and not where it cannot', async () => {
  const features = plantedFeatures('effects', 240);
  const gamma = real(0, 20);
  const sharesOf = async (
    name: string,
    space: Space,
    objective: 'logLoss' | 'accuracy',
    epochs: number,
  ): Promise<Record<string, number>> => {
    const options = await prepared(name, features, {
      ...{ sampler: 'sobol', trials: 16, space, objective },
      fit: { ...tiny.search.fit, epochs },
    });
    const { trials } = await searchStage(options);
    return Object.fromEntries(
      importances(trials, space).map(({ parameter, importance }) => [parameter, importance]),
    );
  };
  // Focal loss keeps probabilities from the ends: the larger gamma, the larger the log loss.
  const matters = await sharesOf(
    'gamma-matters',
    { 'loss.gamma': gamma, 'training.inputNoise': real(0, 0.001) },
    'logLoss',
    20,
  );
  assert.ok(matters['loss.gamma']! > 0.8, JSON.stringify(matters));
  // Fewer updates leave the network untrained, whatever its loss; Adam takes the size of gradients out.
  const cannot = await sharesOf(
    'gamma-cannot',
    { 'training.batchSize': { type: 'int', min: 4, max: 256, scale: 'log' }, 'loss.gamma': real(0, 1) },
    'accuracy',
    4,
  );
  assert.ok(cannot['loss.gamma']! < 0.15, JSON.stringify(cannot));
  assert.ok(cannot['training.batchSize']! > 0.7, JSON.stringify(cannot));
});

test('two objectives: the Pareto front in every file, the same after a stop; which trials cannot have both is said', async () => {
  const features = plantedFeatures('pareto', 90);
  const space: Space = {
    'model.family': { type: 'categorical', choices: ['dropout', 'logistic'] },
    'reduction.components': { type: 'int', min: 2, max: 12 },
  };
  const search = { sampler: 'random', space, objective: ['macroF1', 'weights'] } as const;
  const options = await prepared('pareto-run', features, { ...search, trials: 6 });
  const found = await searchStage(options);
  const { trials, front, best } = found;
  // 3 classes; the network has one layer of 16 units.
  for (const { values, value, objectives } of trials) {
    const inputs = Number(values['reduction.components']);
    const weights = values['model.family'] === 'logistic' ? (inputs + 1) * 3 : (inputs + 1) * 16 + 17 * 3;
    assert.deepEqual(objectives, [value, weights]);
  }
  const dominated = ([score, weights]: readonly number[]): boolean =>
    trials.some(({ objectives: [a, b] }) => a! >= score! && b! <= weights! && (a! > score! || b! < weights!));
  const expected = trials.filter(({ objectives }) => !dominated(objectives)).map(({ number }) => number);
  assert.deepEqual(
    front!.map(({ number }) => number).sort((a, b) => a - b),
    expected,
  );
  assert.equal(best.value, Math.max(...trials.map(({ value }) => value!)));
  assert.equal(best.number, front![0]!.number);
  const { columns, rows } = readCsv(path.join(options.out, 'trials.csv'));
  assert.deepEqual(columns.slice(0, 5), ['number', 'state', 'value macroF1', 'value weights', 'pareto']);
  assert.deepEqual(
    rows.flatMap(({ pareto }, i) => (pareto === 'yes' ? [i] : [])),
    expected,
  );
  assert.match(fs.readFileSync(path.join(options.out, 'pareto.svg'), 'utf8'), /Number of weights/);
  const drawn = async (name: FigureName, metric?: string): Promise<string> =>
    JSON.stringify(
      await buildFigure({ experiment: options.preset, search: () => found } as never, name, { metric }),
    );
  assert.match(await drawn('search-pareto'), /"step-after".*"Number of weights".*"Validation macro-F1"/);
  assert.match(await drawn('search-history', 'weights'), /"Number of weights"/);
  assert.match(await drawn('search-timeline'), /"Time since the first trial \(s\)"/);
  await assert.rejects(drawn('search-slices', 'uar'), /this search has macroF1 and weights/);
  const part = await prepared('pareto-part', features, { ...search, trials: 3 });
  await searchStage(part);
  const resumed = await searchStage({ ...part, search: { ...part.search, trials: 6 } });
  assert.deepEqual(resumed.front, front);

  const byRows = await prepared('pareto-rows', features, {
    ...{ sampler: 'random', trials: 1, space },
    objective: [
      { metric: 'uar', over: 'groups', folds: 3 },
      { metric: 'uar', over: 'collections', folds: 4 },
    ],
  });
  const { front: one } = await searchStage(byRows);
  assert.deepEqual(Object.keys(one![0]!.objectives), ['uar-groups', 'uar-collections']);

  const refused = (changed: object): Promise<unknown> =>
    searchStage({ ...options, out: `${options.out}-refused`, search: { ...options.search, ...changed } });
  await assert.rejects(refused({ pruner: 'median' }), /pruner median compares trials by one objective/);
  const svm: Space = { 'model.family': { type: 'categorical', choices: ['svm'] } };
  await assert.rejects(refused({ space: svm }), /leave svm out of model\.family/);
});

test('pruning: trials that fall behind stop, and are not the best', async () => {
  const features = plantedFeatures('pruned', 120);
  const space: Space = { lr: { type: 'float', min: 1e-6, max: 0.03, scale: 'log' } };
  const options = await prepared('pruned-run', features, {
    sampler: 'sobol',
    trials: 16,
    space,
    pruner: 'median',
  });
  const { pruned, completed, trials, best } = await searchStage(options);
  assert.ok(pruned > 0 && completed + pruned === 16, `${pruned} pruned, ${completed} completed`);
  assert.equal(trials[best.number]!.state, 'complete');
});

test('a changed space is refused with what changed, adopted on request, and no other setting replaces a result', async () => {
  const features = plantedFeatures('changed', 90);
  const space: Space = { lr: real(0.001, 0.01) };
  const options = await prepared('changed-run', features, { sampler: 'random', trials: 2, space });
  const before = await searchStage(options);
  const files = fs.readFileSync(path.join(options.out, 'search.json'), 'utf8');
  const wider = { ...options, search: { ...options.search, space: { lr: real(0.001, 0.02) } } };
  await assert.rejects(
    searchStage(wider),
    /holds a search of another space: space\.lr\.max was 0\.01 and is 0\.02; .*--space-change adopt/,
  );
  const seeded = { ...options, search: { ...options.search, seed: 9 } };
  await assert.rejects(
    searchStage({ ...seeded, spaceChange: 'adopt' }),
    /holds a search with other settings: seed was 1 and is 9/,
  );
  assert.equal(fs.readFileSync(path.join(options.out, 'search.json'), 'utf8'), files);
  const after = await searchStage({ ...wider, search: { ...wider.search, trials: 4 }, spaceChange: 'adopt' });
  assert.deepEqual(
    after.trials.slice(0, 2).map(({ value }) => value),
    before.trials.map(({ value }) => value),
  );
  assert.equal(after.trials.length, 4);
});

test('the command: train refuses a search of another space; the table of trials is printed', async () => {
  const features = plantedFeatures('command', 90);
  const { reduction, split } = await prepared('command-run', features, {});
  const out = path.join(folder, 'command-run', 'searched');
  const rows = ['--reduction', reduction, '--split', split];
  const whole = JSON.parse(fs.readFileSync(file, 'utf8')) as Experiment;
  const folding = path.join(folder, 'folding.json');
  const space = { 'features.foldRates': { type: 'categorical', choices: [true, false] } };
  fs.writeFileSync(
    folding,
    JSON.stringify({ ...whole, search: { ...whole.search, space, objective: ['macroF1', 'weights'] } }),
  );
  const yesNo = await stmLabHere(
    ...['search', ...rows, '--features', features, '--out', `${out}-folding`, '--preset', folding],
    ...['--trials', '1', '--tracking', 'disabled'],
  );
  assert.equal(yesNo.code, 0, yesNo.err);
  assert.match(
    yesNo.out,
    /\n *trial +macroF1 +weights +features\.foldRates\n *0 +0?\.\d+ +\d+ +(true|false)\n/,
  );
  const ran = await stmLabHere(
    'search',
    ...rows,
    '--out',
    out,
    '--preset',
    file,
    '--trials',
    '2',
    '--tracking',
    'offline',
  );
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /trial +state +value +seconds +num_layers +units_0/);
  assert.match(ran.out, / complete +0\.\d{4}\*/);
  const other = await stmLabHere(
    'train',
    ...rows,
    '--search',
    out,
    '--out',
    path.join(folder, 'model'),
    '--tracking',
    'disabled',
  );
  assert.equal(other.code, 2);
  assert.match(
    other.err,
    /is a search of "tiny" with other settings than this preset's: .*; name its preset with --preset/,
  );
  const trained = await stmLabHere(
    'train',
    ...rows,
    '--search',
    out,
    '--out',
    path.join(folder, 'model'),
    '--tracking',
    'disabled',
    '--preset',
    file,
  );
  assert.equal(trained.code, 0, trained.err);
});
