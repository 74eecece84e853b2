import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readClassFolder, readManifest, validateManifest } from 'stm-lab/dist/corpus';
import { corpusName } from 'stm-lab/dist/pipeline';
import { readScenes } from 'stm-lab/dist/strf/tasks/scenes';
import { listCalls } from 'stm-lab/dist/strf/tasks/labelled';
import { listSpeakerRecordings } from 'stm-lab/dist/strf/tasks/speaker';
import { soundsBelow } from 'stm-lab/dist/corpus';
import { stmLab } from '../pipeline/support';
import { sharedFolder } from '../features/shared';
import { audio } from './manifestTrees';
import { plant } from './plant';

const rowsOf = (folder: string): unknown[] =>
  readClassFolder(folder).rows.map(({ path: own, label, group, extra }) => [own, label, group, extra]);

test('a folder per class with groups below it is a manifest', () => {
  const root = plant(
    audio('dog/rex/1.wav', 'dog/rex/deep/2.WAV', 'cat/tom/1.flac', 'cat/._x.wav', 'cat/notes.txt'),
  );
  assert.deepEqual(rowsOf(root), [
    ['cat/tom/1.flac', 'cat', 'tom', {}],
    ['dog/rex/1.wav', 'dog', 'rex', {}],
    ['dog/rex/deep/2.WAV', 'dog', 'rex', {}],
  ]);
  const { file, problems, warnings, rows, hash } = readManifest(root);
  assert.deepEqual([file, problems, warnings], [root, [], []]);
  assert.equal(rows[0]!.file, path.join(root, 'cat/tom/1.flac'));
  assert.equal(hash, readManifest(root).hash);
  fs.renameSync(path.join(root, 'cat/tom'), path.join(root, 'cat/tim'));
  assert.notEqual(hash, readManifest(root).hash);
  assert.deepEqual(validateManifest(root), { missing: [], extra: [], changed: [], unchecked: 3 });
});

test('without a second level each recording is a group, which is said', () => {
  const root = plant(
    audio('genres/blues/blues.00000.wav', 'genres/rock/rock.00000.wav', 'genres/rock/b-side.wav'),
  );
  assert.deepEqual(rowsOf(root), [
    ['genres/blues/blues.00000.wav', 'blues', 'genres/blues/blues.00000', {}],
    ['genres/rock/b-side.wav', 'rock', 'genres/rock/b-side', {}],
    ['genres/rock/rock.00000.wav', 'rock', 'genres/rock/rock.00000', {}],
  ]);
  assert.match(readManifest(root).warnings.join('\n'), /3 recordings count as a group each/);
});

test('train, validation and test above the classes become a column', () => {
  const root = plant(audio('Train/a/x/1.wav', 'Train/b/y/2.wav', 'val/a/z/3.wav', 'TEST/b/w/4.wav'));
  assert.deepEqual(rowsOf(root), [
    ['TEST/b/w/4.wav', 'b', 'w', { part: 'test' }],
    ['Train/a/x/1.wav', 'a', 'x', { part: 'train' }],
    ['Train/b/y/2.wav', 'b', 'y', { part: 'train' }],
    ['val/a/z/3.wav', 'a', 'z', { part: 'validation' }],
  ]);
  // Classes of these names without anything below them are classes.
  assert.deepEqual(
    readClassFolder(plant(audio('test/1.wav', 'train/2.wav'))).rows.map(({ label }) => label),
    ['test', 'train'],
  );
});

test('linked classes, names composed in two ways, recordings outside of classes', () => {
  const other = plant(audio('1.wav'));
  const root = plant(audio('cafe\u0301/a/2.wav', 'loose.wav'));
  fs.symlinkSync(other, path.join(root, 'tea'));
  const { rows, warnings } = readClassFolder(root);
  assert.deepEqual(
    rows.map(({ path: own, label }) => [own, label]),
    [
      ['cafe\u0301/a/2.wav', 'caf\u00e9'],
      ['tea/1.wav', 'tea'],
    ],
  );
  assert.match(warnings.join('\n'), /1 recording left out, since no folder names a class: loose\.wav/);
  assert.throws(() => readManifest(root, { paths: 'inside' }), /one group|one label/);
});

test('a folder that holds manifest.csv stands for it', () => {
  const root = plant({
    ...audio('a.wav', 'b.wav', 'x/c.wav'),
    'manifest.csv': 'path,label,group\na.wav,1,g\nb.wav,2,h\n',
  });
  assert.equal(readManifest(root).file, path.join(root, 'manifest.csv'));
  assert.equal(readManifest(root).rows.length, 2);
  const named = (file: string): string => corpusName(root, readManifest(file), 'look');
  assert.equal(named(root), named(path.join(root, 'manifest.csv')));
});

test('a folder that is not a manifest: one sentence that says what it should hold', () => {
  assert.throws(
    () => readManifest(plant({ 'meta/esc50.csv': '' })),
    /is a folder with no recordings; give a CSV.*sub-folder per class/,
  );
  assert.throws(
    () => readManifest(plant(audio('1.wav'))),
    /is a folder with 1 recording, in no folder of a class/,
  );
});

test('every command that takes a manifest takes the folder, or says in a sentence what it wants', () => {
  const root = plant({
    'ESC-50-master/meta/esc50.csv': 'filename,fold,target,category,esc10,src_file,take\n',
  });
  for (const [args, sentence] of [
    [
      ['strf', 'urban', '--manifest', root],
      /holds recordings of fewer than two folds of meta.esc50\.csv; unpack/,
    ],
    [['tmnn', 'tags', '--manifest', root], /is a folder with no recordings; give a CSV file/],
    [['strf', 'birds', '--manifest', root], /is a folder with no recordings; give a CSV file/],
    [['extract', '--manifest', root], /is a folder with no recordings; give a CSV file/],
  ] as const) {
    const { code, err } = stmLab(...args, '--out', path.join(root, 'out'));
    assert.equal(code, 2, err);
    assert.match(err, sentence);
    assert.doesNotMatch(err, /EISDIR/);
  }
  const tunes = stmLab(
    'tmnn',
    'tags',
    '--manifest',
    plant({ 'annotations_final.csv': '' }),
    '--out',
    path.join(root, 'o'),
  );
  assert.match(tunes.err, /add --preset magnatagatune/);
});

test('tasks read folders of classes, and known sets one level down', () => {
  const calls = plant(audio('DC/bird1/1.wav', 'LT/bird2/2.wav'));
  assert.deepEqual(
    listCalls(calls).map(({ label, group }) => [label, group]),
    [
      ['DC', 'bird1'],
      ['LT', 'bird2'],
    ],
  );
  const speakers = plant(audio('ann/mon/1.wav', 'ann/tue/2.wav', 'bob/mon/1.wav', 'bob/wed/2.wav'));
  assert.deepEqual(
    listSpeakerRecordings(speakers).map(({ speaker, part }) => [speaker, part]),
    [
      ['ann', 'train'],
      ['ann', 'test'],
      ['bob', 'train'],
      ['bob', 'test'],
    ],
  );
  const table = [1, 2, 3]
    .map((n) => `${n}.wav,${n === 2 ? 2 : 1},0,dog,True,${n === 3 ? 1 : 7},A`)
    .join('\n');
  const esc = plant({
    ...audio(...[1, 2, 3].map((n) => `ESC-50-master/audio/${n}.wav`)),
    'ESC-50-master/meta/esc50.csv': `filename,fold,target,category,esc10,src_file,take\n${table}\n`,
  });
  const { recordings, remarks } = readScenes(esc, { labels: [], folds: 2 });
  assert.equal(recordings.length, 3);
  assert.match(remarks.join(), /the 2 published folds, in two of which 1 originals lie/);
});

test('recordings below a folder: its own first, folders by name, links followed', () => {
  const root = plant(audio('a/2.wav', 'a-b/1.wav', 'z.wav', 'a/._2.wav'));
  fs.symlinkSync(plant(audio('deep/9.flac')), path.join(root, 'b'));
  assert.deepEqual(
    soundsBelow(root).map((file) => path.relative(root, file)),
    ['z.wav', 'a/2.wav', 'a-b/1.wav', 'b/deep/9.flac'],
  );
});

test('a collection on disk is read as a folder of classes', (t) => {
  const calls = sharedFolder('finch-calls');
  if (calls === undefined) return t.skip('the recordings (../shared or STM_SHARED) are absent');
  assert.equal(listCalls(calls).length, 91);
});
