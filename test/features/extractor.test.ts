import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readCsv } from 'stm-lab/dist/base/csv';
import { acquireLock } from 'research-basics/lock';
import { readNpy } from 'stm-lab/dist/base/npy';
import { randomState } from 'research-basics/random/mt19937';
import type { ManifestRow } from 'stm-lab/dist/corpus/types';
import { extractCorpus, extractMel, extractStm, type ExtractionProgress } from 'stm-lab/dist/features';
import { readAudio } from 'stm-lab/dist/audio';
import { makeCorpus, results, rowFor } from './corpus';
import { maxError } from './shared';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-extract-'));
const out = (name: string): string => path.join(folder, name);
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let rows: ManifestRow[];
before(() => {
  rows = makeCorpus(path.join(folder, 'audio'), 20);
});

test('results are complete, in manifest order, and the same for any number of workers', async () => {
  const seen: ExtractionProgress[] = [];
  const summary = await extractCorpus({
    rows,
    outFolder: out('one'),
    workers: 1,
    onProgress: (progress) => seen.push(progress),
  });
  assert.equal(seen.at(-1)!.filesDone, 20);
  assert.ok(seen.at(-1)!.timesRealTime > 0 && seen.at(-1)!.audioHours > 0);
  const rejected = readCsv(summary.files.rejected).rows;
  const index = readCsv(summary.files.index);
  assert.deepEqual(index.columns, [
    'path',
    'label',
    'group',
    'excerpts',
    'analysed_s',
    'longest_silence_s',
    'row',
  ]);
  assert.equal(index.rows.length + rejected.length, 20);
  assert.deepEqual(
    rejected.map((row) => row.path),
    ['006.wav', '008.wav', '013.wav', '017.wav'],
  );
  assert.match(rejected[0]!.reason!, /^too short: lasts 2\.00 s, 4 s are needed$/);
  assert.match(rejected[1]!.reason!, /^no excerpt accepted: longest silence \d\.\d\d s \(limit 1 s\)/);
  const { data, shape } = readNpy(summary.files.features);
  assert.deepEqual(shape, [16, 2420]);
  for (const at of [0, 9]) {
    const audio = await readAudio(path.join(folder, 'audio', index.rows[at]!.path!));
    const { features } = await extractStm(audio.samples, audio.sampleRate);
    assert.equal(maxError(data.subarray(at * 2420, (at + 1) * 2420), features), 0);
  }
  const reference = results(out('one'));
  await extractCorpus({ rows, outFolder: out('three'), workers: 3 });
  assert.deepEqual(results(out('three')), reference);
  assert.ok(
    !Object.values(reference).some((text) => text.includes(folder)),
    'no absolute path in the results',
  );
});

test('finished recordings are kept; what changed is extracted again', async () => {
  const audio = path.join(folder, 'changing');
  const own = makeCorpus(audio, 6);
  const first = await extractCorpus({ rows: own, outFolder: out('kept') });
  assert.deepEqual([first.computed, first.reused], [6, 0]);
  const again = await extractCorpus({ rows: own, outFolder: out('kept') });
  assert.deepEqual([again.computed, again.reused], [0, 6]);
  // The same content under another name and time is still known.
  fs.copyFileSync(own[0]!.file, path.join(audio, 'copy.wav'));
  const copied = await extractCorpus({
    rows: [...own, rowFor(path.join(audio, 'copy.wav'), 6)],
    outFolder: out('kept'),
  });
  assert.deepEqual([copied.computed, copied.reused, copied.accepted], [0, 7, first.accepted + 1]);
  // Another file, another offset, another parameter.
  fs.copyFileSync(own[1]!.file, own[2]!.file);
  const moved = own.map((row, i) => (i === 3 ? { ...row, startSeconds: 0.1 } : row));
  const changed = await extractCorpus({ rows: moved, outFolder: out('kept') });
  assert.deepEqual([changed.computed, changed.reused], [1, 5]);
  const parameters = { maxExcerpts: 1 };
  const shorter = await extractCorpus({ rows: own, outFolder: out('kept'), parameters });
  assert.equal(shorter.computed + shorter.reused, 6);
  assert.ok(shorter.computed >= 5);
  assert.notEqual(shorter.featuresHash, first.featuresHash);
});

test('a torn journal and a damaged record cost only what they held', async () => {
  const own = rows.slice(0, 5);
  await extractCorpus({ rows: own, outFolder: out('torn') });
  const reference = results(out('torn'));
  const journal = path.join(out('torn'), '.work', 'journal.jsonl');
  fs.truncateSync(journal, fs.statSync(journal).size - 20);
  assert.equal((await extractCorpus({ rows: own, outFolder: out('torn') })).computed, 1);
  assert.deepEqual(results(out('torn')), reference);
  const records = fs.openSync(path.join(out('torn'), '.work', 'records-2420.f32'), 'r+');
  fs.writeSync(records, Buffer.alloc(64, 1), 0, 64, 9680);
  fs.closeSync(records);
  assert.equal((await extractCorpus({ rows: own, outFolder: out('torn') })).computed, 1);
  assert.deepEqual(results(out('torn')), reference);
});

test(
  'killed at random moments, the result is the same and nothing is done twice',
  { timeout: 120_000 },
  async () => {
    await extractCorpus({ rows, outFolder: out('whole') });
    const rowsFile = path.join(folder, 'rows.json');
    fs.writeFileSync(rowsFile, JSON.stringify(rows));
    const tsx = require.resolve('tsx');
    const run = (killAfter: number | undefined): Promise<string> =>
      new Promise((resolve) => {
        const script = path.join(__dirname, 'extractOnce.ts');
        const child = spawn(process.execPath, ['--import', tsx, script, rowsFile, out('killed')]);
        let text = '';
        child.stdout.on('data', (data: Buffer) => (text += data.toString()));
        const timer =
          killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
        child.on('close', () => {
          clearTimeout(timer);
          resolve(text);
        });
      });
    const random = randomState(11);
    for (let i = 0; i < 10; i++) await run(300 + 900 * random.double());
    const last = JSON.parse(await run(undefined)) as { computed: number; reused: number };
    assert.equal(last.computed + last.reused, rows.length);
    assert.deepEqual(results(out('killed')), results(out('whole')));
    const lines = fs.readFileSync(path.join(out('killed'), '.work', 'journal.jsonl'), 'utf8').split('\n');
    const keys = lines.flatMap((line) => {
      try {
        return [(JSON.parse(line.slice(17)) as { key?: string }).key ?? []].flat();
      } catch {
        return [];
      }
    });
    assert.equal(keys.length, rows.length);
    assert.equal(new Set(keys).size, keys.length, 'a recording was extracted twice');
  },
);

test('an aborted run says so and is continued', async () => {
  const controller = new AbortController();
  const running = extractCorpus({
    rows,
    outFolder: out('aborted'),
    workers: 1,
    signal: controller.signal,
    onProgress: ({ filesDone }) => filesDone > 2 && controller.abort(),
  });
  await assert.rejects(running, /extraction stopped; run it again to continue/);
  const summary = await extractCorpus({ rows, outFolder: out('aborted') });
  assert.ok(summary.reused > 0);
});

test('a folder in use is refused, a stale lock taken over', async () => {
  const lock = acquireLock(path.join(out('busy'), '.lock'), 'busy');
  await assert.rejects(extractCorpus({ rows, outFolder: out('busy') }), /is locked by process \d+/);
  lock.release();
  const dead = { pid: 2 ** 22 + 1, host: os.hostname(), ticks: 1 };
  fs.writeFileSync(path.join(out('busy'), '.lock'), JSON.stringify(dead));
  const reused = { pid: process.pid, host: os.hostname(), ticks: 1 };
  await extractCorpus({ rows: rows.slice(0, 1), outFolder: out('busy') });
  fs.writeFileSync(path.join(out('busy'), '.lock'), JSON.stringify(reused));
  await extractCorpus({ rows: rows.slice(0, 1), outFolder: out('busy') });
  assert.ok(!fs.existsSync(path.join(out('busy'), '.lock')));
});

test('missing files and wrong declarations are rejected rows; a full disk is a sentence', async () => {
  const missing = [rowFor(path.join(folder, 'none.wav'), 0), rowFor(rows[0]!.file, 1, { encoding: 'morse' })];
  const summary = await extractCorpus({ rows: [...missing, rows[1]!], outFolder: out('missing') });
  assert.equal(summary.accepted, 1);
  assert.match(summary.rejected[0]!.reason, /^there is no such file/);
  assert.match(summary.rejected[1]!.reason, /^column encoding holds "morse"/);
  fs.mkdirSync(path.join(out('full'), '.work'), { recursive: true });
  // A device that refuses every write.
  if (fs.existsSync('/dev/full')) {
    fs.symlinkSync('/dev/full', path.join(out('full'), '.work', 'records-2420.f32'));
    await assert.rejects(
      extractCorpus({ rows: rows.slice(0, 2), outFolder: out('full') }),
      /could not be read or written \(ENOSPC.*finished recordings are kept/,
    );
  }
  await assert.rejects(extractCorpus({ rows, outFolder: out('w'), workers: 0 }), /workers 0: must be/);
});

test('mel features go through the same extractor', async () => {
  const own = rows.slice(0, 3);
  const summary = await extractCorpus({ rows: own, outFolder: out('mel'), features: 'mel' });
  const { data, shape } = readNpy(summary.files.features);
  assert.deepEqual(shape, [3, 2016]);
  const { samples, sampleRate } = await readAudio(own[1]!.file);
  assert.equal(maxError(data.subarray(2016, 4032), (await extractMel(samples, sampleRate)).features), 0);
});
