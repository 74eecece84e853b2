/**
 * The tracker against a server that dies, a process that dies, and everything at its limit: the full sizes
 * of what test/tracking does small.
 *
 *   npx tsx bench/trackingFaults.ts [--restarts 20] [--points 50000] [--files 30] [--kills 20] [--megabytes 300] [--params 10000]
 *
 * Needs .venv with mlflow. Prints what it found and exits 1 when a point, file or parameter is missing,
 * doubled or changed.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { sha256File } from 'research-basics/files';
import {
  createMlflowClient,
  createTracker,
  openArtifactStore,
  syncJournals,
  type LocalServer,
} from 'mlflow-tracking-client';
import { checkDelivery, killServer, startServer, temporaryFolder } from '../test/tracking/support';

const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '20' },
    points: { type: 'string', default: '50000' },
    files: { type: 'string', default: '30' },
    kills: { type: 'string', default: '20' },
    megabytes: { type: 'string', default: '300' },
    params: { type: 'string', default: '10000' },
  },
});
const size = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)])) as Record<
  keyof typeof values,
  number
>;
const folder = temporaryFolder();
const silent = (): void => undefined;
const seconds = (begin: number): string => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
let server: LocalServer;

/** 2 metrics x points / 2 steps, with the server killed and started again all the while. */
async function restarts(): Promise<void> {
  const begin = performance.now();
  const journals = path.join(folder, 'restarts');
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: journals,
    experiment: 'restarts',
    onWarning: silent,
    pollMs: 50,
  });
  const run = tracker.startRun({ name: 'restarts' });
  const steps = size.points / 2;
  let step = 0;
  let longest = 0;
  let calls = 0;
  const logUntil = (until: number): void => {
    for (; step < until; step++) {
      const start = performance.now();
      run.logMetrics({ loss: 1 / (1 + step), acc: step % 7 }, step);
      if (step % Math.floor(steps / size.files) === 0 && step / Math.floor(steps / size.files) < size.files) {
        run.logText(`files/${step}.txt`, `file ${step}`);
      }
      const took = performance.now() - start;
      longest = Math.max(longest, took);
      calls += took;
    }
  };
  for (let round = 0; round < size.restarts; round++) {
    const share = (steps * (round + 1)) / (size.restarts + 1);
    // Two thirds of the share while the server is up, killed in the midst of taking them; the rest while it is away.
    for (let part = 1; part <= 20; part++) {
      logUntil(step + Math.max(0, Math.floor(((share - step) * 2) / 3 / (21 - part))));
      await new Promise((resolve) => setTimeout(resolve, 10 + ((round * 37) % 60)));
    }
    await killServer(server);
    logUntil(Math.floor(share));
    server = await startServer(folder, server.port);
    process.stdout.write(`restart ${round + 1}: ${step} steps, ${seconds(begin)}\n`);
  }
  logUntil(steps);
  run.end();
  const closed = await tracker.close(20_000);
  const synced = await syncJournals(journals, { uri: server.uri });
  assert.deepEqual([synced.state, synced.problems], ['complete', []]);
  const client = createMlflowClient(server.uri);
  await checkDelivery(client, 'restarts', run.id, steps, size.files);
  client.close();
  console.log(
    `${size.restarts} restarts, ${2 * steps} points, ${size.files} files: each held exactly once ` +
      `(${closed.delivered.metrics} points sent by the tracker, ${synced.delivered.metrics} by sync); ` +
      `longest call ${longest.toFixed(1)} ms, mean ${((1000 * calls) / steps).toFixed(1)} us; ${seconds(begin)}`,
  );
}

async function kills(): Promise<void> {
  const begin = performance.now();
  const journals = path.join(folder, 'killed');
  let last = -1;
  for (let round = 0; round < size.kills; round++) {
    const child = fork(path.join(__dirname, '../test/tracking/killedProcess.ts'), [journals, server.uri], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let returned = -1;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await new Promise<void>((resolve) => {
      child.on('message', (step: number) => {
        if (returned < 0) setTimeout(resolve, 10 + 700 * Math.random());
        returned = step;
      });
    });
    child.kill('SIGKILL');
    await ended;
    const held = fs
      .readFileSync(path.join(journals, 'killed.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{"op":"metrics"') && line.endsWith('}')).length;
    assert.ok(held > returned && returned > last, `round ${round}: returned ${returned}, held ${held}`);
    last = returned;
  }
  const synced = await syncJournals(journals, { uri: server.uri });
  assert.deepEqual([synced.state, synced.abandoned], ['complete', ['killed']]);
  const client = createMlflowClient(server.uri);
  const runs = await client.searchRuns([(await client.getExperiment('killed'))!.id], { lifecycle: 'all' });
  assert.deepEqual([runs.length, runs[0]!.status], [1, 'FAILED']);
  const steps = (await client.metricHistory(runs[0]!.id, 'loss')).map((point) => point.step);
  assert.deepEqual(
    steps,
    Array.from(steps, (_, i) => i),
  );
  client.close();
  console.log(
    `${size.kills} kills of the process: ${last + 1} calls returned, ${steps.length} points held, each once; run FAILED; ${seconds(begin)}`,
  );
}

async function limits(): Promise<void> {
  const begin = performance.now();
  const tracker = createTracker({
    uri: server.uri,
    journalFolder: path.join(folder, 'limits'),
    experiment: 'limits',
    onWarning: silent,
  });
  const run = tracker.startRun({ name: 'limits' });
  run.logParams(Object.fromEntries(Array.from({ length: size.params }, (_, i) => [`p${i}`, i])));
  run.logParams({ long: 'x'.repeat(6001) });
  run.logMetrics({ nan: NaN, inf: Infinity });
  assert.throws(() => run.logMetrics({ 'a:b': 1 }), /would be/);
  const big = path.join(folder, 'big.bin');
  const block = Buffer.allocUnsafe(1 << 20);
  const handle = fs.openSync(big, 'w');
  for (let i = 0; i < size.megabytes; i++) fs.writeSync(handle, randomFillSync(block));
  fs.closeSync(handle);
  const copy = performance.now();
  run.logArtifact(big);
  const copied = performance.now() - copy;
  run.end();
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const report = await tracker.close(600_000);
  clearInterval(watch);
  assert.deepEqual([report.state, report.problems], ['complete', []]);
  const client = createMlflowClient(server.uri);
  const read = await client.getRun(run.remoteId()!);
  assert.equal(Object.keys(read.params).length, size.params + 1);
  assert.equal(read.params['long']!.length, 6000);
  assert.ok(Number.isNaN(read.metrics['nan']) && read.metrics['inf'] === Number.MAX_VALUE);
  await openArtifactStore(client, read.artifactUri).get('big.bin', `${big}.back`);
  assert.equal(sha256File(`${big}.back`), sha256File(big));
  client.close();
  console.log(
    `${size.params} params, a ${size.megabytes} MB artifact back byte-equal: ${seconds(begin)}; ` +
      `logArtifact returned after ${copied.toFixed(0)} ms, memory grew by ${((peak - before) / 1e6).toFixed(0)} MB`,
  );
}

async function main(): Promise<void> {
  try {
    server = await startServer(folder);
    await limits();
    await kills();
    await restarts();
  } finally {
    await server?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
