import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readManifest } from 'stm-lab/dist/corpus';
import { extractCorpus } from 'stm-lab/dist/features';
import { extractStage, splitStage } from 'stm-lab/dist/pipeline';
import { tellOfUnrecognised, tellOfZeroF1 } from 'stm-lab/dist/pipeline/classLosses';
import { silenceSeconds, silenceSuffix } from 'stm-lab/dist/pipeline/silenceLimit';
import { noise } from '../features/corpus';
import { stmLab, temporaryFolder } from './support';

const folder = temporaryFolder('silence');
const manifest = path.join(folder, 'manifest.csv');
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Three groups of two: long sounds, and short ones of which all but one have a pause of 2 s. */
before(() => {
  const lines = ['path,label,group'];
  for (let i = 0; i < 6; i++) {
    const long = noise(i + 1, 4.1, 8000);
    writeWav(path.join(folder, `long-${i}.wav`), long, 8000);
    const short = noise(i + 11, 4.1, 8000);
    if (i > 0) short.fill(0, 8000, 24000);
    writeWav(path.join(folder, `short-${i}.wav`), short, 8000);
    lines.push(`long-${i}.wav,long,g${i % 3}`, `short-${i}.wav,short,g${i % 3}`);
  }
  fs.writeFileSync(manifest, `${lines.join('\n')}\n`);
});

test('a class that lost more than half of its recordings is told by the extraction and by stages after it', async () => {
  const out = path.join(folder, 'published');
  const told: string[] = [];
  const context = { warn: (line: string): void => void told.push(line) };
  const lost = (): string[] => told.splice(0).filter((line) => /lost/.test(line));
  const { accepted } = await extractStage({ manifest, out, features: { kind: 'stm' } }, context);
  assert.equal(accepted, 7);
  const sentence =
    /^class "short" lost 5 of its 6 recordings .* its scores rest on the other 1 .*--max-silence/;
  const [first, ...others] = lost();
  assert.match(first!, sentence);
  assert.deepEqual(others, []);
  const split = { folds: 3, seed: 1, flavour: 'corrected', domains: 'together' } as const;
  await splitStage({ features: out, out: path.join(folder, 'split'), split }, context);
  assert.match(lost()[0]!, sentence);
  // Also when the split was made before.
  await splitStage({ features: out, out: path.join(folder, 'split'), split }, context);
  assert.match(lost()[0]!, sentence);
  assert.match(fs.readFileSync(path.join(folder, 'split', 'class-losses.json'), 'utf8'), /lost 5 of its 6/);
});

test('the limit is an option with an identity of its own; off accepts all but zeros', () => {
  const run = (out: string, ...more: string[]): ReturnType<typeof stmLab> =>
    stmLab(
      'extract',
      '--manifest',
      manifest,
      '--out',
      path.join(folder, out),
      '--tracking',
      'disabled',
      ...more,
    );
  const key = (out: string): string =>
    (JSON.parse(fs.readFileSync(path.join(folder, out, 'stage.json'), 'utf8')) as { key: string }).key;
  assert.match(run('cli').out, /7 accepted, 5 rejected/);
  assert.match(run('one', '--max-silence', '1').out, /7 accepted, 5 rejected/);
  const off = run('off', '--max-silence', 'off');
  assert.match(off.out, /12 accepted, 0 rejected/);
  assert.doesNotMatch(off.err, /lost/);
  assert.match(run('four', '--max-silence', '4').out, /12 accepted/);
  assert.match(run('half', '--max-silence', '2.5').out, /12 accepted/);
  assert.deepEqual([key('one'), key('four')], [key('cli'), key('off')]);
  assert.equal(new Set([key('cli'), key('off'), key('half')]).size, 3);
  for (const value of ['0', '-1', '4.1', 'none', '']) {
    const { code, err } = run('bad', `--max-silence=${value}`);
    assert.equal(code, 2);
    assert.match(err, /--max-silence .*: must be seconds above 0 and at most 4/);
  }
});

test('folders and parameters of a limit', () => {
  assert.deepEqual([undefined, 1, 2.5, 4, 'off' as const].map(silenceSeconds), [
    undefined,
    undefined,
    2.5,
    4,
    4,
  ]);
  assert.deepEqual([undefined, 1, 2.5, 4, 'off' as const].map(silenceSuffix), [
    '',
    '',
    '-silence-2.5',
    '-silence-off',
    '-silence-off',
  ]);
});

test('a class with an F1 of 0 is told, one without rows is not', () => {
  const told: string[] = [];
  const perClass = [
    { name: 'a', f1: 0, support: 7 },
    { name: 'b', f1: 0.4, support: 5 },
    { name: 'c', f1: NaN, support: 0 },
  ];
  const report = { corrected: { perClass } } as unknown as Parameters<typeof tellOfZeroF1>[0];
  tellOfZeroF1(report, 'the network', { warn: (line) => told.push(line) });
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^class "a" has an F1 of 0: the network recognised none of its 7 recordings/);
});

const shared = process.env['STM_SHARED'] ?? path.resolve(__dirname, '..', '..', '..', 'shared');
const esc10 = path.join(shared, 'esc-10', 'manifest.csv');
test(
  'of 40 roosters the published rule accepts 2, and without it all are accepted',
  { skip: fs.existsSync(esc10) ? false : 'the shared recordings are not here' },
  async () => {
    const rows = readManifest(esc10).rows.filter(({ label }) => /rooster/i.test(label));
    assert.equal(rows.length, 40);
    const published = await extractCorpus({ rows, outFolder: path.join(folder, 'roosters') });
    assert.equal(published.accepted, 2);
    const parameters = { maxSilenceSeconds: silenceSeconds('off')! };
    const off = await extractCorpus({ rows, outFolder: path.join(folder, 'roosters'), parameters });
    assert.equal(off.accepted, 40);
  },
);

test('a class that no repeat recognised once is told; one recognised in a single repeat is not', () => {
  const told: string[] = [];
  const task = {
    labels: [0, 0, 1, 1, 2],
    predicted: [
      [0, 1, 2, 2, 0],
      [0, 0, 0, 0, 2],
    ],
    classes: ['a', 'b', 'c', 'd'],
  };
  tellOfUnrecognised(task, 'row "x"', { warn: (line) => told.push(line) });
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^class "b" has an F1 of 0: row "x" recognised none of its 2 recordings/);
});
