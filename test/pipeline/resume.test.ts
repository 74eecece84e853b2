import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  resultHashes,
  stmLab,
  stmLabKilledAfter,
  temporaryFolder,
  tinyCorpus,
  tinyExperiment,
  withoutSearchFolder,
} from './support';

function trackedRuns(results: string): string[] {
  const folder = path.join(results, 'corpus', 'tracking');
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => {
      const start = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8').split('\n')[0]!) as {
        key?: string;
        name?: string;
      };
      return withoutSearchFolder(start.key ?? start.name ?? name);
    })
    .sort();
}

test('killed at random and started again: the same results, and every run tracked once', async () => {
  const folder = temporaryFolder('resume');
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const experiment = tinyExperiment(folder);
  const command = (results: string): string[] => [
    ...['reproduce', '--manifest', manifest, '--preset', experiment, '--results', path.join(folder, results)],
    ...['--notebooks', 'skip', '--tracking', 'offline'],
  ];
  const began = performance.now();
  assert.equal(stmLab(...command('whole')).code, 0);
  const whole = performance.now() - began;

  const random = randomState(4);
  let kills = 0;
  // Early enough that several kills fall into one run, late enough that each finds some work done.
  for (let attempt = 0; attempt < 4; attempt++) {
    const delay = whole * (0.15 + 0.3 * random.double());
    if ((await stmLabKilledAfter(delay, ...command('broken'))) === 'killed') kills++;
  }
  assert.ok(kills >= 2, `only ${kills} of 4 attempts were killed in mid-flight`);
  const last = stmLab(...command('broken'));
  assert.equal(last.code, 0, last.err);

  assert.deepEqual(resultHashes(path.join(folder, 'broken')), resultHashes(path.join(folder, 'whole')));
  const runs = trackedRuns(path.join(folder, 'broken'));
  assert.deepEqual(runs, trackedRuns(path.join(folder, 'whole')));
  assert.equal(new Set(runs).size, runs.length);
});
