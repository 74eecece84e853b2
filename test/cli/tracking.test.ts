import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { openTracker } from 'stm-lab/dist/pipeline';
import { runTrackedStage, trackedRun } from 'stm-lab/dist/stages/context';
import { datasetOfInputs, type RunDataset } from 'stm-lab/dist/stages/dataset';
import { noteLoggedModel, scoredNetwork, scoredRecipe } from 'stm-lab/dist/stages/scoredModel';
import { logRepeats } from 'stm-lab/dist/pipeline/evaluate';
import { commandText } from 'stm-lab/dist/pipeline/commandText';
import {
  createMlflowClient,
  createTracker,
  openArtifactStore,
  type ModelReference,
  type Run,
  type Tracker,
} from 'mlflow-tracking-client';
import { noServer, temporaryFolder } from '../tracking/support';

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const root = path.resolve(__dirname, '../..');

function stmLab(results: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const environment: NodeJS.ProcessEnv = { ...process.env, STM_LAB_RESULTS: results };
  delete environment.MLFLOW_TRACKING_URI;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'lib', 'stm-lab', 'bin', 'stm-lab.js'), ...args],
    { encoding: 'utf8', cwd: root, env: environment },
  );
  return { code: status, out: stdout, err: stderr };
}

/** A row of a comparison with the scores of its repeats. */
async function recordFolds(
  journalFolder: string,
  dataset: RunDataset,
  scores: readonly number[],
): Promise<void> {
  const tracker = openTracker({ mode: 'offline', journalFolder, experiment: 'odd folder' });
  const request = { name: 'row', key: 'row', params: {}, tags: { 'stm.stage': 'comparison-row' } };
  await trackedRun({ tracker, dataset }, request, (run) => {
    const about = scoredRecipe(run, 'STM: SVM', { model: { kind: 'svm', gamma: 0.5 } });
    const repeats = scores.map((macroF1, i) => ({ seed: i + 1, macroF1 }));
    logRepeats(run, repeats, { value: 0.75, low: 0.7, high: 0.8 }, about);
    return Promise.resolve();
  });
  await tracker.close();
}

test(
  'ui and sync use STM_LAB_RESULTS, whatever characters its name has, and files arrive',
  { skip: noServer },
  async () => {
    const results = path.join(folder, 'a?b%20c#d é');
    const tracker = createTracker({
      mode: 'offline',
      journalFolder: path.join(results, 'corpus', 'tracking'),
      experiment: 'odd folder',
    });
    const run = tracker.startRun({ name: 'run' });
    run.logText('notes/é.txt', 'text');
    run.end();
    await tracker.close();
    const dataset = { name: 'corpus', digest: '0123abcd', source: 'manifest.csv' };
    // Recorded again, as results that are reused are, nothing is there twice.
    await recordFolds(path.join(results, 'corpus', 'tracking'), dataset, [0.7, 0.8]);
    await recordFolds(path.join(results, 'corpus', 'tracking'), dataset, [0.7, 0.8]);
    const started = stmLab(results, 'ui', '--background');
    assert.equal(started.code, 0, started.err);
    const uri = /http:\/\/127\.0\.0\.1:\d+/.exec(started.out)![0];
    try {
      assert.ok(fs.existsSync(path.join(results, 'mlflow', 'mlflow.db')));
      const synced = stmLab(results, 'sync', '--uri', uri);
      assert.equal(synced.code, 0, synced.err);
      assert.match(synced.out, /complete, 2 runs/);
      // The runs of each experiment have an address of their own: MLflow's start page shows none of them.
      const found = stmLab(results, 'ui', '--background');
      assert.match(found.out, new RegExp(`odd folder: ${uri}/#/experiments/\\d+/runs`));
      const client = createMlflowClient(uri);
      const { id } = (await client.getExperiment('odd folder'))!;
      const runs = await client.searchRuns([id], { lifecycle: 'all' });
      const held = runs.find(({ name, lifecycle }) => name === 'run' && lifecycle === 'active');
      assert.ok(held, `${synced.out} ${JSON.stringify(runs)}`);
      // Scores of folds are found by their data and rank the models.
      const [model, ...others] = await client.searchLoggedModels([id], {
        datasets: [dataset],
        filter: 'metrics.cv_mean_macro_f1 > 0.7',
        orderBy: [{ field: 'metrics.cv_mean_macro_f1', ascending: false, dataset }],
      });
      assert.equal(others.length, 0);
      assert.equal(model!.name, 'STM- SVM');
      assert.equal(model!.params['model.kind'], 'svm');
      const folds = model!.metrics.filter(({ name }) => name === 'repeat_macro_f1');
      assert.deepEqual(folds.map(({ value, step }) => [step, value]).sort(), [
        [1, 0.7],
        [2, 0.8],
      ]);
      assert.deepEqual(
        await client.searchLoggedModels([id], { datasets: [{ name: 'corpus', digest: 'other' }] }),
        [],
      );
      const back = path.join(folder, 'back.txt');
      await openArtifactStore(client, held.artifactUri).get('notes/é.txt', back);
      assert.equal(fs.readFileSync(back, 'utf8'), 'text');
      client.close();
    } finally {
      assert.match(stmLab(results, 'ui', '--stop').out, /MLflow stopped/);
    }
    assert.deepEqual(fs.readdirSync(folder).sort(), ['a?b%20c#d é', 'back.txt']);
  },
);

test('the command that runs carry names no folder outside of the working folder, and no password', () => {
  const home = os.homedir();
  const cases: Record<string, string> = {
    [path.join(process.cwd(), 'data', 'm.csv')]: 'data/m.csv',
    [`--manifest=${path.join(process.cwd(), 'm.csv')}`]: '--manifest=m.csv',
    '--manifest=/home/ada/secret project/m.csv': '--manifest=m.csv',
    '-m=/home/ada/m.csv': '-m=m.csv',
    '/home/ada/m.csv': 'm.csv',
    '/home/ada/a.json,/home/ada/b.json': 'a.json,b.json',
    '../../home/ada/m.csv': 'm.csv',
    '--out=~/ada/results': '--out=results',
    'file:///home/ada/m.csv': 'm.csv',
    '--uri=https://ada:secret@mlflow.example/x': '--uri=https://mlflow.example/x',
    'https://ada:secret@mlflow.example': 'https://mlflow.example',
    [`--results=${home}`]: `--results=${path.basename(home)}`,
    '--note=a=/b': '--note=a=/b',
    '0.5/2': '0.5/2',
    '--workers': '--workers',
  };
  for (const [word, expected] of Object.entries(cases)) {
    const shown = commandText(['node', '/x/bin/stm-lab.js', 'train', word]);
    assert.equal(shown, `stm-lab train ${/\s/.test(expected) ? JSON.stringify(expected) : expected}`);
  }
});

test('every run of a training or evaluation names its data, children those of their parent, once', async () => {
  const journalFolder = path.join(folder, 'data');
  const dataset = { name: 'corpus', digest: '0123abcd', source: 'manifest.csv' };
  const record = async (context: object, request: object): Promise<void> => {
    const tracker = openTracker({ mode: 'offline', journalFolder, experiment: 'data' });
    const base = { params: {}, tags: { 'stm.stage': 'train' }, name: 'run', key: 'run' };
    await trackedRun({ tracker, ...context }, { ...base, ...request }, async (run) => {
      await trackedRun(
        { tracker },
        { ...base, tags: { 'stm.stage': 'ablation-cell' }, key: `${run!.key}-child`, parent: run },
        () => Promise.resolve(),
      );
    });
    await tracker.close();
  };
  // The key of a child also says whose child it is.
  const journalOf = (key: string): string =>
    fs
      .readdirSync(journalFolder)
      .find((name) => name.endsWith('.jsonl') && name.replace(/-[0-9a-f]{12}\./, '.') === `${key}.jsonl`)!;
  const named = (key: string): unknown[] =>
    fs
      .readFileSync(path.join(journalFolder, journalOf(key)), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { op: string; x: { name: string; digest: string; context: string } })
      .filter(({ op }) => op === 'dataset')
      .map(({ x }) => [x.name, x.digest, x.context]);
  await record({ dataset }, { key: 'whole' });
  await record({ dataset }, { key: 'whole' });
  assert.deepEqual(named('whole'), [['corpus', '0123abcd', 'training']]);
  assert.deepEqual(named('whole-child'), [['corpus', '0123abcd', 'evaluation']]);
  const inputs = datasetOfInputs({ split: 'f'.repeat(64), reduction: '1'.repeat(64) });
  await record({}, { key: 'alone', dataset: inputs });
  assert.deepEqual(named('alone'), [['reduction', '11111111', 'training']]);
  await record({}, { key: 'nothing' });
  assert.deepEqual(named('nothing'), []);
});

test('a network is scored as the model that its training logged, where that is recorded with it', async () => {
  const own = path.join(folder, 'scored');
  const [trained, net] = [path.join(own, 'train'), path.join(own, 'net')];
  fs.mkdirSync(net, { recursive: true });
  fs.writeFileSync(path.join(net, 'model.json'), '{}');
  const dataset = { name: 'corpus', digest: '0123abcd', source: 'manifest.csv' };
  const within = async (journals: string, key: string, work: (run: Run, tracker: Tracker) => void) => {
    const journalFolder = path.join(own, journals);
    const tracker = openTracker({ mode: 'offline', journalFolder, experiment: 'scored' });
    const request = { name: key, key, params: {}, tags: { 'stm.stage': key } };
    await trackedRun({ tracker, dataset }, request, (run) => Promise.resolve(work(run!, tracker)));
    await tracker.close();
  };
  await within('runs', 'train', (run, tracker) => {
    assert.equal(scoredNetwork(run, trained, { tracker }), undefined);
    noteLoggedModel(trained, run.logModel({ name: 'model', folder: net }));
  });
  await within('runs', 'evaluate', (run, tracker) => {
    const about = scoredNetwork(run, trained, { tracker })!;
    assert.deepEqual(about.dataset, dataset);
    const { name, journal } = about.model as ModelReference;
    assert.deepEqual([name, journal], ['model', 'train.jsonl']);
    assert.equal(scoredNetwork(undefined, trained, { tracker }), undefined);
  });
  await within('elsewhere', 'evaluate', (run, tracker) =>
    assert.equal(scoredNetwork(run, trained, { tracker }), undefined),
  );
  // Continued after a kill, the run knows the model that it has logged.
  await within('runs', 'train', (run) => {
    assert.equal(run.loggedModel('model')!.name, 'model');
    assert.equal(run.loggedModel('another'), undefined);
  });
});

test('a stage that was computed without tracking gets its run when tracking is on, once', async () => {
  const own = path.join(folder, 'late');
  const journalFolder = path.join(own, 'runs');
  let computed = 0;
  const warnings: string[] = [];
  const work = async (mode: 'disabled' | 'offline'): Promise<string> => {
    const tracker = openTracker({ mode, journalFolder, experiment: 'late' });
    const { status } = await runTrackedStage(
      { tracker, warn: (line) => warnings.push(line) },
      {
        ...{ stage: 'late', folder: path.join(own, 'out'), parameters: { size: 3 }, inputs: {} },
        run: () => {
          computed++;
          fs.mkdirSync(path.join(own, 'out', 'model'), { recursive: true });
          for (const name of ['score.json', 'model/weights.npy'])
            fs.writeFileSync(path.join(own, 'out', name), name);
          return Promise.resolve(['score.json', 'model/weights.npy']);
        },
      },
    );
    await tracker.close();
    return status;
  };
  const journals = (): string[] =>
    fs.existsSync(journalFolder)
      ? fs.readdirSync(journalFolder).filter((name) => name.endsWith('.jsonl'))
      : [];
  assert.deepEqual([await work('disabled'), await work('disabled')], ['computed', 'cached']);
  assert.deepEqual([journals(), warnings], [[], []]);
  assert.equal(await work('offline'), 'cached');
  assert.match(warnings.join(), /^late: computed earlier without tracking; .* \(delete .*out to/);
  const [journal, ...others] = journals();
  assert.deepEqual(others, []);
  const text = fs.readFileSync(path.join(journalFolder, journal!), 'utf8');
  for (const part of ['stm.reused', '"size"', 'score.json', 'weights.npy', 'FINISHED'])
    assert.ok(text.includes(part), part);
  assert.equal(await work('offline'), 'cached');
  assert.equal(fs.readFileSync(path.join(journalFolder, journal!), 'utf8'), text);
  assert.deepEqual([computed, warnings.length], [1, 1]);
});
