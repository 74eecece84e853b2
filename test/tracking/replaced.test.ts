import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { createMlflowClient, createTracker, syncJournals, type LocalServer } from 'mlflow-tracking-client';
import { checkDelivery, noServer, python, startServer, temporaryFolder } from './support';

/** What the server held changes under a living sender: deleted and restored, or another database. */

const options = { skip: noServer };
const folder = temporaryFolder();
let server: LocalServer;
const silent = (): void => undefined;

before(async () => {
  if (noServer !== false) return;
  server = await startServer(folder);
  // A database without runs, for later.
  const copy = 'import sqlite3, sys; a, b = map(sqlite3.connect, sys.argv[1:]); a.backup(b); b.close()';
  execFileSync(python, ['-c', copy, path.join(folder, 'server', 'mlflow.db'), path.join(folder, 'empty.db')]);
});
after(async () => {
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test(
  'an experiment deleted and restored under a living tracker: held meanwhile, complete afterwards',
  options,
  async () => {
    const client = createMlflowClient(server.uri);
    const tracker = createTracker({
      uri: server.uri,
      journalFolder: path.join(folder, 'restored'),
      experiment: 'restored',
      onWarning: silent,
      pollMs: 20,
    });
    const first = tracker.startRun({ name: 'first' });
    first.logMetrics({ loss: 1, acc: 0 }, 0);
    assert.equal((await tracker.flush()).state, 'complete');
    const { id } = (await client.getExperiment('restored'))!;
    await client.deleteExperiment(id);
    const second = tracker.startRun({ name: 'second' });
    for (const run of [first, second]) {
      const from = run === first ? 1 : 0;
      for (let step = from; step < 3; step++) run.logMetrics({ loss: 1 / (1 + step), acc: step }, step);
    }
    const held = await tracker.flush();
    assert.deepEqual([held.state, held.runs.map((run) => run.state)], ['partial', ['held', 'held']]);
    assert.match(held.problems.join(), /restore it/);
    await client.restoreExperiment(id);
    first.end();
    second.end();
    const report = await tracker.close(20_000);
    assert.deepEqual([report.state, report.problems], ['complete', []]);
    for (const run of [first, second]) await checkDelivery(client, 'restored', run.id, 3, 0);
    client.close();
  },
);

test(
  'children of one parent that are sent at once, by another tracker, make one parent',
  options,
  async () => {
    const journalFolder = path.join(folder, 'parents');
    const writer = createTracker({ mode: 'offline', journalFolder, experiment: 'parents' });
    const client = createMlflowClient(server.uri);
    for (let round = 0; round < 4; round++) {
      const study = writer.startRun({ name: `study ${round}`, key: `study ${round}` });
      const tracker = createTracker({
        uri: server.uri,
        journalFolder,
        experiment: 'parents',
        onWarning: silent,
      });
      const parent = { id: study.id, key: `study ${round}` };
      for (let i = 0; i < 3; i++) tracker.startRun({ name: `trial ${round}/${i}`, parent }).end();
      study.end();
      assert.equal((await tracker.close(30_000)).state, 'complete');
    }
    const runs = await client.searchRuns([(await client.getExperiment('parents'))!.id], { lifecycle: 'all' });
    client.close();
    const studies = runs.filter((run) => run.name.startsWith('study'));
    assert.deepEqual(studies.map((run) => run.name).sort(), ['study 0', 'study 1', 'study 2', 'study 3']);
    assert.equal(runs.length, 16);
    for (const study of studies)
      assert.equal(runs.filter((run) => run.tags['mlflow.parentRunId'] === study.id).length, 3);
  },
);

test(
  'another database behind the same address: runs are sent again, parents first, under the right experiment',
  options,
  async () => {
    const journalFolder = path.join(folder, 'replaced');
    const tracker = createTracker({
      uri: server.uri,
      journalFolder,
      experiment: 'replaced',
      onWarning: silent,
      pollMs: 20,
    });
    const study = tracker.startRun({ name: 'study' });
    const open = tracker.startRun({ name: 'open', parent: study });
    const ended = tracker.startRun({ name: 'ended', parent: study });
    for (const run of [open, ended]) run.logMetrics({ loss: 1, acc: 0 }, 0);
    ended.end();
    assert.equal((await tracker.flush()).state, 'complete');
    const before = open.remoteId();

    await server.stop();
    for (const name of fs.readdirSync(path.join(folder, 'server')))
      if (name.startsWith('mlflow.db')) fs.rmSync(path.join(folder, 'server', name));
    fs.copyFileSync(path.join(folder, 'empty.db'), path.join(folder, 'server', 'mlflow.db'));
    server = await startServer(folder, server.port);
    const client = createMlflowClient(server.uri);
    // The ids of the old experiments belong to others now.
    for (let i = 0; i < 4; i++) await client.ensureExperiment(`other ${i}`);
    const late = tracker.startRun({ name: 'late', parent: study });
    late.logMetrics({ loss: 1, acc: 0 }, 0);
    late.end();
    for (let step = 1; step < 3; step++) open.logMetrics({ loss: 1 / (1 + step), acc: step }, step);
    open.end();
    study.end();
    const report = await tracker.close(30_000);
    assert.deepEqual([report.state, report.problems], ['complete', []]);
    assert.notEqual(open.remoteId(), before);
    await checkDelivery(client, 'replaced', open.id, 3, 0);
    await checkDelivery(client, 'replaced', late.id, 1, 0);

    // A run that had been delivered and ended was not looked at again; sync does.
    const synced = await syncJournals(journalFolder, { uri: server.uri });
    assert.deepEqual([synced.state, synced.delivered.runs], ['complete', 1]);
    await checkDelivery(client, 'replaced', ended.id, 1, 0);
    const experiment = (await client.getExperiment('replaced'))!;
    const runs = await client.searchRuns([experiment.id], { lifecycle: 'all' });
    const parent = runs.find((run) => run.name === 'study')!;
    assert.deepEqual(runs.map((run) => run.name).sort(), ['ended', 'late', 'open', 'study']);
    for (const run of runs.filter((one) => one !== parent))
      assert.equal(run.tags['mlflow.parentRunId'], parent.id, run.name);
    for (const other of await client.searchExperiments({ filter: "name LIKE 'other%'" }))
      assert.deepEqual(await client.searchRuns([other.id], { lifecycle: 'all' }), []);
    assert.equal((await syncJournals(journalFolder, { uri: server.uri })).delivered.runs, 0);
    client.close();
  },
);
