import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readScenes } from 'stm-lab/dist/strf/tasks/scenes';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-scenes-'));
after(() => fs.rmSync(folder, { recursive: true }));
const settings = { labels: [], folds: 9 };

function writeSet(name: string, table: string, lines: readonly string[], sounds: readonly string[]): string {
  const root = path.join(folder, name);
  for (const file of [table, ...sounds])
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, table), `${lines.join('\n')}\n`);
  for (const sound of sounds) writeWav(path.join(root, sound), new Float32Array(100), 8000);
  return root;
}

test('ESC-50 as it unpacks: 50 categories by name, published folds, cuts of one original together', () => {
  const root = writeSet(
    'ESC-50-master',
    'meta/esc50.csv',
    [
      'filename,fold,target,category,esc10,src_file,take',
      '1-100032-A-0.wav,1,0,dog,True,100032,A',
      '1-100032-B-0.wav,1,0,dog,True,100032,B',
      '10-17367-A-10.wav,10,10,rain,True,17367,A',
      '2-101676-A-10.wav,2,10,rain,True,101676,A',
      '2-118072-A-0.wav,2,0,dog,True,118072,A',
    ],
    ['1-100032-A-0', '1-100032-B-0', '10-17367-A-10', '2-101676-A-10'].map((name) => `audio/${name}.wav`),
  );
  const set = readScenes(root, settings);
  assert.equal(set.kind, 'classes');
  assert.deepEqual(
    set.tags.map(({ name }) => name),
    ['dog', 'rain'],
  );
  assert.deepEqual([...set.targets], [1, 0, 1, 0, 0, 1, 0, 1]);
  assert.equal(set.groups[0], set.groups[1]);
  assert.deepEqual(
    set.rounds.map(({ train, test: judged }) => [train, judged]),
    [
      [
        [2, 3],
        [0, 1],
      ],
      [[0, 1, 2], [3]],
      [[0, 1, 3], [2]],
    ],
  );
  assert.match(set.remarks[0]!, /4 recordings cut from 3; the 3 published folds; 1 not in the folder/);
});

test('UrbanSound8K as it unpacks: recordings in the folders of their folds; gaps are named', () => {
  const lines = [
    'slice_file_name,fsID,start,end,salience,fold,classID,class',
    '100032-3-0-0.wav,100032,0.0,0.3,1,5,3,dog_bark',
    '100263-2-0-117.wav,100263,58.5,62.5,1,7,2,children_playing',
  ];
  const sounds = ['audio/fold5/100032-3-0-0.wav', 'audio/fold7/100263-2-0-117.wav'];
  const root = writeSet('UrbanSound8K', 'metadata/UrbanSound8K.csv', lines, sounds);
  const set = readScenes(root, settings);
  assert.deepEqual(
    set.recordings.map(({ file }) => path.relative(root, file).split(path.sep).join('/')),
    sounds,
  );
  assert.deepEqual(
    set.rounds.map(({ test: judged }) => judged),
    [[0], [1]],
  );
  const half = writeSet('half', 'metadata/UrbanSound8K.csv', lines, sounds.slice(1));
  assert.throws(() => readScenes(half, settings), /fewer than two folds of .*UrbanSound8K\.csv; unpack all/);
  const table = lines.map((line) => line.replace('fsID', 'freesound'));
  const wrong = writeSet('wrong', 'metadata/UrbanSound8K.csv', table, sounds);
  assert.throws(() => readScenes(wrong, settings), /lacks the column "fsID"/);
});
