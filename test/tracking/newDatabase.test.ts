import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { createMlflowClient, startLocalServer } from 'mlflow-tracking-client';
import { newDatabase } from '../../lib/mlflow-tracking-client/dist/newDatabase';
import { mlflow, noServer, temporaryFolder } from './support';

test(
  'a server killed while it makes its tables is started again with new ones',
  { skip: noServer },
  async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    const database = path.join(folder, 'mlflow.db');
    const options = { folder, executable: mlflow, port: 0, timeoutMs: 120_000 };
    const stop = new AbortController();
    const first = startLocalServer({ ...options, signal: stop.signal });
    const isStarted = first.then(
      () => true,
      () => true,
    );
    // Some of its tables are there, not all.
    while (!(fs.existsSync(database) && fs.statSync(database).size > 0)) {
      if (await Promise.race([isStarted, pause(10, false)])) break;
    }
    stop.abort();
    await assert.rejects(first, { kind: 'interrupted' });
    assert.ok(fs.existsSync(`${database}.unfinished`));
    const second = await startLocalServer(options);
    try {
      await createMlflowClient(second.uri).ensureExperiment('here');
      assert.ok(!fs.existsSync(`${database}.unfinished`));
    } finally {
      await second.stop();
    }
  },
);

test('a database that once answered is never removed', () => {
  const folder = temporaryFolder();
  const database = path.join(folder, 'mlflow.db');
  const none = (): void => assert.fail('nothing is to be ended');
  fs.writeFileSync(database, 'mine');
  newDatabase(folder, none).finished();
  assert.equal(fs.readFileSync(database, 'utf8'), 'mine');
  fs.rmSync(database);
  newDatabase(folder, none).finished();
  fs.writeFileSync(database, 'answered');
  newDatabase(folder, none);
  assert.equal(fs.readFileSync(database, 'utf8'), 'answered');
  fs.rmSync(folder, { recursive: true });
});
