import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { listFiles, listRecordings, withExamples } from 'stm-lab/dist/corpus';
import { audio } from './manifestTrees';
import { plant } from './plant';

const link = (root: string, target: string, name: string): void => {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.symlinkSync(target, path.join(root, name));
};

test('linked folders are entered, each recording listed at its own path first', () => {
  const other = plant(audio('disk/b.wav', 'disk/deep/c.wav'));
  const root = plant(audio('a/1.wav', 'store/2.wav'));
  link(root, path.join(other, 'disk'), 'far');
  link(root, '../store', 'a/near');
  link(root, '../store/2.wav', 'a/two.wav');
  const { files, problems } = listFiles(root);
  assert.deepEqual(
    files.map(({ path: own, alsoAt }) => [own, alsoAt]),
    [
      ['a/1.wav', undefined],
      ['a/near/2.wav', 'store/2.wav'],
      ['a/two.wav', 'store/2.wav'],
      ['far/b.wav', undefined],
      ['far/deep/c.wav', undefined],
      ['store/2.wav', undefined],
    ],
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(listRecordings(root), ['a/1.wav', 'far/b.wav', 'far/deep/c.wav', 'store/2.wav']);
  assert.deepEqual(
    listFiles(root, { links: 'ignored' }).files.map((file) => file.path),
    ['a/1.wav', 'store/2.wav'],
  );
});

test('loops of links end, and links that lead nowhere or upwards are named', () => {
  const root = plant(audio('a/1.wav', 'b/2.wav'));
  link(root, '.', 'itself');
  link(root, '../..', 'a/up');
  link(root, '../b', 'a/b');
  link(root, '../a', 'b/a');
  link(root, '/nowhere/at/all', 'gone');
  link(root, 'loop', 'loop');
  const { files, problems } = listFiles(root);
  assert.deepEqual(
    files.filter(({ alsoAt }) => alsoAt === undefined).map((file) => file.path),
    ['a/1.wav', 'b/2.wav'],
  );
  assert.ok(files.length <= 4);
  assert.match(problems.join('\n'), /2 links left out, since each leads nowhere; .*: gone, loop/);
  assert.match(problems.join('\n'), /2 links left out, since each leads back .*: a\/up, itself/);
});

test('a tree of folders that all link to each other is listed in time', () => {
  const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
  const root = plant(audio(...names.map((name) => `${name}/x.wav`)));
  for (const from of names) for (const to of names) if (from !== to) link(root, `../${to}`, `${from}/${to}`);
  const { files } = listFiles(root);
  assert.equal(files.filter(({ alsoAt }) => alsoAt === undefined).length, 40);
  assert.ok(files.length <= 80);
});

test('what systems leave in folders is not a file of a corpus; a title may begin with dots', () => {
  const root = plant(
    audio(
      ...['._a.wav', '.DS_Store', '__MACOSX/._a.wav', '.git/x.wav', '@eaDir/a.wav/y.wav', 'Thumbs.db'],
      ...['a.WAV', '...Baby One More Time.mp3', '.hidden/c.flac', 'notes.txt'],
    ),
  );
  assert.deepEqual(listRecordings(root), ['...Baby One More Time.mp3', '.hidden/c.flac', 'a.WAV']);
});

test('names are compared composed and with slashes, and opened as they are', () => {
  const root = plant(audio('Cantigas/decomposed a\u0303.wav', 'audio\\fold1\\x.wav'));
  assert.deepEqual(
    listFiles(root).files.map(({ path: own, name }) => [own, name]),
    [
      ['Cantigas/decomposed a\u0303.wav', 'Cantigas/decomposed \u00e3.wav'],
      ['audio\\fold1\\x.wav', 'audio/fold1/x.wav'],
    ],
  );
});

test('a name that is not UTF-8 is named with the fix, the others are listed', () => {
  const root = plant(audio('a.wav'));
  execFileSync('sh', ['-c', `touch "$(printf '%s/caf\\351.wav' "$1")"`, 'sh', root]);
  const { files, problems } = listFiles(root);
  assert.deepEqual(
    files.map((file) => file.path),
    ['a.wav'],
  );
  assert.match(problems.join(), /1 name left out, since each is not UTF-8 .* convmv: caf/);
});

test('a folder that is missing, or a file: one sentence', () => {
  assert.throws(() => listFiles('/nowhere'), /\/nowhere: there is no such folder/);
});

test('examples are few and spread', () => {
  assert.equal(withExamples(['a', 'b']), 'a, b');
  assert.equal(
    withExamples(Array.from({ length: 6660 }, (_, i) => `n${i}`)),
    'n0, n3329, n6659 and 6,657 more',
  );
});
