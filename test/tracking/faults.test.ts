import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { createMlflowClient, createTracker, syncJournals, type LocalServer } from 'mlflow-tracking-client';
import { ONE_OF_EACH, tryKind } from './faultKinds';
import {
  checkDelivery,
  killServer,
  noServer,
  startFaultProxy,
  startServer,
  temporaryFolder,
} from './support';

const options = { skip: noServer };
const folder = temporaryFolder();
let server: LocalServer;
const silent = (): void => undefined;

before(async () => {
  if (noServer === false) server = await startServer(folder);
});
after(async () => {
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test(
  'every kind of fault of a request once: nothing lost, nothing twice, no request too many',
  options,
  async () => {
    const { kind, faults } = ONE_OF_EACH;
    const { notes, ...report } = await tryKind({ folder, server }, kind, 12, faults);
    assert.ok(report.requests > 3 * faults, `${report.requests} requests`);
    assert.deepEqual(
      [report, notes],
      [{ kind, faults, requests: report.requests, lost: 0, doubled: 0, again: 0, spun: 0 }, []],
    );
  },
);

for (const [fault, made] of [
  ['drop-after', 1],
  ['late', 2],
] as const) {
  test(`a create-run that seems to fail (${fault}) leaves one run`, options, async () => {
    let creates = 0;
    const proxy = await startFaultProxy(server.uri, ({ path: where }) =>
      where.endsWith('/runs/create') && ++creates === 1 ? fault : 'pass',
    );
    const tracker = createTracker({
      uri: proxy.uri,
      journalFolder: path.join(folder, fault),
      experiment: fault,
      onWarning: silent,
    });
    const run = tracker.startRun({ name: 'only one' });
    run.logMetrics({ loss: 1, acc: 0 });
    await tracker.flush();
    await new Promise((resolve) => setTimeout(resolve, fault === 'late' ? 2000 : 0));
    run.end();
    assert.equal((await tracker.close(60_000)).state, 'complete');
    await proxy.close();
    const client = createMlflowClient(server.uri);
    const { id } = (await client.getExperiment(fault))!;
    const runs = await client.searchRuns([id]);
    assert.deepEqual([creates, runs.length, runs[0]!.metrics], [made, 1, { loss: 1, acc: 0 }]);
    assert.equal((await client.searchRuns([id], { lifecycle: 'all' })).length, made);
    client.close();
  });
}

test('server killed and started again during a run: nothing lost, nothing twice', options, async () => {
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'restarts'),
    experiment: 'restarts',
    onWarning: silent,
    pollMs: 20,
  });
  const run = tracker.startRun({ name: 'restarts' });
  const points = 4000;
  let restarting: Promise<void> | undefined;
  let longest = 0;
  for (let step = 0; step < points; step++) {
    const begin = performance.now();
    run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
    if (step % 400 === 0) run.logText(`files/${step}.txt`, `file ${step}`);
    longest = Math.max(longest, performance.now() - begin);
    if (step % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    if (step === points / 2) {
      await killServer(server);
      restarting = startServer(folder, server.port).then((next) => void (server = next));
    }
  }
  run.end();
  await restarting;
  const report = await tracker.close(120_000);
  assert.deepEqual([report.state, report.problems], ['complete', []]);
  const client = createMlflowClient(server.uri);
  await checkDelivery(client, 'restarts', run.id, points, 10);
  client.close();
  assert.ok(longest < 1000, `a call took ${longest.toFixed(0)} ms while the server was away`);
});

test(
  'no server at all: runs are written at full speed, flush gives up in time, sync delivers later',
  options,
  async () => {
    const journals = path.join(folder, 'dead');
    const warnings: string[] = [];
    const tracker = createTracker({
      uri: 'http://user:pass-word@127.0.0.1:9',
      journalFolder: journals,
      experiment: 'dead',
      onWarning: (text) => warnings.push(text),
    });
    const run = tracker.startRun({ name: 'dead' });
    for (let step = 0; step < 200; step++) run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
    run.end();
    const begin = performance.now();
    const report = await tracker.close(1500);
    assert.ok(performance.now() - begin < 6000);
    assert.equal(report.state, 'partial');
    assert.match(report.problems.join(), /cannot be reached/);
    assert.doesNotMatch(JSON.stringify([report, warnings]), /pass-word/);
    for (const name of fs.readdirSync(journals)) {
      assert.doesNotMatch(fs.readFileSync(path.join(journals, name), 'utf8'), /pass-word/);
    }
    const synced = await syncJournals(journals, { uri: server.uri });
    assert.equal(synced.state, 'complete');
    const client = createMlflowClient(server.uri);
    await checkDelivery(client, 'dead', run.id, 200, 0);
    client.close();
  },
);

test(
  'the process killed: no point lost that a call returned for, the run ends FAILED or continues',
  options,
  async () => {
    const journals = path.join(folder, 'killed');
    const random = randomState(11);
    for (let round = 0; round < 4; round++) {
      const child = fork(path.join(__dirname, 'killedProcess.ts'), [journals, server.uri], {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      let returned = -1;
      child.on('message', (step: number) => (returned = step));
      await new Promise<void>((resolve) => {
        child.on('message', () => {
          if (returned >= 0) setTimeout(resolve, 20 + 200 * random.double());
        });
        child.on('exit', () => resolve());
      });
      child.kill('SIGKILL');
      await new Promise((resolve) =>
        child.exitCode === null && child.signalCode === null ? child.on('exit', resolve) : resolve(null),
      );
      const held = fs
        .readFileSync(path.join(journals, 'killed.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{"op":"metrics"') && line.endsWith('}')).length;
      assert.ok(held > returned, `round ${round}: call ${returned} returned, the journal holds ${held}`);
    }
    const synced = await syncJournals(journals, { uri: server.uri });
    assert.deepEqual([synced.state, synced.abandoned], ['complete', ['killed']], JSON.stringify(synced));
    const client = createMlflowClient(server.uri);
    const [read] = await client.searchRuns([(await client.getExperiment('killed'))!.id]);
    assert.equal(read!.status, 'FAILED');
    const steps = (await client.metricHistory(read!.id, 'loss')).map((point) => point.step);
    assert.deepEqual(
      steps,
      Array.from(steps, (_, i) => i),
      'each step once, in order, over all lives of the process',
    );
    client.close();
  },
);

test(
  'a server that accepts and never answers: close returns in time, another sender may take over',
  options,
  async () => {
    const sockets: net.Socket[] = [];
    const mute = net.createServer((socket) => sockets.push(socket.on('error', silent)));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const journalFolder = path.join(folder, 'mute');
    const uri = `http://127.0.0.1:${(mute.address() as net.AddressInfo).port}`;
    const tracker = createTracker({ uri, journalFolder, experiment: 'mute', onWarning: silent });
    const run = tracker.startRun({ name: 'mute' });
    for (let step = 0; step < 10; step++) run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
    run.end();
    const begin = performance.now();
    const report = await tracker.close(500);
    assert.ok(performance.now() - begin < 8000);
    assert.deepEqual([report.state, report.runs.map((status) => status.state)], ['partial', ['pending']]);
    for (const socket of sockets) socket.destroy();
    mute.close();
    assert.deepEqual(
      fs.readdirSync(journalFolder).filter((name) => name.endsWith('.lock')),
      [],
    );
    assert.equal((await syncJournals(journalFolder, { uri: server.uri })).state, 'complete');
    const client = createMlflowClient(server.uri);
    await checkDelivery(client, 'mute', run.id, 10, 0);
    client.close();
  },
);

test(
  'deleted on the server: held with a sentence until restored; unknown there: sent again',
  options,
  async () => {
    const journalFolder = path.join(folder, 'deleted');
    const client = createMlflowClient(server.uri);
    const write = (from: number, to: number): string => {
      const tracker = createTracker({ mode: 'offline', journalFolder, experiment: 'deleted' });
      const run = tracker.startRun({ name: 'deleted', key: 'deleted' });
      for (let step = from; step < to; step++) run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
      run.end();
      return run.id;
    };
    write(0, 5);
    const sent = await syncJournals(journalFolder, { uri: server.uri });
    const { runId } = sent.runs[0]!;
    await client.deleteRun(runId!);
    write(5, 10);
    const held = await syncJournals(journalFolder, { uri: server.uri });
    assert.deepEqual([held.state, held.runs[0]!.state], ['partial', 'held']);
    assert.match(held.problems.join(), /is deleted on http.*restore it/);
    await client.restoreRun(runId!);
    assert.equal((await syncJournals(journalFolder, { uri: server.uri })).state, 'complete');
    // As when the server's database is another one than before.
    const note = path.join(
      journalFolder,
      fs.readdirSync(journalFolder).find((name) => name.endsWith('.sent.json'))!,
    );
    fs.writeFileSync(note, fs.readFileSync(note, 'utf8').replace(runId!, 'f'.repeat(32)));
    const uid = write(10, 15);
    assert.equal((await syncJournals(journalFolder, { uri: server.uri })).state, 'complete');
    await checkDelivery(client, 'deleted', uid, 15, 0);
    client.close();
  },
);

test('one item the server refuses does not take its batch with it', options, async () => {
  const journalFolder = path.join(folder, 'refused');
  const warnings: string[] = [];
  const onWarning = (text: string): void => void warnings.push(text);
  const tracker = createTracker({ uri: server.uri, journalFolder, experiment: 'refused', onWarning });
  const run = tracker.startRun({ name: 'refused' });
  await tracker.flush();
  const client = createMlflowClient(server.uri);
  const other = { metrics: [], tags: [], params: [{ key: 'p7', value: 'someone else was here' }] };
  await client.logBatch(run.remoteId()!, other);
  run.logParams(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, i])));
  run.logMetrics({ loss: 1, acc: 0 });
  run.end();
  const report = await tracker.close(60_000);
  assert.deepEqual([report.state, report.problems.length], ['complete', 1]);
  assert.match(report.problems[0]!, /p7/);
  assert.ok(warnings.some((line) => /p7/.test(line)));
  const read = await client.getRun(run.remoteId()!);
  assert.deepEqual(
    [Object.keys(read.params).length, read.params['p39'], read.metrics['loss']],
    [40, '39', 1],
  );
  client.close();
});

test(
  "several trackers on one folder: a worker nests its run by the parent's id, all arrives once",
  options,
  async () => {
    const common = {
      uri: server.uri,
      journalFolder: path.join(folder, 'several'),
      experiment: 'several',
      onWarning: silent,
    };
    const first = createTracker(common);
    const study = first.startRun({ name: 'study', key: 'study' });
    const others = [createTracker(common), createTracker({ ...common, mode: 'offline' })];
    const trials = others.map((tracker, i) =>
      tracker.startRun({ name: `trial ${i}`, parent: { id: study.id, key: 'study' } }),
    );
    for (const trial of trials) {
      for (let step = 0; step < 300; step++) trial.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
      trial.end();
    }
    study.end();
    const reports = await Promise.all([first, ...others].map((tracker) => tracker.close(60_000)));
    assert.deepEqual(
      reports.map((report) => report.state),
      ['complete', 'complete', 'local'],
    );
    assert.equal((await syncJournals(common.journalFolder, { uri: server.uri })).state, 'complete');
    const client = createMlflowClient(server.uri);
    const { id } = (await client.getExperiment('several'))!;
    const runs = await client.searchRuns([id], { lifecycle: 'all' });
    const parent = runs.find((run) => run.name === 'study')!;
    assert.deepEqual(
      [runs.length, runs.filter((run) => run.tags['mlflow.parentRunId'] === parent.id).length],
      [3, 2],
    );
    for (const trial of trials) await checkDelivery(client, 'several', trial.id, 300, 0);
    client.close();
  },
);
