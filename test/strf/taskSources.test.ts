import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readAudio, writeWav } from 'stm-lab/dist/audio';
import { configurationNames } from 'stm-lab/dist/stages/configuration';
import { parseCondition, readStrfExperiment } from 'stm-lab/dist/strf/stage/experiment';
import { readSpeechFolder } from 'stm-lab/dist/corpus';
import { listCalls, listScenes, listSpeakerRecordings } from 'stm-lab/dist/strf';
import { holdOut } from 'stm-lab/dist/strf/tasks/development';
import { calls, digits, folder, scenes, speech, spoken, tiny } from './taskSounds';

test('float WAV with a fact chunk; names spelled three ways; unknown and overlapping speakers; no turns at all', async () => {
  const [train] = readSpeechFolder(speech, 'train');
  assert.equal(train!.name, 'tr\u00f100');
  assert.deepEqual(train!.speech, [{ begin: 1, end: 4 }]);
  assert.equal(train!.scored, undefined);
  const { samples, sampleRate } = await readAudio(train!.file);
  assert.equal(sampleRate, 16000);
  assert.ok(samples.length === spoken.length && samples.every((sample, i) => sample === spoken[i]));
  const test = readSpeechFolder(speech, 'test');
  assert.deepEqual(test[1]!.speech, []);
  assert.deepEqual(test[1]!.scored, [{ begin: 0, end: 2 }]);
});

test('what is missing from a speech folder is named', () => {
  const broken = path.join(folder, 'broken');
  fs.mkdirSync(broken);
  assert.throws(() => readSpeechFolder(broken, 'train'), /train\.rttm: is missing/);
  fs.writeFileSync(path.join(broken, 'train.rttm'), '');
  fs.writeFileSync(path.join(broken, 'train.lst'), 'gone\n');
  assert.throws(() => readSpeechFolder(broken, 'train'), /no recording is called "gone"/);
});

test('AMI and CHiME5 file names are found under the bare and the whole name, below the folder', () => {
  const ami = path.join(folder, 'ami');
  fs.mkdirSync(path.join(ami, 'ES2002a', 'audio'), { recursive: true });
  writeWav(path.join(ami, 'ES2002a', 'audio', 'ES2002a.Mix-Headset.wav'), spoken, 16000);
  writeWav(path.join(ami, 'S01_U01.CH1.wav'), spoken, 16000);
  fs.writeFileSync(path.join(ami, 'test.lst'), 'ES2002a\nS01\nS01_U01.CH1\n');
  fs.writeFileSync(path.join(ami, 'test.rttm'), '');
  assert.deepEqual(
    readSpeechFolder(ami, 'test').map(({ file }) => path.basename(file)),
    ['ES2002a.Mix-Headset.wav', 'S01_U01.CH1.wav', 'S01_U01.CH1.wav'],
  );
});

test('lists of speakers, calls and scenes; what does not fit is named', () => {
  const recordings = listSpeakerRecordings(digits);
  assert.equal(recordings.filter(({ part }) => part === 'test').length, 10);
  assert.throws(
    () => listSpeakerRecordings(calls),
    /no folder of a class; .*; or recordings named digit_speaker_index\.wav/,
  );
  const manifest = path.join(folder, 'speakers.csv');
  const write = (header: string, row: (recording: (typeof recordings)[number], i: number) => string): void =>
    fs.writeFileSync(manifest, `${[header, ...recordings.map(row)].join('\n')}\n`);
  write('path,label,group,part', ({ file, speaker, part }, i) => `${file},${speaker},${i},${part}`);
  const listed = (source: string): object[] =>
    listSpeakerRecordings(source).map(({ file, speaker, part }) => ({ file, speaker, part }));
  assert.deepEqual(listed(manifest), listed(digits));
  write('path,label,group', ({ file, speaker }, i) => `${file},${speaker},session ${i % 3}`);
  assert.deepEqual(
    listSpeakerRecordings(manifest).map(({ part }) => part),
    recordings.map((_, i) => (i % 3 === 2 ? 'test' : 'train')),
  );
  write('path,label,group,part', ({ file, speaker }, i) => `${file},${speaker},${i},dev`);
  assert.throws(() => listSpeakerRecordings(manifest), /line 2 has the part "dev"/);
  assert.deepEqual(new Set(listCalls(calls).map(({ label }) => label)), new Set(['red', 'blue', 'lone']));
  assert.throws(
    () => listCalls(digits),
    /no folder of a class; .*; or recordings named bird_date-type-number/,
  );
  assert.throws(
    () => listScenes(scenes, ['env: urban', 'sea']),
    /no recording has the label "sea"; it holds env: wildlife, env: urban/,
  );
});

test('groups held out to choose a record: whole, a fifth, no class lost', () => {
  const rows = Array.from({ length: 40 }, (_, i) => i);
  const labels = rows.map((row) => (row < 36 ? row % 3 : 3));
  const groups = rows.map((row) => Math.floor(row / 4));
  const { train, development } = holdOut({ epoch: 'best' }, rows, labels, groups);
  assert.deepEqual(
    [...train, ...development].sort((a, b) => a - b),
    rows,
  );
  assert.ok(development.length >= 4 && development.length <= 12, `${development.length}`);
  const held = new Set(development.map((row) => groups[row]));
  assert.ok(train.every((row) => !held.has(groups[row]!)));
  assert.ok(!held.has(9), 'all that there is of a class trains');
  assert.deepEqual(holdOut({}, rows, labels, groups), { train: rows, development: [] });
  assert.throws(() => holdOut({ epoch: 'best' }, [36, 37], labels, groups), /no group can be held out/);
});

test('experiments: shipped ones are read; wrong entries are named', () => {
  assert.ok(configurationNames('strf').includes('reduced'));
  for (const name of configurationNames('strf')) assert.ok(readStrfExperiment(name).speech.frames > 0);
  assert.throws(() => readStrfExperiment('none'), /give one of .*reduced/);
  const file = path.join(folder, 'wrong.json');
  fs.writeFileSync(file, JSON.stringify({ ...tiny, birds: { ...tiny.birds, frames: 0 } }));
  assert.throws(() => readStrfExperiment(file), /birds: frames is 0/);
  fs.writeFileSync(file, JSON.stringify({ ...tiny, urban: undefined }));
  assert.throws(() => readStrfExperiment(file), /lacks the section "urban"/);
  assert.throws(() => parseCondition('learnt'), /must be one of learn, frozen/);
  assert.deepEqual(parseCondition('frozen area'), { variant: 'frozen', norm: 'area' });
});
