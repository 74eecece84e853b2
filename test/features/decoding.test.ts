import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readCsv } from 'stm-lab/dist/base/csv';
import type { ManifestRow } from 'stm-lab/dist/corpus';
import { extractCorpus, extractShard, mergeShards } from 'stm-lab/dist/features';
import { encodeFiles } from '../audio/encoded';
import { noise, results, rowFor } from './corpus';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-decoding-'));
const at = (...names: string[]): string => path.join(folder, ...names);
after(() => fs.rmSync(folder, { recursive: true, force: true }));

let rows: ManifestRow[];
before(async () => {
  writeWav(at('whole.wav'), noise(1, 5, 8000), 8000);
  const bytes = fs.readFileSync(at('whole.wav'));
  fs.writeFileSync(at('cut.wav'), bytes.subarray(0, Math.floor(bytes.length * 0.9)));
  await encodeFiles(
    folder,
    { 'whole.m4a': '', 'cut.aiff': '', 'damaged.m4a': '', 'stereo.aiff': '' },
    'anoisesrc=d=5:r=16000:seed=1:a=0.3',
  );
  const aiff = fs.readFileSync(at('cut.aiff'));
  fs.writeFileSync(at('cut.aiff'), aiff.subarray(0, Math.floor(aiff.length * 0.9)));
  const damaged = fs.readFileSync(at('damaged.m4a'));
  damaged.fill(0, damaged.length >> 1, (damaged.length >> 1) + 500);
  fs.writeFileSync(at('damaged.m4a'), damaged);
  rows = ['whole.wav', 'cut.wav', 'whole.m4a', 'cut.aiff', 'damaged.m4a'].map((name, i) =>
    rowFor(at(name), i),
  );
});

test('which decoder read a recording, and what is wrong with it, go with the results', async () => {
  const { accepted, rejected, decodings, files } = await extractCorpus({
    rows,
    outFolder: at('out'),
    workers: 2,
  });
  assert.equal(accepted, 4);
  assert.match(rejected[0]!.reason, /^its data are damaged after about \d\.\d s/);
  assert.equal(rejected[0]!.outcome, 'unusable');
  const lines = readCsv(files.decoding!).rows;
  assert.deepEqual(
    lines.map(({ path: name }) => name),
    ['cut.wav', 'whole.m4a', 'cut.aiff'],
  );
  assert.equal(lines[0]!['decoder'], 'stm-lab');
  assert.match(
    lines[0]!['warnings']!,
    /^only 3\d{4} of 40000 declared samples are there \(4\.50 of 5\.00 s\)/,
  );
  assert.match(lines[1]!['decoder']!, /^ffmpeg \d+\.\d+/);
  assert.equal(lines[1]!['warnings'], '');
  assert.match(lines[2]!['warnings']!, /only 7\d{4} of 80000 declared samples/);
  assert.equal(decodings.length, 3);

  // Again, from what is remembered; and in shards: the same bytes.
  const again = await extractCorpus({ rows, outFolder: at('out'), workers: 1 });
  assert.equal(again.computed, 0);
  const expected = { ...results(at('out')), decoding: fs.readFileSync(files.decoding!, 'utf8') };
  for (const number of [1, 2])
    await extractShard({ rows, outFolder: at('shards'), workers: 1 }, { number, of: 2 });
  mergeShards({ rows, outFolder: at('shards') }, 2);
  const merged = {
    ...results(at('shards')),
    decoding: fs.readFileSync(at('shards', 'decoding.csv'), 'utf8'),
  };
  assert.deepEqual(merged, expected);

  // Without such recordings there is no such file.
  const plain = await extractCorpus({ rows: rows.slice(0, 1), outFolder: at('out'), workers: 1 });
  assert.equal(plain.files.decoding, undefined);
  assert.ok(!fs.existsSync(at('out', 'decoding.csv')));
});

test('a recording that only FFmpeg reads fails without it, and is accepted when it is there', async () => {
  const outFolder = at('without');
  const own = rows.slice(2, 3);
  process.env['STM_LAB_FFMPEG'] = at('none');
  try {
    const { accepted, rejected, failed } = await extractCorpus({ rows: own, outFolder, workers: 1 });
    assert.equal(accepted + failed, 1);
    assert.match(rejected[0]!.reason, /STM_LAB_FFMPEG: .* does not run as FFmpeg/);
  } finally {
    delete process.env['STM_LAB_FFMPEG'];
  }
  const { accepted, failed } = await extractCorpus({ rows: own, outFolder, workers: 1 });
  assert.deepEqual([accepted, failed], [1, 0]);
});
