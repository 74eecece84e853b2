import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { fileName } from 'stm-lab/dist/base/fileName';
import { readJson } from 'research-basics/files';
import type { fitTmnn, predictClips } from 'stm-lab/dist/tmnn';
import { fastDoubles } from 'stm-lab/dist/training/random';
import {
  evaluateTmnn,
  readTmnnExperiment,
  tmnnComparisonTable,
  tmnnCost,
  type TmnnExperiment,
  configurationNames,
  tmnnFilterResponses,
  tmnnScoreTable,
  tmnnSearchStage,
  tmnnStudyStage,
} from 'stm-lab/dist/pipeline';
import { cellFolder } from 'stm-lab/dist/tmnn/stage/cell';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readyCollections } from 'stm-lab/dist/tmnn/stage/ready';
import { collectClips } from 'stm-lab/dist/tmnn/stage/collection';
import { stmLabHere } from '../pipeline/support';
import { replaced } from '../replaced';
import { createTracker } from 'mlflow-tracking-client';

const repository = path.join(__dirname, '..', '..');

function temporary(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-study-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

/** Two kinds of tone by eight sources, one file that is not a sound. */
function corpus(folder: string): string {
  const next = fastDoubles(1, 'corpus');
  const lines = ['path,label,group'];
  for (let source = 0; source < 8; source++)
    for (const kind of ['music: low', 'music: high', 'noise: high']) {
      const name = `${kind.replace(': ', '-')}-${source}.wav`;
      const hz = (kind.endsWith('low') ? 200 : 2000) * (1 + 0.2 * next());
      const samples = Float32Array.from({ length: 9000 }, (_, i) =>
        kind.startsWith('noise') ? 0.2 * (next() - 0.5) : 0.3 * Math.sin((2 * Math.PI * hz * i) / 16000),
      );
      writeWav(path.join(folder, name), samples, 16000);
      lines.push(`${name},${kind},source ${source}`);
    }
  fs.writeFileSync(path.join(folder, 'broken.wav'), 'no sound');
  lines.push('broken.wav,music: low,source 0');
  const file = path.join(folder, 'manifest.csv');
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

const experiment: TmnnExperiment = {
  name: 'tiny',
  title: 'two systems for tests',
  data: { kind: 'manifest', folds: 2, validationFolds: 2 },
  segmentSeconds: 0.5,
  network: { backEnd: { width: 2 } },
  fit: { stages: [{ rule: 'adam', learningRate: 1e-2, epochs: 3 }], batchSize: 2, windows: 1 },
  testWindows: 2,
  seeds: [1, 2],
  systems: [
    { name: 'mel', frontEnd: { kind: 'mel', bands: 24 }, modulation: { filters: 0 } },
    { name: 'mel + temporal', frontEnd: { kind: 'mel', bands: 24 }, modulation: { filters: 1, taps: 11 } },
  ],
  comparisons: [['mel + temporal', 'mel']],
};

const oneEpoch: TmnnExperiment = {
  ...experiment,
  fit: { ...experiment.fit, stages: [{ rule: 'adam', learningRate: 1e-2, epochs: 1 }] },
};

test('a study: groups held out, cells resumed, tables, runs, a kept model judged again', async (t) => {
  const folder = temporary(t);
  const root = corpus(folder);
  const out = path.join(folder, 'out');
  const tracker = createTracker({
    experiment: 'test',
    journalFolder: path.join(folder, 'runs'),
    mode: 'offline',
  });
  const warnings: string[] = [];
  const stop = new AbortController();
  // Stopped in the third training, then gone on with.
  await assert.rejects(
    tmnnStudyStage(
      { experiment, root, out, resamples: 50 },
      { tracker, signal: stop.signal, progress: (line) => line.startsWith('tmnn: 2 of 4') && stop.abort() },
    ),
  );
  const firstCell = path.join(out, 'mel', 'seed-1', 'cell.json');
  const written = fs.statSync(firstCell).mtimeMs;
  const study = await tmnnStudyStage(
    { experiment, root, out, resamples: 50 },
    { tracker, warn: (line) => warnings.push(line) },
  );
  assert.equal(fs.statSync(firstCell).mtimeMs, written);
  assert.equal(study.status, 'computed');
  assert.ok(warnings.some((line) => line.includes('broken.wav')));
  assert.ok(study.notes.some((line) => line.includes('broken.wav')));
  assert.deepEqual(study.outputs, ['high', 'low', 'music', 'noise']);
  assert.deepEqual(study.clips, [
    { train: 6, validation: 6, test: 12 },
    { train: 6, validation: 6, test: 12 },
  ]);
  assert.equal(study.cells.length, 4);
  for (const cell of study.cells) {
    assert.equal(cell.history.length, 3);
    assert.ok(cell.scores['rocAuc']! >= 0 && cell.scores['rocAuc']! <= 1);
    assert.equal(cell.test.length, 12);
  }
  // The two seeds test all sources between them, and never one twice.
  const tested = study.cells
    .slice(0, 2)
    .map(({ test: names }) => new Set(names.map((name) => name.slice(-5))));
  assert.deepEqual(
    [tested[0]!.size, tested[1]!.size, new Set([...tested[0]!, ...tested[1]!]).size],
    [4, 4, 8],
  );
  assert.deepEqual(
    tmnnScoreTable(study).map(({ system }) => system),
    ['mel', 'mel + temporal'],
  );
  assert.match(String(tmnnScoreTable(study)[0]!['macro ROC-AUC']), /^\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\]$/);
  assert.equal(tmnnComparisonTable(study).length, 2);
  const responses = tmnnFilterResponses(study);
  assert.deepEqual(
    responses.map(({ panel, state }) => [panel, state]),
    [1, 2].flatMap(() => [
      ['mel + temporal', 'before training'],
      ['mel + temporal', 'learned'],
    ]),
  );
  assert.match(fs.readFileSync(path.join(out, 'outputs.csv'), 'utf8'), /^output,mel,mel \+ temporal\n/);
  const differences = readCsv(path.join(out, 'differences.csv')).rows;
  assert.deepEqual(
    differences.map(({ first, second, output }) => [first, second, output]),
    study.outputs.map((output) => ['mel + temporal', 'mel', output]),
  );
  for (const { p, p_corrected: corrected } of differences) assert.ok(Number(corrected) >= Number(p));
  // The same clips cut from waveforms.
  const waveforms = { ...experiment, data: { ...experiment.data, segments: 'waveforms' as const } };
  const [cutAnywhere] = await readyCollections(
    {
      experiment: waveforms,
      root,
      out: path.join(folder, 'cut'),
    },
    {},
  );
  assert.equal(cutAnywhere!.sources.spectrograms!.waveform?.segment, 8000);
  assert.deepEqual(
    cutAnywhere!.collection.clips.map(({ name }) => name),
    collectClips(experiment, root, 1)
      .clips.map(({ name }) => name)
      .filter((name) => name !== 'broken.wav'),
  );
  await tracker.close();
  // The study, stopped and gone on with in one run, and each training once.
  const journals = fs.readdirSync(path.join(folder, 'runs'), { recursive: true, encoding: 'utf8' });
  assert.equal(journals.filter((name) => name.endsWith('.jsonl')).length, 5, journals.join(' '));

  const again = await tmnnStudyStage({ experiment, root, out, resamples: 50 });
  assert.equal(again.status, 'cached');
  const cell = study.cells[3]!;
  const judged = await evaluateTmnn({
    experiment,
    root,
    model: path.join(cellFolder(out, 'mel + temporal', 2), 'model'),
    cache: path.join(out, 'spectrograms'),
    seed: 2,
  });
  assert.deepEqual(judged.scores, cell.scores);
  assert.deepEqual(judged.perOutput, cell.perOutput);
  // Where an earlier version put it, a finished training is found; one that lost its predictions is trained again.
  const own = cellFolder(out, 'mel + temporal', 2);
  const earlier = path.join(out, 'mel-temporal', 'seed-2');
  fs.mkdirSync(path.dirname(earlier), { recursive: true });
  fs.renameSync(own, earlier);
  fs.rmSync(path.join(cellFolder(out, 'mel', 1), 'predictions.npy'));
  fs.rmSync(path.join(out, 'stage.json'));
  const seconds = fs.statSync(path.join(earlier, 'cell.json')).mtimeMs;
  const third = await tmnnStudyStage({ experiment, root, out, resamples: 50 });
  assert.equal(fs.statSync(path.join(own, 'cell.json')).mtimeMs, seconds);
  assert.ok(fs.existsSync(path.join(cellFolder(out, 'mel', 1), 'predictions.npy')));
  assert.deepEqual(
    third.systems.map(({ scores }) => scores),
    study.systems.map(({ scores }) => scores),
  );
  await assert.rejects(
    evaluateTmnn({ experiment, root, model: folder, cache: path.join(out, 'spectrograms') }),
    /holds no network/,
  );
});

test('a training that diverges, or predicts what is not a number, is named and not stored; the others are compared', async (t) => {
  const folder = temporary(t);
  const root = corpus(folder);
  const told: string[] = [];
  const study = (out: string, own: Partial<TmnnExperiment> = {}): ReturnType<typeof tmnnStudyStage> =>
    tmnnStudyStage(
      {
        ...{ experiment: { ...oneEpoch, ...own }, root, out: path.join(folder, out), resamples: 20 },
        cache: path.join(folder, 'spectrograms'),
      },
      { warn: (line) => line.includes('broken.wav') || told.push(line) },
    );
  const exists = (...names: string[]): boolean => fs.existsSync(path.join(folder, ...names));
  let calls = 0;
  // Weights of the fourth training, and predictions of the fourth.
  const weights = await replaced(
    'stm-lab/dist/tmnn/fit',
    'fitTmnn',
    (fit: typeof fitTmnn): typeof fitTmnn =>
      async (...given) => {
        const result = await fit(...given);
        if (++calls === 4) result.best.parameters[3] = Infinity;
        return result;
      },
    () => study('weights'),
  );
  assert.deepEqual(
    weights.failed.map(({ name }) => name),
    ['mel + temporal, seed 2'],
  );
  assert.match(
    told.splice(0).join(),
    /^mel \+ temporal, seed 2: .* is (NaN|-?Infinity); the training has diverged/,
  );
  assert.ok(!exists('weights', fileName('mel + temporal'), 'seed-2', 'model'));
  assert.deepEqual(
    weights.systems.map(({ scores }) => scores['rocAuc']!.seeds.length),
    [1, 1],
  );
  const sound = await study('weights');
  assert.match(told.splice(0).join(), /^tmnn: tried again: mel \+ temporal, seed 2/);
  assert.deepEqual([sound.failed.length, sound.cells.length], [0, 4]);

  calls = 0;
  const predictions = await replaced(
    'stm-lab/dist/tmnn/predict',
    'predictClips',
    (predict: typeof predictClips): typeof predictClips =>
      async (...given) => {
        const found = await predict(...given);
        // Test clips; the fit calls it for validation.
        if (given[3].length === 12 && ++calls === 4) found.probabilities[5] = NaN;
        return found;
      },
    () => study('predictions'),
  );
  assert.deepEqual(
    predictions.failed.map(({ name }) => name),
    ['mel + temporal, seed 2'],
  );
  const cell = ['predictions', fileName('mel + temporal'), 'seed-2'];
  assert.deepEqual([exists(...cell, 'cell.json'), exists(...cell, 'predictions.npy')], [false, false]);
  told.length = 0;

  const stages = [{ rule: 'sgd', learningRate: 1e38, epochs: 2 }] as const;
  await assert.rejects(study('all', { fit: { ...experiment.fit, stages } }), {
    kind: 'diverged',
    message: /^tmnn tiny: no seed is left that all systems could be trained with/,
  });
  assert.equal(told.filter((line) => /training diverged in epoch 1/.test(line)).length, 4);
  assert.deepEqual([exists('all', 'stage.json'), exists('all', 'study.json')], [false, false]);
});

test('every prepared experiment can be read; wrong ones are named', (t) => {
  const names = configurationNames('tmnn');
  assert.deepEqual(names, [
    'filters',
    'filters-small',
    'keywords',
    'magnatagatune',
    'peers',
    'small',
    'speech-commands',
    'tags',
  ]);
  for (const name of names) assert.equal(readTmnnExperiment(name).name, name);
  // Table 1 has six rows, at the published size.
  const table = readTmnnExperiment('magnatagatune');
  assert.equal(table.systems.length, 6);
  assert.equal(
    table.fit.stages!.reduce((sum, stage) => sum + stage.epochs, 0),
    200,
  );
  const folder = temporary(t);
  const refuse = (change: object, message: RegExp): void => {
    const file = path.join(folder, 'wrong.json');
    const whole = readJson<object>(path.join(repository, 'experiments', 'tmnn', 'small.json'));
    fs.writeFileSync(file, JSON.stringify({ ...whole, ...change }));
    assert.throws(() => readTmnnExperiment(file), message);
  };
  refuse({ comparisons: [['harmonic n=1', 'nothing']] }, /compares "nothing", which is not a system/);
  refuse({ seeds: [] }, /seeds/);
  refuse({ fit: { batchSize: 0 } }, /batchSize 0/);
  refuse({ surprise: 1 }, /unknown entry "surprise"/);
  refuse(
    { systems: [{ name: 'a', frontEnd: { kind: 'mel' }, modulation: { taps: 4 } }], comparisons: [] },
    /taps 4/,
  );
});

test('spoken digits: whole speakers held out, each tested once over three seeds', (t) => {
  const shared = process.env.STM_SHARED ?? path.join(repository, '..', 'shared');
  const root = path.join(shared, 'spoken-digits');
  if (!fs.existsSync(root)) return t.skip(`${root} is missing`);
  const keywords = readTmnnExperiment('keywords');
  const tested: string[] = [];
  for (const seed of keywords.seeds.slice(0, keywords.data.folds)) {
    const { clips, outputs, task } = collectClips(keywords, root, seed);
    assert.equal(outputs.length, 10);
    assert.equal(task, 'classes');
    assert.equal(clips.length, 6 * 10 * keywords.data.clipsPerGroupAndLabel!);
    const speakers = (part: string): string[] =>
      [...new Set(clips.filter((clip) => clip.part === part).map(({ group }) => group))].sort();
    const all = [...speakers('train'), ...speakers('validation'), ...speakers('test')];
    assert.equal(new Set(all).size, 6);
    assert.equal(all.length, 6);
    assert.equal(speakers('test').length, 2);
    tested.push(...speakers('test'));
  }
  assert.equal(new Set(tested).size, 6);
});

test('the cost of a training is projected from real steps', async () => {
  const system = experiment.systems[1]!;
  const cost = await tmnnCost(experiment, system, { steps: 2, clips: 100 });
  assert.equal(cost.stepSeconds.length, 2);
  assert.equal(cost.stepsPerEpoch, 50);
  assert.equal(cost.epochs, 3);
  assert.notEqual(cost.losses[0], cost.losses[1]);
  assert.ok(Math.abs(cost.hours - (Math.min(...cost.stepSeconds) * 150) / 3600) < 1e-9);
});

test('settings are searched by their paths, resumed and extended; what the preset does not have is refused', async (t) => {
  const folder = temporary(t);
  const root = corpus(folder);
  const out = path.join(folder, 'search');
  const space = {
    'fit.stages.0.learningRate': { type: 'float', min: 1e-5, max: 1e-2, scale: 'log' },
    'systems.0.modulation.filters': { type: 'int', min: 0, max: 1 },
  };
  const searched = (trials: number, own: object = space): Parameters<typeof tmnnSearchStage>[0] => ({
    experiment: {
      ...oneEpoch,
      ...{ systems: experiment.systems.slice(1), comparisons: [], seeds: [1] },
      search: { sampler: 'sobol', trials, space: { ...own } },
    },
    ...{ root, out },
  });
  const stop = new AbortController();
  await assert.rejects(
    tmnnSearchStage({ ...searched(2), onTrial: () => stop.abort() }, { signal: stop.signal }),
    /run it again to continue/,
  );
  const first = path.join(cellFolder(path.join(out, 'trials', '0'), 'mel + temporal', 1), 'cell.json');
  const written = fs.statSync(first).mtimeMs;
  const preset = path.join(folder, 'preset.json');
  fs.writeFileSync(preset, JSON.stringify(searched(1).experiment));
  const command = ['tmnn', 'search', '--preset', preset, '--manifest', root, '--out', out, '--trials', '2'];
  const { code, out: printed, err } = await stmLabHere(...command, '--tracking', 'offline');
  assert.equal(code, 0, err);
  assert.match(printed, /trial 1: complete \d+\.\d{4} \{"fit\.stages\.0\.learningRate":/);
  assert.match(
    printed,
    /best validation loss \d+\.\d{4} in trial \d; done; train it with --preset .*best\.json/,
  );
  const { best, trials } = await tmnnSearchStage(searched(2));
  assert.equal(fs.statSync(first).mtimeMs, written);
  assert.deepEqual(
    trials.map(({ state }) => state),
    ['complete', 'complete'],
  );
  assert.equal(best.value, Math.min(...trials.map(({ value }) => value!)));
  const found = readTmnnExperiment(path.join(out, 'best.json'));
  assert.equal(found.fit.stages![0]!.learningRate, best.values['fit.stages.0.learningRate']);
  assert.equal(found.systems[0]!.modulation.filters, best.values['systems.0.modulation.filters']);
  assert.equal(readCsv(path.join(out, 'trials.csv')).rows.length, 2);
  await assert.rejects(
    tmnnSearchStage(searched(2, { 'fit.stages.0.learningRat': space['fit.stages.0.learningRate'] })),
    /"fit\.stages\.0\.learningRat" is not a setting .*did you mean "fit\.stages\.0\.learningRate"/,
  );
  await assert.rejects(
    tmnnSearchStage(searched(2, { 'fit.batchSize': { type: 'int', min: 2, max: 4 } })),
    /holds a search with other settings: /,
  );
});
