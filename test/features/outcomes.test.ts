import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readCsv } from 'stm-lab/dist/base/csv';
import { sha256 } from 'research-basics/files';
import type { ManifestRow } from 'stm-lab/dist/corpus';
import {
  extractCorpus,
  extractMel,
  extractShard,
  extractStm,
  mergeShards,
  readDuplicates,
  shardFolder,
  shardStates,
} from 'stm-lab/dist/features';
import { createSilenceWatch } from 'stm-lab/dist/features/extractor/silence';
import { requireOption } from '../faults/preload';
import { stmLab, type Finished } from '../pipeline/support';
import { noise, results, rowFor } from './corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-outcomes-'));
const at = (...names: string[]): string => path.join(folder, ...names);
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.wav`);
let rows: ManifestRow[];
let manifest: string;
before(async () => {
  fs.mkdirSync(at('audio'));
  NAMES.forEach((name, i) => writeWav(at('audio', name), noise(i + 1, i === 5 ? 2 : 4.2, 8000), 8000));
  manifest = at('audio', 'manifest.csv');
  rows = NAMES.map((name, i) => rowFor(at('audio', name), i));
  const lines = rows.map((row) => `${row.path},${row.label},"${row.group}"`);
  fs.writeFileSync(manifest, `${['path,label,group', ...lines].join('\n')}\n`);
  await extractCorpus({ rows, outFolder: at('whole'), workers: 1 });
});

/** Runs `stm-lab extract` on the corpus while the named files fail. */
function extract(out: string, faults: Record<string, string>, ...more: string[]): Finished {
  const before = process.env['NODE_OPTIONS'];
  fs.writeFileSync(at('faults.json'), JSON.stringify(faults));
  process.env['FAULT_IO'] = at('faults.json');
  process.env['NODE_OPTIONS'] = requireOption(path.join(__dirname, '..', 'faults', 'io.cjs'));
  try {
    return stmLab('extract', '--manifest', manifest, '--out', out, '--workers', '2', ...more);
  } finally {
    delete process.env['FAULT_IO'];
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  }
}

const FAULTS = { 'a.wav': 'open EMFILE', 'b.wav': 'read EIO', 'c.wav': 'die', 'd.wav': 'open ESTALE' };

test('what the surroundings broke is failed, told, exit 1, and tried again; what the bytes broke is remembered', () => {
  const out = at('failing');
  const first = extract(out, FAULTS);
  assert.equal(first.code, 1, first.err);
  assert.match(first.out, /1 accepted, 1 rejected, 4 FAILED: run again/);
  const rejected = readCsv(path.join(out, 'rejected.csv')).rows;
  assert.deepEqual(
    rejected.map((row) => [row['path'], row['outcome']]),
    [...Object.keys(FAULTS).map((name) => [name, 'failed']), ['f.wav', 'unusable']],
  );
  const reasons = [
    /EMFILE.*try again/,
    /EIO.*try again/,
    /worker ended without a result; run again/,
    /ESTALE/,
  ];
  reasons.forEach((reason, i) => assert.match(rejected[i]!['reason']!, reason));
  for (const name of Object.keys(FAULTS)) assert.match(first.err, new RegExp(`FAILED ${name}: `));
  // The same fault twice is still no verdict on the bytes.
  assert.equal(extract(out, { 'b.wav': 'read EIO' }).code, 1);
  const last = extract(out, {});
  assert.equal(last.code, 0, last.err);
  assert.match(last.out, /5 accepted, 1 rejected \(1 computed, 5 reused/);
  assert.deepEqual(results(out), results(at('whole')));
});

test('a shard with failures is not done: named by the merge, extracted again by the same command', () => {
  const out = at('shards');
  const shard = ['--shard', '1/2'];
  assert.equal(extract(out, {}, '--shard', '2/2').code, 0);
  const failing = extract(out, { 'b.wav': 'read EIO' }, ...shard);
  assert.equal(failing.code, 1, failing.err);
  assert.match(failing.out, /not done: 1 FAILED/);
  const refused = extract(out, {}, '--merge', '2');
  assert.equal(refused.code, 2);
  assert.match(refused.err, /shard 1 has 1 recordings that failed \(the first: b\.wav: .*EIO/);
  const without = extract(out, {}, '--merge', '2', '--failures', 'leave-out');
  assert.equal(without.code, 1, without.err);
  assert.match(without.out, /4 accepted, 1 rejected, 1 FAILED and left out/);
  assert.equal(extract(out, {}, ...shard).code, 0);
  assert.equal(extract(out, {}, '--merge', '2').code, 0);
  assert.deepEqual(results(out), results(at('whole')));
});

test('a rejection in an old journal is believed if the analysis made it, else tried again once', async () => {
  const out = at('old');
  await extractCorpus({ rows, outFolder: out, workers: 1 });
  const journal = path.join(out, '.work', 'journal.jsonl');
  const lines = fs.readFileSync(journal, 'utf8').trimEnd().split('\n');
  const seal = (entry: unknown): string => {
    const text = JSON.stringify(entry);
    return `${sha256(text).slice(0, 16)} ${text}`;
  };
  interface Entry {
    key?: string;
    outcome?: { kind?: string; reason?: string };
  }
  // As earlier versions wrote them: a reason alone, here also for the first accepted recording.
  let healthy = 0;
  const old = lines.map((line) => {
    const entry = JSON.parse(line.slice(17)) as Entry;
    if (entry.key === undefined) return line;
    if (entry.outcome?.reason !== undefined)
      return seal({ ...entry, outcome: { reason: entry.outcome.reason } });
    if (healthy++ > 0) return line;
    const { key, hash, stamp } = entry as Required<Entry> & { hash: string; stamp: string };
    return seal({ key, hash, stamp, outcome: { reason: 'M4A needs the optional package x; install it' } });
  });
  fs.writeFileSync(journal, `${old.join('\n')}\n`);
  const again = await extractCorpus({ rows, outFolder: out, workers: 1 });
  assert.deepEqual([again.computed, again.reused, again.failed], [1, 5, 0]);
  assert.deepEqual(results(out), results(at('whole')));
  assert.equal((await extractCorpus({ rows, outFolder: out, workers: 1 })).computed, 0);
  // Shards of earlier versions, which say nothing of failures, are made again from their finished work.
  const shard = { number: 1, of: 1 };
  await extractShard({ rows, outFolder: out, workers: 1 }, shard);
  const file = path.join(shardFolder(out, shard), 'shard.json');
  const { failed, check, ...record } = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
  assert.deepEqual([failed, typeof check], [{ count: 0 }, 'string']);
  fs.writeFileSync(file, JSON.stringify({ ...record, check: sha256(record) }));
  assert.equal(shardStates({ rows, outFolder: out }, 1)[0]!.state, 'missing');
  const remade = await extractShard({ rows, outFolder: out, workers: 1 }, shard);
  assert.deepEqual([remade.status, remade.computed], ['computed', 0]);
  mergeShards({ rows, outFolder: out }, 1);
  assert.deepEqual(results(out), results(at('whole')));
});

/** Sounds of which nothing reaches a filter of the cochleagram. */
function flatSounds(rate: number): Record<string, Float32Array> {
  const wave = (value: (i: number) => number): Float32Array =>
    Float32Array.from({ length: Math.ceil(4.1 * rate) }, (_, i) => value(i));
  return {
    constant: wave(() => 0.5),
    hum: wave((i) => 0.3 * Math.sin((2 * Math.PI * 50 * i) / rate)),
    dither: wave((i) => (i % 2 === 0 ? 0.5 : 0.5000001)),
  };
}

test('a constant, a hum below the filters, and features that overflow are unusable, in every kind of features', async () => {
  for (const rate of [8000, 16000, 44100])
    for (const [name, samples] of Object.entries(flatSounds(rate)))
      await assert.rejects(
        extractStm(samples, rate),
        /passes the silence rule but without any modulation/,
        `${name} at ${rate} Hz`,
      );
  const rate = 8000;
  const sounds = flatSounds(rate);
  await assert.rejects(
    extractMel(
      noise(1, 4.1, rate).map((v) => v * 1e22),
      rate,
    ),
    /too large to be held as float32/,
  );
  // One such excerpt among others is passed over, in the mean and among the excerpts kept.
  const mixed = new Float32Array(8.1 * rate);
  mixed.set(sounds['constant']!.subarray(0, 4 * rate));
  mixed.set(noise(3, 4.05, rate), 4 * rate);
  const kept = await extractStm(mixed, rate, { keep: 'excerpts' });
  assert.deepEqual(
    kept.perExcerpt!.map(({ startSeconds }) => startSeconds),
    [4],
  );
  assert.ok(kept.features.every(Number.isFinite));
  const alone = await extractStm(mixed.subarray(4 * rate), rate);
  assert.deepEqual(kept.features, alone.features);
  writeWav(at('constant.wav'), sounds['constant']!, rate);
  const own = [rows[0]!, rowFor(at('constant.wav'), 1)];
  const summary = await extractCorpus({ rows: own, outFolder: at('flat'), workers: 1 });
  assert.deepEqual(
    summary.rejected.map(({ path: name, outcome }) => [name, outcome]),
    [['constant.wav', 'unusable']],
  );
});

test('equal bytes in two groups or labels are listed and told; copies within a group are no matter', async () => {
  ['copy', 'other', 'relabelled'].forEach((name) => fs.copyFileSync(rows[0]!.file, at(`${name}.wav`)));
  fs.copyFileSync(rows[1]!.file, at('inside.wav'));
  let line = 20;
  const extra = (name: string, row: Partial<ManifestRow>): ManifestRow => ({
    ...rowFor(at(name), line++),
    ...row,
  });
  const { label, group } = rows[0]!;
  const own = [
    ...rows.slice(0, 3),
    extra('copy.wav', { label, group: 'elsewhere' }),
    extra('relabelled.wav', { label: 'x', group }),
    extra('inside.wav', { label: rows[1]!.label, group: rows[1]!.group }),
  ];
  const out = at('twins');
  const { files } = await extractCorpus({ rows: own, outFolder: out, workers: 2 });
  assert.ok(files.duplicates !== undefined);
  assert.deepEqual(
    readDuplicates(out).map((set) => set.map(({ path: name }) => name)),
    [['a.wav', 'copy.wav', 'relabelled.wav']],
  );
  const bytes = fs.readFileSync(files.duplicates, 'utf8');
  for (let number = 1; number <= 2; number++)
    await extractShard({ rows: own, outFolder: at('twin-shards'), workers: 1 }, { number, of: 2 });
  mergeShards({ rows: own, outFolder: at('twin-shards') }, 2);
  assert.equal(fs.readFileSync(at('twin-shards', 'duplicates.csv'), 'utf8'), bytes);
  // Gone with its cause.
  await extractCorpus({ rows: own.slice(0, 3), outFolder: out, workers: 1 });
  assert.deepEqual(readDuplicates(out), []);
});

test('silence is counted in ticks: neither a clock nor a suspended machine ends a healthy worker', () => {
  const watch = createSilenceWatch(5000);
  for (let i = 0; i < 24; i++) assert.equal(watch.tick(120_000), 'waiting');
  // A suspended laptop or a busy thread: no ticks meanwhile, then one, then the message that had been waiting.
  watch.heard();
  assert.equal(watch.tick(120_000), 'waiting');
  for (let i = 1; i < 24; i++) assert.equal(watch.tick(120_000), 'waiting');
  assert.equal(watch.tick(120_000), 'silent');
  // Two ticks pass, however short the limit.
  watch.heard();
  assert.deepEqual(
    [1, 2, 3].map(() => watch.tick(1)),
    ['waiting', 'waiting', 'silent'],
  );
});
