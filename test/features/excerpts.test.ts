import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { readAudio } from 'stm-lab/dist/audio';
import { readCsv } from 'stm-lab/dist/base/csv';
import { readNpy } from 'stm-lab/dist/base/npy';
import { randomState } from 'research-basics/random/mt19937';
import type { ManifestRow } from 'stm-lab/dist/corpus/types';
import { extractCorpus, extractStm, poolExcerpts } from 'stm-lab/dist/features';
import { checkExcerpt } from 'stm-lab/dist/features/excerpts';
import { makeCorpus, results } from './corpus';
import { maxError } from './shared';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-excerpts-'));
const out = (name: string): string => path.join(folder, name);
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let rows: ManifestRow[];
before(() => {
  rows = makeCorpus(path.join(folder, 'audio'), 20);
});

const excerptFiles = (outFolder: string): string[] =>
  ['excerpts.npy', 'excerpts.csv', 'extraction.json'].map((name) =>
    fs.readFileSync(path.join(outFolder, name)).toString('latin1'),
  );

test('excerpts are kept beside the same results as without, for any number of workers and after kills', async () => {
  const plain = await extractCorpus({ rows, outFolder: out('mean') });
  assert.equal(plain.files.excerpts, undefined);
  assert.ok(!fs.existsSync(path.join(out('mean'), 'excerpts.npy')));
  const kept = await extractCorpus({ rows, outFolder: out('kept'), keep: 'excerpts', workers: 1 });
  const { 'extraction.json': own, ...files } = results(out('kept'));
  const { 'extraction.json': other, ...reference } = results(out('mean'));
  assert.deepEqual(files, reference);
  assert.notEqual(own, other);

  const { data, shape } = readNpy(kept.files.excerpts!.features);
  const index = readCsv(kept.files.index).rows;
  const list = readCsv(kept.files.excerpts!.index);
  assert.deepEqual(list.columns, ['row', 'excerpt', 'start_s']);
  const total = index.reduce((sum, row) => sum + Number(row['excerpts']), 0);
  assert.deepEqual(shape, [total, 2420]);
  assert.equal(list.rows.length, total);
  const counts = index.map((row) => Number(row['excerpts']));
  assert.ok(new Set(counts).size > 1, 'recordings of several lengths');
  assert.deepEqual(
    list.rows.map((line) => `${line['row']} ${line['excerpt']}`),
    counts.flatMap((count, row) => Array.from({ length: count }, (_, e) => `${row} ${e}`)),
  );
  const longest = counts.indexOf(Math.max(...counts));
  const audio = await readAudio(path.join(folder, 'audio', index[longest]!['path']!));
  const { perExcerpt } = await extractStm(audio.samples, audio.sampleRate, { keep: 'excerpts' });
  const first = list.rows.findIndex((line) => Number(line['row']) === longest);
  perExcerpt!.forEach(({ features, startSeconds }, e) => {
    assert.equal(maxError(data.subarray((first + e) * 2420, (first + e + 1) * 2420), features), 0);
    assert.equal(Number(list.rows[first + e]!['start_s']), startSeconds);
  });

  await extractCorpus({ rows, outFolder: out('kept3'), keep: 'excerpts', workers: 3 });
  assert.deepEqual(excerptFiles(out('kept3')), excerptFiles(out('kept')));

  const rowsFile = path.join(folder, 'rows.json');
  fs.writeFileSync(rowsFile, JSON.stringify(rows));
  const script = path.join(__dirname, 'extractOnce.ts');
  const run = (killAfter: number | undefined): Promise<string> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, rowsFile, out('killed'), 'excerpts']);
      let text = '';
      child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
      const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(text);
      });
    });
  const random = randomState(5);
  for (let i = 0; i < 4; i++) await run(400 + 700 * random.double());
  const last = JSON.parse(await run(undefined)) as { computed: number; reused: number };
  assert.equal(last.computed + last.reused, rows.length);
  assert.deepEqual(excerptFiles(out('killed')), excerptFiles(out('kept')));

  // Without excerpts again: nothing is left that would belong to no extraction.
  await extractCorpus({ rows, outFolder: out('kept3') });
  assert.deepEqual(results(out('kept3')), results(out('mean')));
  assert.ok(!fs.existsSync(path.join(out('kept3'), 'excerpts.npy')));
});

test('a damaged excerpt costs its recording only; mel has no excerpts to keep', async () => {
  const own = rows.slice(0, 4);
  await extractCorpus({ rows: own, outFolder: out('torn'), keep: 'excerpts' });
  const reference = excerptFiles(out('torn'));
  const file = path.join(out('torn'), '.work', 'records-2420.f32');
  const records = fs.openSync(file, 'r+');
  // The second row of the file: an excerpt's, not a recording's.
  fs.writeSync(records, Buffer.alloc(64, 1), 0, 64, 2 * 9680 - 64);
  fs.closeSync(records);
  const again = await extractCorpus({ rows: own, outFolder: out('torn'), keep: 'excerpts' });
  assert.deepEqual([again.computed, again.reused], [1, 3]);
  assert.deepEqual(excerptFiles(out('torn')), reference);
  await assert.rejects(
    extractCorpus({ rows: own, outFolder: out('mel'), features: 'mel', keep: 'excerpts' }),
    /mel features take one excerpt per recording/,
  );
});

test('theory: the published features tell how many excerpts were averaged; each excerpt alone does not', async () => {
  // The more spectra of one stationary noise are averaged, the smoother their mean and the nearer its least
  // value to the others: scaling to 0 .. 1 then moves all features. A classifier may hear length for sound.
  const level = (features: Float32Array): number => features.reduce((sum, v) => sum + v, 0) / features.length;
  for (const seed of [1, 2, 3]) {
    const random = randomState(seed);
    const samples = Float32Array.from({ length: 24 * 16000 }, () => 0.1 * random.normal());
    const whole = await extractStm(samples, 16000, { keep: 'excerpts' });
    const first = await extractStm(samples, 16000, { maxExcerpts: 1 });
    assert.deepEqual([whole.excerpts, first.excerpts], [6, 1]);
    assert.ok(level(first.features) - level(whole.features) > 0.08);
    assert.deepEqual(whole.perExcerpt![0]!.features, first.features);
    const mean = whole.perExcerpt!.reduce((sum, { features }) => sum + level(features), 0) / 6;
    assert.ok(Math.abs(mean - level(first.features)) < 0.05);
  }
});

test('pooling: mean, mean with standard deviation, and unbiased for their number, of recordings of one and of three excerpts', () => {
  const excerpts = Float32Array.from([1, 10, /* second recording */ 0, 2, 3, 2, 6, 8]);
  const counts = Int32Array.of(1, 3);
  assert.deepEqual(poolExcerpts(excerpts, 2, counts, 'mean'), Float32Array.from([1, 10, 3, 4]));
  assert.deepEqual(
    poolExcerpts(excerpts, 2, counts, 'statistics'),
    Float32Array.from([1, 10, 0, 0, 3, 4, Math.sqrt(6), Math.sqrt(8)]),
  );
  // Of two cells the standardised excerpt is -1 and 1, whatever its level and range.
  assert.deepEqual(
    poolExcerpts(excerpts, 2, counts, 'unbiased').map((value) => Math.round(3 * value)),
    Float32Array.from([-3, 3, -1, 1]),
  );
  assert.throws(() => poolExcerpts(excerpts, 2, Int32Array.of(1, 2), 'mean'), /8 values are not 3 rows of 2/);
  assert.throws(() => poolExcerpts(excerpts, 2, Int32Array.of(4, 0), 'mean'), /recording 1 has none/);
});

test('the longest pause is that of a search sample by sample', () => {
  const random = randomState(3);
  for (let run = 0; run < 500; run++) {
    // From pauses nearly everywhere to hardly any.
    const quiet = random.double() ** 3;
    const samples = Float32Array.from({ length: 1 + (run % 300) }, () =>
      random.double() < quiet ? 1e-4 : random.double() - 0.5,
    );
    const { gain, longestSilenceSeconds } = checkExcerpt(samples, 10);
    const flags = [...samples].map((value) => (Math.abs(value * gain) < 0.02 ? 'q' : ' ')).join('');
    const longest = Math.max(...flags.split(' ').map((stretch) => stretch.length));
    assert.equal(longestSilenceSeconds, longest / 10, flags);
  }
});
