import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { extractionCost, mergeCosts } from 'stm-lab/dist/pipeline/extractionCost';
import { sha256File } from 'research-basics/files';
import { createStudy } from 'bayesian-optimizer';
import { stmLabHere, stmLabStarted, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

let folder = '';
let manifest = '';
let experiment: string[] = [];
const at = (name: string): string => path.join(folder, name);
const run = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await stmLabHere(...args);
  assert.equal(code, 0, err);
  return out;
};
const hashes = (name: string, files: readonly string[]): string[] =>
  files.map((file) => sha256File(path.join(at(name), file)));
/** The runs in a journal folder, by key, with the key of the run they lie below. */
function runs(name: string): Record<string, string | undefined> {
  const starts = fs
    .readdirSync(at(name))
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => fs.readFileSync(path.join(at(name), file), 'utf8').split('\n')[0]!)
    .map((line) => JSON.parse(line) as { key: string; uid: string; parent?: { uid: string } });
  const keys = new Map(starts.map(({ uid, key }) => [uid, key]));
  return Object.fromEntries(starts.map(({ key, parent }) => [key, parent && keys.get(parent.uid)]));
}

before(() => {
  folder = temporaryFolder('shard');
  manifest = tinyCorpus(at('corpus'));
  experiment = ['--preset', tinyExperiment(folder)];
});

test('extract in shards and merge: the bytes of one extraction; a missing shard is named with exit code 2', async () => {
  const chain = ['extract', '--manifest', manifest];
  await run(...chain, '--out', at('features'));
  const out = ['--out', at('sharded/features'), '--journal', at('sharded/journals')];
  await run(...chain, ...out, '--shard', '1/2');
  const early = await stmLabHere(...chain, ...out, '--merge', '2');
  assert.equal(early.code, 2);
  assert.match(early.err, /1 of 2 shards cannot be merged: shard 2 is not finished; .*--shard 2\/2/);
  assert.match(await run(...chain, ...out, '--shard', '2/2'), /shard 2 of 2: 18 recordings, 18 accepted/);
  assert.match(await run(...chain, ...out, '--merge', '2'), /2 shards merged: 36 accepted, 0 rejected/);
  const files = ['features.npy', 'index.csv', 'rejected.csv', 'axes.json', 'extraction.json', 'stage.json'];
  assert.deepEqual(hashes('sharded/features', files), hashes('features', files));
  // What comparisons show as cost is that of the shards together, by hours of sound.
  const costOf = (name: string): { secondsPerHour: number; audioHours: number } =>
    JSON.parse(fs.readFileSync(path.join(at(name), '.work', 'cost.json'), 'utf8')) as never;
  const [one, two] = ['1-of-2', '2-of-2'].map((shard) => costOf(`sharded/features/shards/${shard}`));
  const hours = one!.audioHours + two!.audioHours;
  const seconds = one!.secondsPerHour * one!.audioHours + two!.secondsPerHour * two!.audioHours;
  assert.deepEqual(costOf('sharded/features'), { secondsPerHour: seconds / hours, audioHours: hours });
  assert.ok(Math.abs(hours - costOf('features').audioHours) < 1e-9);
  assert.equal(extractionCost(at('sharded/features')), seconds / hours);
  mergeCosts(at('unmeasured'), [at('sharded/features'), at('corpus')]);
  assert.equal(extractionCost(at('unmeasured')), undefined);
  const all = Object.entries(runs('sharded/journals'));
  const alone = all.filter(([, parent]) => parent === undefined);
  const below = all.filter(([, parent]) => parent !== undefined);
  assert.equal(alone.length, 1);
  // A child's key ends in the hash of its parent's.
  const part = (key: string, parent: string): string => key.replace(parent, '').replace(/-[0-9a-f]{12}$/, '');
  assert.deepEqual(below.map(([key, parent]) => [part(key, parent!), parent]).sort(), [
    ['-1-of-2', alone[0]![0]],
    ['-2-of-2', alone[0]![0]],
  ]);
});

test('ablate in shards and merge: the bytes of one ablation; a damaged cell is found', async () => {
  const chain = ['ablate', '--features', at('features'), ...experiment];
  await run(...chain, '--out', at('ablation'));
  const out = ['--out', at('sharded/ablation'), '--journal', at('sharded/journals')];
  await run(...chain, ...out, '--shard', '2/2');
  await run(...chain, ...out, '--shard', '1/2');
  const cell = at('sharded/ablation/cells/low-rate4-scale2.json');
  const whole = fs.readFileSync(cell, 'utf8');
  fs.writeFileSync(cell, whole.replace(/"low": 0\.\d/, '"low": 0.0'));
  assert.match(
    (await stmLabHere(...chain, ...out, '--merge', '2')).err,
    /shard 2 has a damaged cell low-rate4-scale2; run them again/,
  );
  await run(...chain, ...out, '--shard', '2/2');
  assert.equal(fs.readFileSync(cell, 'utf8'), whole);
  await run(...chain, ...out, '--merge', '2');
  const files = ['ablation.json', 'cells.csv', 'stage.json'];
  assert.deepEqual(hashes('sharded/ablation', files), hashes('ablation', files));
});

test('two search workers on one study: every trial once, each below the one run of the search', async () => {
  await run('split', '--features', at('features'), '--out', at('split'), ...experiment);
  await run(
    'reduce',
    '--features',
    at('features'),
    '--split',
    at('split'),
    '--out',
    at('reduction'),
    ...experiment,
  );
  const chain = ['search', '--reduction', at('reduction'), '--split', at('split'), ...experiment];
  const out = ['--out', at('sharded/search'), '--trials', '6', '--journal', at('search-journals')];
  assert.match((await stmLabHere(...chain, ...out, '--merge', '2')).err, /6 of 6 trials are missing/);
  const workers = ['1/2', '2/2'].map((shard) => stmLabStarted(...chain, ...out, '--shard', shard));
  for (const { code, err } of await Promise.all(workers)) assert.equal(code, 0, err);
  assert.match(await run(...chain, ...out, '--merge', '2'), /6 trials completed, 0 failed/);
  const journal = at('sharded/search/journal.log');
  const name = /"study_name":"([^"]+)"/.exec(fs.readFileSync(journal, 'utf8'))![1]!;
  const { search } = JSON.parse(fs.readFileSync(experiment[1]!, 'utf8')) as { search: { space: object } };
  const trials = createStudy({ name, space: search.space as never, direction: 'maximize', journal }).trials();
  assert.deepEqual(
    trials.map(({ number, state, attempts }) => [number, state, attempts]),
    Array.from({ length: 6 }, (_, i) => [i, 'complete', 1]),
  );
  const below = Object.values(runs('search-journals')).filter((parent) => parent !== undefined);
  assert.equal(below.length, 6);
  assert.equal(new Set(below).size, 1);
});
