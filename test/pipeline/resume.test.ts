import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { sha256File } from 'research-basics/files';
import { stmLab, stmLabKilledAfter, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

/** Hashes of all results that are to be equal, by relative path. Journals hold times, figures' folders pictures. */
function resultHashes(results: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const name of fs.readdirSync(results, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(results, name);
    if (
      !fs.statSync(file).isFile() ||
      /(^|\/)(tracking|\.work)\/|journal\.log|\.lock|search\/(stage\.json|trials\.csv)/.test(name)
    )
      continue;
    hashes[name] = sha256File(file);
  }
  return hashes;
}

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
      // The run of a search, and so of its trials, belongs to its folder, which differs here.
      const key = start.key ?? start.name ?? name;
      return key.replace(/^search-run-\w+$/, 'search-run').replace(/(-trial-\d+)-\w+$/, '$1');
    })
    .sort();
}

test('killed at random and started again: the same results, and every run tracked once', async () => {
  const folder = temporaryFolder('resume');
  const manifest = tinyCorpus(path.join(folder, 'corpus'));
  const experiment = tinyExperiment(folder);
  const command = (results: string): string[] => [
    ...[
      'reproduce',
      '--manifest',
      manifest,
      '--experiment',
      experiment,
      '--results',
      path.join(folder, results),
    ],
    ...['--notebooks', 'skip', '--tracking', 'offline'],
  ];
  const began = performance.now();
  assert.equal(stmLab(...command('whole')).code, 0);
  const whole = performance.now() - began;

  const random = randomState(4);
  let kills = 0;
  // Early enough that several kills fall into one run, late enough that each finds some work done.
  for (let attempt = 0; attempt < 6; attempt++) {
    const delay = whole * (0.15 + 0.3 * random.double());
    if ((await stmLabKilledAfter(delay, ...command('broken'))) === 'killed') kills++;
  }
  assert.ok(kills >= 2, `only ${kills} of 6 attempts were killed in mid-flight`);
  const last = stmLab(...command('broken'));
  assert.equal(last.code, 0, last.err);

  assert.deepEqual(resultHashes(path.join(folder, 'broken')), resultHashes(path.join(folder, 'whole')));
  const runs = trackedRuns(path.join(folder, 'broken'));
  assert.deepEqual(runs, trackedRuns(path.join(folder, 'whole')));
  assert.equal(new Set(runs).size, runs.length);
});
