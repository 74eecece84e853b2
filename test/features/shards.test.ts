import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readManifest, type ManifestRow } from 'stm-lab/dist/corpus';
import { extractCorpus, extractShard, mergeShards, shardFolder, shardStates } from 'stm-lab/dist/features';
import { makeCorpus, results } from './corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-shards-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const audio = path.join(folder, 'audio');
let rows: ManifestRow[];
let whole: Record<string, string>;

/** As a shard or a merge reads it: without looking for the files. */
const read = (manifest: string): readonly ManifestRow[] =>
  readManifest(manifest, { purpose: 'extraction', files: 'trust' }).rows;
const shardAll = async (
  outFolder: string,
  of: number,
  from: readonly ManifestRow[] = rows,
): Promise<void> => {
  for (let number = 1; number <= of; number++)
    await extractShard({ rows: from, outFolder, workers: 1 }, { number, of });
};

before(async () => {
  rows = makeCorpus(audio, 13);
  const outFolder = path.join(folder, 'whole');
  await extractCorpus({ rows, outFolder });
  whole = results(outFolder);
});

test('merged shards are the bytes of one extraction, for any number of shards, more than recordings included', async () => {
  for (const of of [1, 3, 17]) {
    const outFolder = path.join(folder, `of-${of}`);
    await shardAll(outFolder, of);
    const merged = mergeShards({ rows, outFolder }, of);
    assert.deepEqual(results(outFolder), whole);
    assert.equal(merged.accepted + merged.rejected.length, rows.length);
  }
});

test('shards keep the features of every excerpt, as one extraction does', async () => {
  const options = { rows: rows.slice(0, 6), keep: 'excerpts' as const, workers: 1 };
  await extractCorpus({ ...options, outFolder: path.join(folder, 'excerpts') });
  const outFolder = path.join(folder, 'excerpts-sharded');
  for (const number of [2, 1]) await extractShard({ ...options, outFolder }, { number, of: 2 });
  mergeShards({ ...options, outFolder }, 2);
  for (const name of fs.readdirSync(path.join(folder, 'excerpts')).filter((file) => !file.startsWith('.')))
    assert.ok(
      fs
        .readFileSync(path.join(folder, 'excerpts', name))
        .equals(fs.readFileSync(path.join(outFolder, name))),
      name,
    );
});

test('a shard knows no place: made of a copy elsewhere and moved, it merges to the same bytes', async () => {
  const elsewhere = path.join(folder, 'mounted', 'elsewhere');
  fs.cpSync(audio, elsewhere, { recursive: true });
  const moved = rows.map((row) => ({ ...row, file: path.join(elsewhere, row.path) }));
  await shardAll(path.join(folder, 'node'), 2, moved);
  const outFolder = path.join(folder, 'login');
  fs.cpSync(path.join(folder, 'node', 'shards'), path.join(outFolder, 'shards'), { recursive: true });
  fs.rmSync(elsewhere, { recursive: true });
  const unreachable = moved.map((row) => ({ ...row, file: `/nowhere/${row.path}` }));
  mergeShards({ rows: unreachable, outFolder }, 2);
  assert.deepEqual(results(outFolder), whole);
});

test('a damaged shard is named, made again alone from its own finished work, and only it', async () => {
  const outFolder = path.join(folder, 'damaged');
  await shardAll(outFolder, 3);
  for (const name of ['features.npy', 'recordings.jsonl', 'shard.json']) {
    const file = path.join(shardFolder(outFolder, { number: 2, of: 3 }), name);
    const bytes = fs.readFileSync(file);
    bytes[bytes.length >> 1]! ^= 4;
    fs.writeFileSync(file, bytes);
    assert.throws(
      () => mergeShards({ rows, outFolder }, 3),
      new RegExp(`1 of 3 shards .*shard 2 has a damaged ${name}`),
    );
    assert.deepEqual(
      shardStates({ rows, outFolder }, 3).map(({ state }) => state),
      ['complete', 'missing', 'complete'],
    );
    assert.equal((await extractShard({ rows, outFolder }, { number: 1, of: 3 })).status, 'cached');
    const again = await extractShard({ rows, outFolder }, { number: 2, of: 3 });
    assert.deepEqual([again.status, again.computed], ['computed', 0]);
  }
  // Damage below the shard's results, in what it would be made again from.
  const work = path.join(shardFolder(outFolder, { number: 2, of: 3 }), '.work');
  for (const name of ['journal.jsonl', 'records-2420.f32']) {
    const bytes = fs.readFileSync(path.join(work, name));
    bytes[bytes.length >> 1]! ^= 1;
    fs.writeFileSync(path.join(work, name), bytes);
  }
  fs.rmSync(path.join(work, '..', 'features.npy'));
  const again = await extractShard({ rows, outFolder }, { number: 2, of: 3 });
  assert.ok(again.computed >= 1 && again.computed <= 2, `${again.computed} were computed again`);
  mergeShards({ rows, outFolder }, 3);
  assert.deepEqual(results(outFolder), whole);
});

test('other parameters or other recordings are not part of this merge; unmade shards are named', async () => {
  const outFolder = path.join(folder, 'other');
  await extractShard({ rows, outFolder, parameters: { channels: 'paper' } }, { number: 1, of: 2 });
  assert.throws(
    () => mergeShards({ rows, outFolder }, 2),
    /2 of 2 shards .*shard 1 was made of other recordings or with other parameters, shard 2 is not finished/,
  );
  await assert.rejects(
    extractShard({ rows, outFolder }, { number: 3, of: 2 }),
    /shard 3\/2: give a number from 1/,
  );
});

test('a recording that is missing is left out as in one run; a corpus that is missing is not an empty shard', async () => {
  const corpus = path.join(folder, 'lacking');
  fs.cpSync(audio, corpus, { recursive: true });
  fs.rmSync(path.join(corpus, rows[4]!.path));
  const manifest = path.join(corpus, 'manifest.csv');
  const lines = rows.map((row) => `${row.path},"${row.label}","${row.group}"`);
  fs.writeFileSync(manifest, ['path,label,group', ...lines, ''].join('\n'));
  const single = path.join(folder, 'lacking-whole');
  await extractCorpus({ rows: readManifest(manifest).rows, outFolder: single });
  const outFolder = path.join(folder, 'lacking-shards');
  await shardAll(outFolder, 4, read(manifest));
  const { absent } = mergeShards({ rows: read(manifest), outFolder }, 4);
  assert.deepEqual(
    absent.map(({ row, reason }) => [row.path, reason]),
    [[rows[4]!.path, 'there is no such file']],
  );
  assert.deepEqual(results(outFolder), results(single));
  const unmounted = rows.map((row) => ({ ...row, file: `/nowhere/${row.path}` }));
  await assert.rejects(
    extractShard({ rows: unmounted, outFolder: path.join(folder, 'unmounted') }, { number: 1, of: 2 }),
    /none of its \d+ recordings is there .*is the corpus mounted/,
  );
});
