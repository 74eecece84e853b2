import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import {
  activeRun,
  createMlflowClient,
  createTracker,
  listAllArtifacts,
  openArtifactStore,
  runRows,
  withRun,
  type LocalServer,
  type MlflowClient,
} from 'mlflow-tracking-client';
import { noServer, python, startServer, temporaryFolder } from './support';

/** What Python's client does, done here: compared through the server. */

const options = { skip: noServer };
const folder = temporaryFolder();
let server: LocalServer;
let client: MlflowClient;

before(async () => {
  if (noServer !== false) return;
  server = await startServer(folder);
  client = createMlflowClient(server.uri);
  fs.mkdirSync(path.join(folder, 'model'));
  fs.writeFileSync(path.join(folder, 'model', 'weights.bin'), Buffer.alloc(100, 7));
  fs.writeFileSync(path.join(folder, 'figure.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
});
after(async () => {
  client?.close();
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  MLFLOW_TRACKING_URI: server.uri,
  MLFLOW_DISABLE_TELEMETRY: 'true',
});

/** The counterpart of sameScript.py, line by line. */
async function writeStudy(): Promise<void> {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'journals'),
    experiment: 'typescript',
  });
  const dataset = { name: 'corpus', digest: '0123abcd', source: 'corpus/manifest.csv' };
  const study = await withRun(tracker, { name: 'study', description: '**what** this is' }, async (parent) => {
    activeRun()!.logParams({ units: 512, name: 'ä b' });
    const model = await withRun(tracker, { name: 'trial', parent, tags: { stage: 'search' } }, (trial) => {
      trial.logDataset({ ...dataset, context: 'training' });
      for (let step = 0; step < 30; step++)
        trial.logMetrics({ loss: 1 / (1 + step), 'val/f1': step / 30 }, step);
      trial.logMetrics({ negative: -1.5 }, -2);
      const net = trial.logModel({
        name: 'net',
        folder: path.join(folder, 'model'),
        signature: { inputs: [], outputs: [] },
        params: { units: '512' },
        tags: { kind: 'mlp' },
        type: 'classifier',
      });
      for (let fold = 0; fold < 3; fold++)
        trial.logMetrics({ fold_f1: 0.5 + fold / 10 }, fold, { model: net, dataset });
      trial.logText('notes/text.txt', 'grüße\n');
      trial.logDict('config.json', { a: [1, 2], b: null });
      trial.logTable('table.json', [
        { cell: 'a', f1: 0.5 },
        { cell: 'b', f1: 0.25 },
      ]);
      trial.logArtifact(path.join(folder, 'figure.svg'), 'figures');
      trial.setTags({ done: 'yes' });
      return net;
    });
    await withRun(tracker, { name: 'evaluation', parent }, (run) => {
      run.logInputModels([model]);
      run.logMetrics({ test_f1: 0.7 }, 0, { model, dataset });
    });
    const failed = tracker.startRun({ name: 'failed', parent });
    failed.end('FAILED');
    return parent;
  });
  const report = await tracker.close(60_000);
  assert.deepEqual([report.state, report.problems], ['complete', []]);

  // Another program continues with the run, by the server's id.
  const other = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'other journals'),
    experiment: 'typescript',
  });
  const resumed = other.startRun({ runId: study.remoteId()! });
  assert.equal(resumed.remoteId(), study.remoteId());
  resumed.logMetrics({ resumed: 1 });
  resumed.end();
  assert.equal((await other.close(60_000)).state, 'complete');
}

/** All that the server holds of an experiment, without ids and times. */
async function everything(name: string): Promise<unknown> {
  const { id } = (await client.getExperiment(name))!;
  const runs = await client.searchRuns([id]);
  const models = await client.searchLoggedModels([id]);
  const nameOf = new Map<string, string>([...runs, ...models].map((one) => [one.id, one.name]));
  const shownTags = (tags: Record<string, string>): object =>
    Object.fromEntries(
      Object.entries(tags)
        .filter(
          ([key]) => !/^mlflow-tracking-client\.|^mlflow\.(source|user|runName|modelId|runId)/.test(key),
        )
        .map(([key, value]) => [
          key,
          nameOf.get(value) ?? (value.startsWith('[') ? JSON.parse(value) : value),
        ])
        .sort(),
    );
  const files = async (uri: string): Promise<object> => {
    const store = openArtifactStore(client, uri);
    const held: Record<string, string> = {};
    for (const { path: where } of await listAllArtifacts(store)) {
      const target = path.join(folder, 'download');
      await store.get(where, target);
      // Our model has an MLmodel file with its signature, which "log_model_artifacts" leaves to the caller.
      if (where === 'MLmodel') continue;
      const text = fs.readFileSync(target, 'utf8');
      held[where] = where.endsWith('.json') ? JSON.stringify(JSON.parse(text)) : text;
    }
    return Object.fromEntries(Object.entries(held).sort());
  };
  const shownRuns = [];
  for (const { id: runId } of runs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const run = await client.getRun(runId);
    const metrics: Record<string, unknown> = {};
    for (const metric of Object.keys(run.metrics).sort())
      metrics[metric] = (await client.metricHistory(run.id, metric)).map(({ step, value }) => [step, value]);
    shownRuns.push({
      name: run.name,
      status: run.status,
      params: run.params,
      tags: shownTags(run.tags),
      metrics,
      datasets: run.datasets.map((one) => ({ ...one, source: JSON.parse(one.source) as unknown })),
      models: run.modelIds.map((one) => nameOf.get(one)),
      inputs: run.inputModelIds.map((one) => nameOf.get(one)),
      artifacts: await files(run.artifactUri),
    });
  }
  const shownModels = [];
  for (const model of models)
    shownModels.push({
      name: model.name,
      type: model.type,
      status: model.status,
      run: nameOf.get(model.sourceRunId),
      params: model.params,
      tags: shownTags(model.tags),
      metrics: model.metrics
        .map(({ name: metric, value, step, runId, datasetName, datasetDigest }) => ({
          metric,
          value,
          step,
          run: nameOf.get(runId),
          datasetName,
          datasetDigest,
        })) // prettier-ignore
        .sort((a, b) => a.metric.localeCompare(b.metric) || a.step - b.step),
      artifacts: await files(model.artifactUri),
    });
  return { runs: shownRuns, models: shownModels };
}

test('the same script in Python and here writes the same, but for ids and times', options, async () => {
  execFileSync(python, [path.join(__dirname, 'sameScript.py'), server.uri, folder], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await writeStudy();
  const expected = await everything('python');
  assert.deepEqual(await everything('typescript'), expected);
  const { runs, models } = expected as {
    runs: { name: string; models: string[]; inputs: string[] }[];
    models: { metrics: unknown[] }[];
  };
  assert.deepEqual(
    runs.map((run) => [run.name, run.models, run.inputs]),
    [['evaluation', [], ['net']], ['failed', [], []], ['study', [], []], ['trial', ['net'], ['net']]], // prettier-ignore
  );
  assert.equal(models[0]!.metrics.length, 4);
});

test('models rank by what was measured of them on one dataset', options, async () => {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'ranked'),
    experiment: 'ranked',
  });
  const run = tracker.startRun({ name: 'folds' });
  const save = (name: string): ReturnType<typeof run.logModel> =>
    run.logModel({ name, folder: path.join(folder, 'model'), signature: { inputs: [], outputs: [] } });
  const [worse, better] = [save('worse'), save('better')];
  for (const [model, score] of [
    [worse, 0.6],
    [better, 0.8],
  ] as const)
    // prettier-ignore
    for (const [i, digest] of ['aa', 'bb'].entries())
      run.logMetrics({ f1: score - i / 2 }, 0, { model, dataset: { name: 'corpus', digest } });
  run.end();
  const report = await tracker.close(60_000);
  assert.deepEqual([report.state, report.problems], ['complete', []]);
  const { id } = (await client.getExperiment('ranked'))!;
  const ranked = await client.searchLoggedModels([id], {
    orderBy: [{ field: 'metrics.f1', ascending: false, dataset: { name: 'corpus', digest: 'aa' } }],
  });
  assert.deepEqual(ranked.map((model) => model.name), ['better', 'worse']); // prettier-ignore
  assert.equal(ranked[0]!.metrics.length, 2);
  const good = await client.searchLoggedModels([id], {
    filter: 'metrics.f1 > 0.7',
    datasets: [{ name: 'corpus', digest: 'aa' }],
  });
  assert.deepEqual(good.map((model) => model.name), ['better']); // prettier-ignore
});

test(
  'runs as an iterator and as rows with the columns of Python; histories of many runs at once',
  options,
  async () => {
    const { id } = (await client.getExperiment('python'))!;
    const names: string[] = [];
    for await (const run of client.iterateRuns([id], { orderBy: ['attributes.start_time ASC'] })) {
      names.push(run.name);
      if (names.length === 2) break;
    }
    assert.deepEqual(names, ['study', 'trial']);
    const rows = runRows(await client.searchRuns([id]));
    const script = `
import mlflow, json, sys
frame = mlflow.search_runs([sys.argv[1]])
print("\\n" + json.dumps(sorted(frame.columns)))`;
    const columns = execFileSync(python, ['-c', script, id], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const printed = columns.toString('utf8').trim().split('\n').at(-1)!;
    assert.deepEqual(Object.keys(rows[0]!).sort(), JSON.parse(printed));
    const runs = await client.searchRuns([id]);
    const histories = await client.metricHistories(runs.map((run) => run.id), 'loss', { maxPoints: 10 }); // prettier-ignore
    const trial = runs.find((run) => run.name === 'trial')!;
    const steps = histories.get(trial.id)!.map((point) => point.step);
    assert.deepEqual(
      [steps[0], steps.at(-1), steps.length <= 12, histories.size],
      [0, 29, true, runs.length],
    );
    assert.deepEqual(histories.get(runs.find((run) => run.name === 'failed')!.id), []);
    assert.equal((await client.getParentRun(trial.id))!.name, 'study');
  },
);

test('the registry: versions and aliases are made, changed and deleted', options, async () => {
  await client.ensureRegisteredModel('registered', { description: 'first', tags: { a: '1' } });
  await client.ensureRegisteredModel('registered');
  const experimentId = await client.createExperiment('of the registry');
  const run = await client.createRun({ experimentId, name: 'source', startTime: 1, tags: {} });
  const source = `${run.artifactUri}/model`;
  for (const description of ['one', 'two'])
    await client.createModelVersion({ name: 'registered', source, runId: run.id, description });
  await client.setModelAlias('registered', 'champion', '1');
  await client.setModelAlias('registered', 'old', '1');
  await client.setModelAlias('registered', 'champion', '2');
  await client.deleteModelAlias('registered', 'old');
  await client.updateModelVersion('registered', '1', 'changed');
  await client.setModelVersionTag('registered', '1', 'k', 'v');
  await client.setModelVersionTag('registered', '1', 'gone', 'v');
  await client.deleteModelVersionTag('registered', '1', 'gone');
  const first = await client.getModelVersion('registered', '1');
  assert.deepEqual(
    [first.description, first.tags, first.aliases, first.status],
    ['changed', { k: 'v' }, [], 'READY'],
  );
  assert.equal(await client.getModelVersionDownloadUri('registered', '1'), source);
  assert.equal((await client.getModelVersionByAlias('registered', 'champion')).version, '2');
  await client.deleteModelVersion('registered', '1');
  assert.deepEqual(
    (await client.searchModelVersions({ filter: "name = 'registered'" })).map(({ version }) => version),
    ['2'],
  );
  await client.updateRegisteredModel('registered', 'second');
  await client.setRegisteredModelTag('registered', 'b', '2');
  await client.deleteRegisteredModelTag('registered', 'a');
  await client.renameRegisteredModel('registered', 'renamed');
  assert.deepEqual(await client.getRegisteredModel('renamed'), {
    name: 'renamed',
    description: 'second',
    tags: { b: '2' },
    aliases: { champion: '2' },
  });
  assert.deepEqual(
    (await client.searchRegisteredModels({ filter: "name LIKE 'ren%'" })).map(({ name }) => name),
    ['renamed'],
  );
  await client.deleteRegisteredModel('renamed');
  await assert.rejects(client.getRegisteredModel('renamed'), /RESOURCE_DOES_NOT_EXIST/);
});

test('logged models and experiments: tags and parameters set later, deletion', options, async () => {
  const id = await client.createExperiment('direct', { tags: { purpose: 'test', gone: 'x' } });
  await client.deleteExperimentTag(id, 'gone');
  assert.deepEqual((await client.getExperimentById(id)).tags['gone'], undefined);
  // What someone has written of an experiment is not replaced by what a program would say.
  const note = 'mlflow.note.content';
  for (const text of ['by the program', 'again']) await client.ensureExperiment('direct', { [note]: text });
  assert.equal((await client.getExperimentById(id)).tags[note], 'by the program');
  const model = await client.createLoggedModel({ experimentId: id, name: 'direct', params: { a: '1' } });
  await client.logModelParams(model.id, { b: '2' });
  await client.setLoggedModelTags(model.id, { k: 'v', 'with/slash': 'w' });
  await client.deleteLoggedModelTag(model.id, 'k');
  const held = await client.getLoggedModel(model.id);
  assert.deepEqual(
    [held.params, held.tags['k'], held.tags['with/slash']],
    [{ a: '1', b: '2' }, undefined, 'w'],
  );
  await client.deleteLoggedModel(model.id);
  assert.deepEqual(await client.searchLoggedModels([id]), []);
});

test('figures, pictures and sound arrive as what their names say', options, async () => {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'media'),
    experiment: 'media',
  });
  const run = tracker.startRun();
  assert.match(run.name, /^run-[0-9a-f]{8}$/);
  run.logFigure('plots/figure.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  run.logFigure('page.html', '<!doctype html><p>é</p>');
  const pixels = { width: 3, height: 2, channels: 1 as const, data: [0, 128, 255, 255, 128, 0] };
  run.logImage(pixels, { name: 'picture.png' });
  for (let step = 0; step < 2; step++) run.logImage(pixels, { key: 'maps/first', step, timestamp: 1000 });
  const samples = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i / 5) / 3);
  run.logAudio('sound.wav', { sampleRate: 8000, channels: [samples] });
  assert.throws(() => run.logFigure('figure.png', '<svg/>'), /holds image\/svg\+xml; end its name in \.svg/);
  assert.throws(() => run.logAudio('sound.txt', new Uint8Array(4)), /end its name in .*\.wav/);
  assert.throws(() => run.logImage({ ...pixels, width: 4 }, { name: 'x.png' }), /needs 8 numbers, has 6/);
  run.end();
  const report = await tracker.close(60_000);
  assert.deepEqual([report.state, report.problems], ['complete', []]);
  const held = await client.getRun(run.remoteId()!);
  assert.equal(held.tags['mlflow.loggedImages'], 'True');
  const store = openArtifactStore(client, held.artifactUri);
  const names = (await listAllArtifacts(store)).map((file) => file.path).sort();
  assert.deepEqual(
    names.map((name) => name.replace(/[0-9a-f-]{36}/, 'UUID')),
    [
      'images/maps~first+step+0+timestamp+1000+UUID.png',
      'images/maps~first+step+1+timestamp+1000+UUID.png',
      'page.html',
      'picture.png',
      'plots/figure.svg',
      'sound.wav',
    ],
  );
  for (const name of names) await store.get(name, path.join(folder, 'got', name));
  // Other programs read them.
  const script = `
import sys, json, struct
from PIL import Image
from pathlib import Path
image = Image.open(Path(sys.argv[1]) / "picture.png")
wav = (Path(sys.argv[1]) / "sound.wav").read_bytes()
print(json.dumps([image.size, list(image.convert("L").getdata()), struct.unpack("<100f", wav[58:])[:3], wav[:4].decode()]))`;
  const read = JSON.parse(
    execFileSync(python, ['-c', script, path.join(folder, 'got')], { encoding: 'utf8' }),
  ) as unknown[];
  assert.deepEqual(read, [[3, 2], pixels.data, [...samples.subarray(0, 3)], 'RIFF']);
});

test('MLFLOW_RUN_ID and MLFLOW_EXPERIMENT_ID are where the first run goes', options, async () => {
  const id = await client.createExperiment('by id');
  const made = await client.createRun({ experimentId: id, name: 'made elsewhere', startTime: 1, tags: {} });
  const variables = ['MLFLOW_RUN_ID', 'MLFLOW_EXPERIMENT_ID', 'MLFLOW_EXPERIMENT_NAME'];
  const saved = variables.map((name) => [name, process.env[name]] as const);
  try {
    for (const name of variables) delete process.env[name];
    process.env['MLFLOW_RUN_ID'] = made.id;
    process.env['MLFLOW_EXPERIMENT_ID'] = id;
    const tracker = createTracker({ uri: server.uri, journalFolder: path.join(folder, 'variables') });
    {
      const first = tracker.startRun();
      first.logMetrics({ a: 1 });
      first[Symbol.dispose]();
      assert.equal(first.status, 'FINISHED');
    }
    tracker.startRun().end('FAILED');
    await tracker[Symbol.asyncDispose]();
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  const runs = await client.searchRuns([id]);
  assert.equal(runs.length, 2);
  const first = runs.find((run) => run.id === made.id)!;
  assert.deepEqual([first.name, first.status, first.metrics], ['made elsewhere', 'FINISHED', { a: 1 }]);
  const unknown = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'unknown'),
    experiment: 'x',
    onWarning: () => undefined,
  });
  unknown.startRun({ runId: 'f'.repeat(32) }).end();
  const report = await unknown.close(10_000);
  assert.deepEqual(report.runs.map((run) => run.state), ['held']); // prettier-ignore
  assert.match(report.problems.join(), /is unknown to/);
});
