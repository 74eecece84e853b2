import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { before, test } from 'node:test';
import { stmLab, temporaryFolder, tinyCorpus, tinyExperiment } from '../pipeline/support';

let folder = '';
let lines: string[] = [];
let experiment = '';
const run = (name: string, content: readonly string[]): ReturnType<typeof stmLab> => {
  const manifest = path.join(folder, 'corpus', `${name}.csv`);
  fs.writeFileSync(manifest, `${content.join('\n')}\n`);
  return stmLab(
    ...[
      'reproduce',
      '--manifest',
      manifest,
      '--preset',
      experiment,
      '--results',
      path.join(folder, 'results'),
    ],
    ...['--notebooks', 'skip', '--tracking', 'offline'],
  );
};

before(() => {
  folder = temporaryFolder('faults');
  lines = fs
    .readFileSync(tinyCorpus(path.join(folder, 'corpus')), 'utf8')
    .trim()
    .split('\n');
  experiment = tinyExperiment(folder);
});

test('a missing file, a corrupt file, a duplicate and an empty label: one line each, the rest continues', () => {
  fs.writeFileSync(path.join(folder, 'corpus', 'corrupt.wav'), 'RIFF but nothing else');
  const { code, err, out } = run('broken', [
    `${lines[0]},mood`,
    ...lines.slice(1).map((line) => `${line},calm`),
    'c0/absent.wav,class 0,speaker 0-0,calm',
    'corrupt.wav,class 0,speaker 0-0,calm',
    `${lines[1]},calm`,
    'c0/g0-0b.wav,,speaker 0-0,calm',
  ]);
  assert.equal(code, 0, err);
  const said = (pattern: RegExp): number => err.split('\n').filter((line) => pattern.test(line)).length;
  assert.equal(said(/line 38 \(c0\/absent\.wav\)/), 1, err);
  assert.equal(said(/corrupt\.wav/), 1, err);
  assert.equal(said(/line 40 \(c0\/g0-0\.wav\)/), 1, err);
  assert.equal(said(/line 41 .*label/), 1, err);
  assert.equal(said(/column "?mood/), 1, err);
  assert.match(out, /36 recordings accepted, 1 rejected/);
});

test('a single group, a single class, no path column: exit 2 before any work', () => {
  const cases: [string, string[], RegExp][] = [
    [
      'one-group',
      [lines[0]!, ...lines.slice(1).map((line) => line.replace(/speaker .*/, 'everyone'))],
      /group/,
    ],
    [
      'one-class',
      [lines[0]!, ...lines.slice(1).map((line) => line.replace(/class \d/, 'sound'))],
      /class|label/,
    ],
    ['no-path', [lines[0]!.replace('path', 'file'), ...lines.slice(1)], /path/],
    ['empty', [lines[0]!], /no .*(line|recording|row)/],
  ];
  for (const [name, content, pattern] of cases) {
    const { code, err } = run(name, content);
    assert.equal(code, 2, `${name}: ${err}`);
    assert.match(err, pattern);
    assert.equal(fs.existsSync(path.join(folder, 'results', `corpus-${name}`, 'tiny')), false, name);
  }
});
