import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { readManifest } from 'stm-lab/dist/corpus';

function folderWith(manifest: string | Buffer, recordings: readonly string[] = []): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-manifest-'));
  for (const name of recordings) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), 'x');
  }
  fs.writeFileSync(path.join(folder, 'm.csv'), manifest);
  return path.join(folder, 'm.csv');
}

test('a sound manifest: order, absolute files, start offsets, other columns as text', () => {
  const file = folderWith(
    '\ufeffpath,label,group,start_s,licence\r\na.wav,speech,ann,,CC0\r\n"sub/b, c.wav",music,"Ben ""B""",1.5,"CC BY\n4.0"\r\n',
    ['a.wav', 'sub/b, c.wav'],
  );
  const { rows, problems, warnings, hash } = readManifest(file);
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings, []);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(rows, [
    {
      line: 2,
      path: 'a.wav',
      file: path.join(path.dirname(file), 'a.wav'),
      label: 'speech',
      group: 'ann',
      startSeconds: 0,
      extra: { licence: 'CC0' },
    },
    {
      line: 3,
      path: 'sub/b, c.wav',
      file: path.join(path.dirname(file), 'sub/b, c.wav'),
      label: 'music',
      group: 'Ben "B"',
      startSeconds: 1.5,
      extra: { licence: 'CC BY\n4.0' },
    },
  ]);
});

test('each unusable line is one problem with its line number, and the rest continues', () => {
  const file = folderWith(
    [
      'path,label,group,start_s,mood',
      'a.wav,speech,ann,0,calm',
      'gone.wav,speech,ann,0,calm',
      'b.wav,,ann,0,calm',
      'b.wav,speech, ,0,calm',
      ',speech,ann,0,calm',
      './a.wav,music,ben,0,calm',
      'b.wav,speech,ann',
      'b.wav,speech,ann,0,calm,more',
      'b.wav,speech,ann,soon,calm',
      'b.wav,speech,ann,-1,calm',
      '.,speech,ann,0,calm',
      '"b.wav,speech,ann,0,calm',
      'b.wav,music,"ben"x,0,calm',
      'b.wav,music,ben,2,calm',
      '',
    ].join('\n'),
    ['a.wav', 'b.wav'],
  );
  const { rows, problems, warnings } = readManifest(file);
  assert.deepEqual(
    rows.map((row) => [row.line, row.path, row.startSeconds]),
    [
      [2, 'a.wav', 0],
      [15, 'b.wav', 2],
    ],
  );
  const expected: [number, RegExp][] = [
    [3, /no such file/],
    [4, /label is empty/],
    [5, /group is empty/],
    [6, /path is empty/],
    [7, /same recording as line 2/],
    [8, /3 cells where the header has 5/],
    [9, /6 cells where the header has 5/],
    [10, /start_s is "soon"/],
    [11, /start_s is "-1"/],
    [12, /not a file/],
    [13, /quotation mark/],
    [14, /quotation mark/],
  ];
  assert.deepEqual(
    problems.map((problem) => problem.line),
    expected.map(([line]) => line),
  );
  problems.forEach((problem, i) => assert.match(problem.reason, expected[i]![1]));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /column "mood"/);
});

test('where nothing can continue, one sentence before any work', () => {
  const refused = (text: string, recordings: string[], message: RegExp): void =>
    assert.throws(
      () => readManifest(folderWith(text, recordings)),
      (error: Error & { exitCode?: number }) => message.test(error.message) && error.exitCode === 2,
    );
  refused('', [], /is empty/);
  refused('path,label\na.wav,x\n', ['a.wav'], /no column "group"/);
  refused('path,label,group,group\na.wav,x,y,y\n', ['a.wav'], /duplicate column "group"/);
  refused('path,label,group\n', [], /no recordings/);
  refused('path,label,group\na.wav,x,y\n', [], /none of its 1 lines.*line 2.*no such file/);
  refused('path,label,group\na.wav,x,g\nb.wav,y,g\n', ['a.wav', 'b.wav'], /one group \("g"\)/);
  refused('path,label,group\na.wav,x,g\nb.wav,x,h\n', ['a.wav', 'b.wav'], /one label \("x"\)/);
  assert.throws(() => readManifest('/nowhere/m.csv'), /there is no such file; give a CSV/);
});

test('for extraction one class or group is a warning, and files may be trusted', () => {
  const file = folderWith('path,label,group\na.wav,x,g\nb.wav,x,g\n', ['a.wav']);
  const { rows, warnings, problems } = readManifest(file, { purpose: 'extraction', files: 'trust' });
  assert.equal(rows.length, 2);
  assert.equal(problems.length, 0);
  assert.equal(warnings.length, 2);
});

test('a group in two spellings is one warning each: case, space, normal form', () => {
  const groups = ['Zoë', 'Zoe\u0308', 'anna k', 'Anna  K', 'zoe', 'ben'];
  const names = groups.map((_, i) => `${i}.wav`);
  const file = folderWith(
    `path,label,group\n${groups.map((group, i) => `${names[i]},${i % 2 ? 'x' : 'y'},${group}`).join('\n')}`,
    names,
  );
  const { warnings } = readManifest(file);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /"Zoë" and .*U\+0308.*2 spellings/);
  assert.match(warnings[1]!, /"anna k" and "Anna {2}K"/);
});

test('bytes that are not UTF-8 or an endless quote do not stop the reader', () => {
  const lines = Array.from({ length: 300 }, (_, i) => `${i}.wav,${i % 2 ? 'x' : 'y'},g${i}`);
  lines[10] = '"10.wav,x,g10';
  const file = folderWith(
    Buffer.concat([
      Buffer.from('path,label,group\n'),
      Buffer.from(lines.join('\n')),
      Buffer.from([0x0a, 0xff, 0x2c, 0x78, 0x2c, 0x67]),
    ]),
  );
  const { rows, problems } = readManifest(file, { files: 'trust' });
  assert.equal(rows.length, 300);
  assert.deepEqual(
    problems.map((problem) => problem.line),
    [12],
  );
});

test('a missing column is said once, with the columns there are', () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'stm-manifest-')), 'manifest.csv');
  fs.writeFileSync(file, 'path,label\na.wav,noise\n');
  assert.throws(() => readManifest(file), {
    message: `${file}: has no column "group" (its columns: path, label); a manifest needs path, label and group`,
  });
});
