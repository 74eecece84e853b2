import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createMlflowClient, startLocalServer } from 'mlflow-tracking-client';
import { mlflow, noServer, temporaryFolder } from './support';

/** Signs that mean something in addresses, in shells, in Python's formats and in configuration files. */
const NAMES = ['a?b', 'a%20b', 'a#b', 'two words ü 100%(x)s'];

test('a folder of any name holds its own database and artifacts', { skip: noServer }, async (context) => {
  const parent = temporaryFolder();
  const elsewhere = path.join(parent, 'elsewhere');
  fs.mkdirSync(elsewhere);
  // A foreign Python's modules in place of MLflow's own.
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
  await Promise.all(
    NAMES.map(async (name) => {
      const folder = path.join(parent, name);
      const server = await startLocalServer({ folder, executable: mlflow, port: 0, timeoutMs: 120_000 });
      try {
        const client = createMlflowClient(server.uri);
        await client.ensureExperiment('here');
        const database = fs.readFileSync(path.join(folder, 'mlflow.db'));
        assert.equal(database.subarray(0, 15).toString(), 'SQLite format 3');
        assert.ok(fs.existsSync(path.join(folder, 'artifacts')));
      } finally {
        await server.stop();
      }
    }),
  );
  assert.deepEqual(fs.readdirSync(parent).sort(), [...NAMES, 'elsewhere'].sort());
});
