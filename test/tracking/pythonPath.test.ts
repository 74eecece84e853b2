import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createMlflowClient, startLocalServer } from 'mlflow-tracking-client';
import { mlflow, noServer, temporaryFolder } from './support';

test(
  "a foreign Python's modules and folders do not keep the server from starting",
  { skip: noServer },
  async (context) => {
    const parent = temporaryFolder();
    const elsewhere = path.join(parent, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.writeFileSync(path.join(elsewhere, 'sqlalchemy.py'), 'raise ImportError("a foreign sqlalchemy")\n');
    const before = { ...process.env };
    Object.assign(process.env, { PYTHONPATH: elsewhere, PYTHONHOME: elsewhere, PYTHONSTARTUP: elsewhere });
    context.after(() => {
      for (const name of ['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      fs.rmSync(parent, { recursive: true, force: true, maxRetries: 10 });
    });
    const folder = path.join(parent, 'server');
    const server = await startLocalServer({ folder, executable: mlflow, port: 0, timeoutMs: 120_000 });
    try {
      const client = createMlflowClient(server.uri);
      await client.ensureExperiment('here');
      const database = fs.readFileSync(path.join(folder, 'mlflow.db'));
      assert.equal(database.subarray(0, 15).toString(), 'SQLite format 3');
    } finally {
      await server.stop();
    }
  },
);
