import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import {
  createMlflowClient,
  createTracker,
  listAllArtifacts,
  openArtifactStore,
  syncJournals,
} from 'mlflow-tracking-client';
import { noServer, startServer, temporaryFolder } from './support';

/** Journals written by version 0.1.0 before the client was a package: see write.cjs there. */
const journals = path.join(__dirname, 'fixtures', 'journals');
const scratch = temporaryFolder();
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test(
  'run journals from before the package are continued by key and delivered whole, under the prefix of then',
  { skip: noServer },
  async () => {
    const folder = path.join(scratch, 'tracking');
    fs.cpSync(journals, folder, { recursive: true });
    const tracker = createTracker({
      mode: 'offline',
      namespace: 'stm',
      journalFolder: folder,
      experiment: 'Übung',
    });
    const parent = tracker.startRun({ name: 'parent', key: 'parent' });
    assert.equal(parent.origin, 'resumed');
    assert.equal(parent.lastStep('best'), 0);
    parent.logMetrics({ best: 0.125 }, 1);
    parent.end();
    await tracker.close();

    const server = await startServer(scratch);
    const client = createMlflowClient(server.uri);
    try {
      const report = await syncJournals(folder, { uri: server.uri, namespace: 'stm' });
      assert.deepEqual([report.state, report.problems], ['complete', []]);
      const { id } = (await client.getExperiment('Übung'))!;
      const runs = await client.searchRuns([id], {});
      assert.deepEqual(runs.map(({ name }) => name).sort(), ['child', 'parent']);
      const child = runs.find(({ name }) => name === 'child')!;
      const outer = runs.find(({ name }) => name === 'parent')!;
      assert.equal(child.tags['stm.uid'], 'b84700382dd254cdc917ae7d6d08f186');
      assert.equal(outer.tags['stm.runKey'], 'parent');
      assert.equal(child.tags['mlflow.parentRunId'], outer.id);
      assert.deepEqual(outer.params, { α: '0.5', layers: '3' });
      assert.deepEqual(
        (await client.metricHistory(child.id, 'loss')).map(({ step, value }) => [step, value]),
        [1, 1 / 2, 1 / 3, 1 / 4].map((value, step) => [step, value]),
      );
      assert.equal(outer.metrics['best'], 0.125);
      const files = await listAllArtifacts(openArtifactStore(client, child.artifactUri), '');
      assert.deepEqual(files.map((file) => file.path).sort(), ['hello.txt', 'notes/note.txt']);
    } finally {
      client.close();
      await server.stop();
    }
  },
);

test('runs of an earlier experiment continue there, with one sentence per experiment and process', async () => {
  const folder = path.join(scratch, 'renamed');
  const warnings: string[] = [];
  const runs = async (experiment: string, ...keys: string[]): Promise<void> => {
    const tracker = createTracker({
      ...{ mode: 'offline', journalFolder: folder, experiment },
      onWarning: (text) => warnings.push(text),
    });
    for (const key of keys) tracker.startRun({ name: `trial ${key}`, key }).end();
    await tracker.close();
  };
  await runs('corpus/smoke', 'a', 'b', 'c');
  await runs('corpus/tiny', 'd', 'e');
  assert.deepEqual(warnings, []);

  await runs('corpus/small', 'new', 'b', 'a', 'd');
  await runs('corpus/small', 'new', 'c', 'e');
  const sentence = (earlier: string, first: string): string =>
    `runs in ${folder} that were started in experiment "corpus/${earlier}" ("trial ${first}" is the first) continue there, not in "corpus/small"`;
  assert.deepEqual(warnings, [sentence('smoke', 'b'), sentence('tiny', 'd')]);
});
