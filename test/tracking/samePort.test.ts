import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { createMlflowClient, startLocalServer } from 'mlflow-tracking-client';
import { mlflow, noServer, temporaryFolder } from './support';

test(
  'two folders whose servers start at once, at the port that both used last, have a server each',
  { skip: noServer },
  async (t) => {
    const folder = temporaryFolder();
    t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    const probe = net.createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as net.AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const folders = ['one', 'two'].map((name) => path.join(folder, name));
    const servers = await Promise.all(
      folders.map(async (one, i) => {
        fs.mkdirSync(one);
        // A server takes seconds until it listens: the second finds the port free, too.
        await pause(i * 300);
        fs.writeFileSync(path.join(one, 'server.json'), JSON.stringify({ pid: 0, port }));
        return startLocalServer({ folder: one, executable: mlflow, timeoutMs: 120_000 });
      }),
    );
    try {
      assert.ok(servers.some((server) => server.port === port));
      const [one, two] = servers.map(({ uri }) => createMlflowClient(uri));
      await one!.ensureExperiment('of one');
      assert.equal(await two!.getExperiment('of one'), undefined);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
);
