import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { sha256, sha256File } from 'research-basics/files';
import {
  createMlflowClient,
  createTracker,
  findLocalServer,
  listAllArtifacts,
  openArtifactStore,
  sampleSystem,
  startLocalServer,
  stopLocalServer,
  syncJournals,
  trackFit,
  type LocalServer,
  type MetricPoint,
  type Run,
} from 'mlflow-tracking-client';
import { noBrowser, startBrowser } from './browser';
import { noServer, readBack, startServer, temporaryFolder, type ReadBack } from './support';

const options = { skip: noServer };
const folder = temporaryFolder();
let server: LocalServer;
const warnings: string[] = [];
const onWarning = (text: string): void => void warnings.push(text);

before(async () => {
  if (noServer === false) server = await startServer(folder);
});
after(async () => {
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a run written here is read back by the Python client to the last point and byte', options, async () => {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'a'),
    experiment: 'read back',
    experimentTags: { purpose: 'test' },
    onWarning,
  });
  const study = tracker.startRun({ name: 'study', params: { seed: 23 } });
  const trial = tracker.startRun({ name: 'trial 0', parent: study, tags: { 'stm.engine': 'native' } });
  const expected: Record<string, [number | string, number][]> = { loss: [], odd: [], 'val/é f1': [] };
  for (let step = 0; step < 1500; step++) {
    const loss = Math.exp(-step / 300) * (1 + Math.sin(step));
    trial.logMetrics({ loss, 'val/é f1': step / 7 }, step);
    expected['loss']!.push([loss, step]);
    expected['val/é f1']!.push([step / 7, step]);
  }
  [NaN, Infinity, -Infinity, -0, 5e-324, 1e308].forEach((value, step) =>
    trial.logMetrics({ odd: value }, step),
  );
  // The same value at the same step, three times within a millisecond, is three points.
  for (let i = 0; i < 3; i++) trial.logMetrics({ again: 1 }, 4);
  trial.logMetricRows([{ name: 'rows', value: 2, step: -3, timestamp: 1_700_000_000_000 }]);
  trial.logParams({ units: [512, 256], flag: true, empty: '', nothing: null, text: 'é "quoted"\nline' });
  trial.note('**note**');
  trial.logDataset({
    name: 'demo',
    digest: '0123456789abcdef',
    context: 'training',
    schema: { rows: 3 },
    profile: { n: 1 },
  });
  const big = path.join(folder, 'big.bin');
  fs.writeFileSync(big, Buffer.from(Float64Array.from({ length: 400_000 }, (_, i) => Math.sin(i)).buffer));
  const digest = sha256File(big);
  trial.logArtifact(big, 'raw');
  // It was copied: what happens to the file now does not matter.
  fs.rmSync(big);
  trial.logText('notes/ü ber.txt', 'grüße\n');
  trial.logJson('config.json', { a: [1, 2] });
  trial.logBytes('empty.bin', new Uint8Array(0));
  trial.logTable('table.json', [
    { cell: 'a', f1: 0.5 },
    { cell: 'b', f1: 0.25 },
  ]);
  const model = path.join(folder, 'model');
  fs.mkdirSync(path.join(model, 'assets'), { recursive: true });
  fs.writeFileSync(path.join(model, 'model.json'), '{"format":"layers-model"}');
  fs.writeFileSync(path.join(model, 'group1-shard1of1.bin'), Buffer.alloc(1000, 7));
  fs.writeFileSync(path.join(model, 'assets', 'classes.txt'), 'speech\nmusic\n');
  trial.logModel({
    name: 'model',
    folder: model,
    signature: {
      inputs: [{ name: 'features', dtype: 'float32', shape: [-1, 1331] }],
      outputs: [{ dtype: 'float32', shape: [-1, 3] }],
    },
    params: { units: 512 },
    registerAs: 'stm classifier',
    alias: 'champion',
  });
  trial.end();
  study.end('FAILED');
  const report = await tracker.close(90_000);
  assert.deepEqual([report.state, report.pendingBytes, report.problems], ['complete', 0, []]);
  assert.equal(report.delivered.metrics, 3000 + 6 + 3 + 1);

  const [read, parent] = readBack(server.uri, trial.id, study.id) as [ReadBack, ReadBack];
  assert.equal(read.runId, trial.remoteId());
  assert.deepEqual([read.name, read.status, parent.status], ['trial 0', 'FINISHED', 'FAILED']);
  assert.equal(read.tags['mlflow.parentRunId'], parent.runId);
  assert.deepEqual(
    read.metrics['loss']!.map(([value, , step]) => [value, step]),
    expected['loss'],
  );
  assert.deepEqual(
    read.metrics['val/é f1']!.map(([value, , step]) => [value, step]),
    expected['val/é f1'],
  );
  const odd = read.metrics['odd']!.sort((a, b) => a[2] - b[2]).map(([value]) => value);
  assert.deepEqual(odd, ['nan', Number.MAX_VALUE, -Number.MAX_VALUE, 0, 5e-324, 1e308]);
  assert.equal(read.tags['mlflow-tracking-client.nonfinite'], 'odd');
  assert.equal(read.metrics['again']!.length, 3);
  assert.deepEqual(read.metrics['rows'], [[2, 1_700_000_000_000, -3]]);
  assert.deepEqual(read.params, {
    units: '[512,256]',
    flag: 'true',
    empty: '',
    nothing: 'null',
    text: 'é "quoted"\nline',
  });
  assert.equal(read.tags['mlflow.note.content'], '**note**');
  assert.equal(read.tags['stm.engine'], 'native');
  assert.match(read.tags['mlflow.source.name'] ?? '', /./);
  assert.match(read.tags['mlflow.source.git.commit'] ?? '', /^[0-9a-f]{40}$/);
  assert.deepEqual(read.datasets, [
    {
      name: 'demo',
      digest: '0123456789abcdef',
      schema: '{"rows":3}',
      profile: '{"n":1}',
      context: 'training',
    },
  ]);
  assert.equal(read.artifacts['raw/big.bin'], digest);
  assert.equal(read.artifacts['notes/ü ber.txt'], sha256('grüße\n'));
  assert.equal(read.artifacts['empty.bin'], sha256(new Uint8Array(0)));
  assert.equal(Object.keys(read.artifacts).length, 5);
  // Python's download adds a note of the registration.
  for (const entry of read.models)
    entry.files = entry.files.filter((name) => name !== 'registered_model_meta');
  assert.deepEqual(read.models, [
    {
      name: 'model',
      status: 'READY',
      runId: read.runId,
      inputs: [{ name: 'features', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 1331] } }],
      outputs: [{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 3] } }],
      files: ['MLmodel', 'assets/classes.txt', 'group1-shard1of1.bin', 'model.json'],
    },
  ]);

  const client = createMlflowClient(server.uri);
  const version = await client.getModelVersionByAlias('stm classifier', 'champion');
  assert.deepEqual([version.version, version.runId], ['1', read.runId]);
  assert.equal((await client.getExperiment('read back'))!.tags['purpose'], 'test');
  const store = openArtifactStore(client, (await client.getRun(read.runId)).artifactUri);
  const listed = (await listAllArtifacts(store)).map((file) => file.path).sort();
  assert.deepEqual(listed, Object.keys(read.artifacts).sort());
  await store.get('raw/big.bin', path.join(folder, 'back.bin'));
  assert.equal(sha256File(path.join(folder, 'back.bin')), digest);
  client.close();
});

test(
  'limits: ten thousand parameters, values too long, a metric call wider than a batch',
  options,
  async () => {
    const tracker = createTracker({
      uri: server.uri,
      journalFolder: path.join(folder, 'b'),
      experiment: 'limits',
      onWarning,
    });
    const run = tracker.startRun({ name: 'limits' });
    const params = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`p/${i}`, i]));
    run.logParams(params);
    const wide = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`wide/${i}`, '漢'.repeat(5900)]));
    run.logParams(wide);
    run.logParams({ long: 'x'.repeat(6001), pairs: '😀'.repeat(6001) });
    run.setTags({ longTag: 'y'.repeat(5001) });
    run.logMetrics(Object.fromEntries(Array.from({ length: 2300 }, (_, i) => [`m/${i}`, i])), 1);
    run.end();
    const report = await tracker.close(90_000);
    assert.deepEqual([report.state, report.problems], ['complete', []]);
    const client = createMlflowClient(server.uri);
    const read = await client.getRun(run.remoteId()!);
    client.close();
    assert.equal(Object.keys(read.params).length, 2522);
    assert.equal(read.params['p/2499'], '2499');
    assert.equal(read.params['wide/19'], '漢'.repeat(5900));
    assert.equal(read.params['long'], 'x'.repeat(6000));
    assert.equal(read.params['pairs'], '😀'.repeat(6000));
    assert.equal(read.tags['longTag'], 'y'.repeat(5000));
    assert.equal(Object.keys(read.metrics).length, 2300);
    assert.ok(warnings.some((line) => line.includes('"long" has 6001 characters')));
    const whole = path.join(folder, 'whole.txt');
    await openArtifactStore(client, read.artifactUri).get('truncated/param-long.txt', whole);
    assert.equal(fs.readFileSync(whole, 'utf8'), 'x'.repeat(6001));
    client.close();
  },
);

test(
  'runs and experiments: search with filter, order and paging, update, delete, restore',
  options,
  async () => {
    const client = createMlflowClient(server.uri);
    const experiment = await client.ensureExperiment('surface', { owner: 'lab' });
    assert.equal((await client.ensureExperiment('surface')).id, experiment.id);
    const runs = [];
    for (let i = 0; i < 5; i++) {
      const run = await client.createRun({
        experimentId: experiment.id,
        name: `r${i}`,
        startTime: 1000 + i,
        tags: { i: `${i}` },
      });
      await client.logBatch(run.id, {
        metrics: [{ key: 'f1', value: i / 10, timestamp: 5, step: 0 }],
        params: [],
        tags: [],
      });
      runs.push(run);
    }
    const best = await client.searchRuns([experiment.id], {
      filter: 'metrics.f1 > 0.15',
      orderBy: ['metrics.f1 DESC'],
      limit: 2,
    });
    assert.deepEqual(
      best.map((run) => run.name),
      ['r4', 'r3'],
    );
    await client.updateRun(runs[0]!.id, { status: 'KILLED', endTime: 5000, name: 'renamed' });
    const changed = await client.getRun(runs[0]!.id);
    assert.deepEqual([changed.status, changed.endTime, changed.name], ['KILLED', 5000, 'renamed']);
    await client.deleteRun(runs[1]!.id);
    assert.equal((await client.searchRuns([experiment.id])).length, 4);
    assert.deepEqual(
      (await client.searchRuns([experiment.id], { lifecycle: 'deleted' })).map((run) => run.name),
      ['r1'],
    );
    await client.restoreRun(runs[1]!.id);
    assert.equal((await client.searchRuns([experiment.id])).length, 5);
    await client.setTag(runs[2]!.id, 'k', 'v');
    await client.deleteTag(runs[2]!.id, 'i');
    assert.deepEqual(
      [(await client.getRun(runs[2]!.id)).tags['k'], (await client.getRun(runs[2]!.id)).tags['i']],
      ['v', undefined],
    );
    await client.renameExperiment(experiment.id, 'surface 2');
    await client.deleteExperiment(experiment.id);
    assert.equal((await client.getExperimentById(experiment.id)).lifecycle, 'deleted');
    await client.restoreExperiment(experiment.id);
    assert.equal((await client.getExperiment('surface 2'))!.lifecycle, 'active');
    assert.ok((await client.searchExperiments({ filter: "name LIKE 'surf%'" })).length === 1);
    await assert.rejects(client.getRun('0'.repeat(32)), /RESOURCE_DOES_NOT_EXIST/);
    assert.match(await client.version(), /^\d+\.\d+/);
    client.close();
  },
);

test('what was written offline is synced later, parents first, twice the same as once', options, async () => {
  const journals = path.join(folder, 'c');
  const tracker = createTracker({ mode: 'offline', journalFolder: journals, experiment: 'offline' });
  const parent = tracker.startRun({ name: 'parent', key: 'z-last-by-name' });
  const child = tracker.startRun({ name: 'child', key: 'a-first-by-name', parent });
  child.logMetrics({ loss: 1 });
  child.end();
  parent.end();
  assert.equal((await tracker.close()).state, 'local');
  const dry = await syncJournals(journals, { uri: server.uri, dryRun: 'yes' });
  assert.deepEqual([dry.state, dry.runs.map((run) => run.state)], ['dry-run', ['pending', 'pending']]);
  const first = await syncJournals(journals, { uri: server.uri });
  assert.deepEqual([first.state, first.delivered.runs, first.delivered.metrics], ['complete', 2, 1]);
  const remote = (run: Run): string | undefined => first.runs.find((status) => status.uid === run.id)?.runId;
  const client = createMlflowClient(server.uri);
  assert.equal((await client.getRun(remote(child)!)).tags['mlflow.parentRunId'], remote(parent));
  // Nothing again; and nothing again even when the notes of what was sent are lost.
  assert.equal((await syncJournals(journals, { uri: server.uri })).delivered.metrics, 0);
  for (const name of fs.readdirSync(journals))
    if (name.endsWith('.sent.json')) fs.rmSync(path.join(journals, name));
  const again = await syncJournals(journals, { uri: server.uri });
  assert.deepEqual([again.state, again.delivered.runs, again.delivered.metrics], ['complete', 0, 0]);
  assert.equal((await client.metricHistory(remote(child)!, 'loss')).length, 1);
  client.close();
});

test('a training and the machine are recorded under the names of Python autologging', options, async () => {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'd'),
    experiment: 'fit',
  });
  const run = tracker.startRun({ name: 'fit' });
  const stop = sampleSystem(run, { intervalMs: 20 });
  const fit = trackFit(run, {
    epochs: 10,
    batchSize: 256,
    shuffle: false,
    optimizer: { name: 'adam', learning_rate: 0.001 },
    earlyStopping: { monitor: 'val_loss', patience: 2, restoreBestWeights: true },
    modelSummary: 'dense 3',
  });
  [0.9, 0.5, 0.6, 0.7].forEach((loss, i) =>
    fit.onEpoch({ epoch: i + 1, loss, accuracy: 1 - loss, validation: { loss: loss + 0.1 } }),
  );
  fit.finish({ stopped: 'early', bestEpoch: 2 });
  await new Promise((resolve) => setTimeout(resolve, 60));
  stop();
  run.end();
  assert.equal((await tracker.close(60_000)).state, 'complete');
  const client = createMlflowClient(server.uri);
  const read = await client.getRun(run.remoteId()!);
  const history = (name: string): Promise<MetricPoint[]> => client.metricHistory(read.id, name);
  assert.deepEqual(read.params, {
    epochs: '10',
    batch_size: '256',
    shuffle: 'False',
    opt_name: 'adam',
    opt_learning_rate: '0.001',
    monitor: 'val_loss',
    min_delta: '0',
    patience: '2',
    baseline: 'None',
    restore_best_weights: 'True',
  });
  const points = async (name: string): Promise<unknown> =>
    (await history(name)).map(({ value, step }) => [step, value]);
  assert.deepEqual(await points('loss'), [
    [0, 0.9],
    [1, 0.5],
    [2, 0.6],
    [3, 0.7],
    [4, 0.5],
  ]);
  assert.deepEqual(await points('val_loss'), [
    [0, 1],
    [1, 0.6],
    [2, 0.7],
    [3, 0.7999999999999999],
    [4, 0.6],
  ]);
  assert.deepEqual([await points('stopped_epoch'), await points('restored_epoch')], [[[0, 3]], [[0, 1]]]);
  const memory = await history('system/system_memory_usage_percentage');
  assert.ok(memory.length >= 2 && memory.every(({ value }) => value > 0 && value < 100));
  assert.ok((await history('system/process_memory_megabytes')).every(({ value }) => value > 20));
  client.close();
});

test(
  'the page of a run, its charts and its model are shown by the UI without errors',
  options,
  async (context) => {
    if (noBrowser !== false) {
      context.skip(noBrowser);
      return;
    }
    const client = createMlflowClient(server.uri);
    const { id } = (await client.getExperiment('read back'))!;
    const [run] = await client.searchRuns([id], { filter: "attributes.run_name = 'trial 0'" });
    client.close();
    const pages: [string, string, RegExp][] = [
      ['run', `runs/${run!.id}`, /trial 0[\s\S]*val\/é f1[\s\S]*stm classifier/],
      ['run-metrics', `runs/${run!.id}/model-metrics`, /loss[\s\S]*odd/],
      ['run-artifacts', `runs/${run!.id}/artifacts`, /config\.json[\s\S]*table\.json/],
      ['model', `models/${run!.modelIds[0]}`, /Ready[\s\S]*stm classifier/],
    ];
    const browser = await startBrowser();
    try {
      for (const [name, where, expected] of pages) {
        await browser.open(`${server.uri}/#/experiments/${id}/${where}`, expected);
        await browser.screenshot(path.join(__dirname, '../../results/tracking', `${name}.png`));
      }
    } finally {
      await browser.close();
    }
    // MLflow's own: it asks who is signed in where nobody can be, and its layout settles in more than one step.
    const errors = browser.errors.filter((error) => !/users\/current|ResizeObserver loop/.test(error));
    assert.deepEqual(errors, []);
  },
);

test('the server of a folder is found again, keeps to this machine, and stops', options, async () => {
  const place = path.join(folder, 'server');
  const found = await findLocalServer(place);
  assert.deepEqual([found!.uri, found!.pid, found!.origin], [server.uri, server.pid, 'found']);
  const again = await startServer(folder);
  assert.deepEqual([again.pid, again.origin], [server.pid, 'found']);
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
  for (const { address } of addresses.filter(({ internal, family }) => !internal && family === 'IPv4')) {
    await assert.rejects(fetch(`http://${address}:${server.port}/health`), 'reached from outside');
  }
  assert.equal(await stopLocalServer(place), 'stopped');
  assert.equal(await stopLocalServer(place), 'not-running');
  assert.equal(await findLocalServer(place), undefined);
  await assert.rejects(fetch(`${server.uri}/health`));
  const missing = startLocalServer({ folder: path.join(folder, 'none'), executable: '/nowhere/mlflow' });
  await assert.rejects(missing, /does not start.*nowhere/s);
});
