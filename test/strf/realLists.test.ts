import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readNoiseFolder } from 'stm-lab/dist/strf/tasks/noiseFolder';
import { readSpeechFolder, SPEECH_PARTS } from 'stm-lab/dist/corpus/collections/speechFolder';
import { listVerification } from 'stm-lab/dist/corpus/collections/trials';
import { plant } from '../corpus/plant';
import { sharedFolder } from '../features/shared';

// Folders as the real lists name them, with empty files for recordings.
const collections = sharedFolder('collections');
const skip =
  collections === undefined ? 'the real lists (../shared/collections or STM_SHARED) are absent' : false;
const linesOf = (...parts: string[]): string[] =>
  gunzipSync(fs.readFileSync(path.join(collections!, ...parts)))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');

test("VoxCeleb1's test: 37,720 trials over 4,715 recordings of 40 speakers", { skip }, () => {
  const trials = linesOf('voxceleb', 'verif_original.txt.gz');
  const names = linesOf('voxceleb', 'vox1_tst_duration.txt.gz').map(
    (line) => `test/wav/${line.split(' ')[0]!}.wav`,
  );
  const trained = ['id10001/a/00001', 'id10002/b/00001'].map((name) => `dev/wav/${name}.wav`);
  const root = plant(Object.fromEntries([...names, ...trained].map((name) => [name, ''])));
  const list = path.join(root, 'veri_test.txt');
  // As some copies write it: a header line, Windows line ends.
  fs.writeFileSync(list, ['label enrolment test', ...trials, ''].join('\r\n'));
  const { train, test: tested, targets } = listVerification(root, list);
  assert.deepEqual([names.length, targets.length, tested.length], [4874, 37720, 4715]);
  assert.deepEqual([new Set(tested.map(({ speaker }) => speaker)).size, train.length], [40, 2]);
});

test('MUSAN: 930 recordings of noise, 660 of music, 426 of speech', { skip }, () => {
  const names = linesOf('musan', 'all.txt.gz');
  const root = plant(Object.fromEntries(names.map((name) => [`${name}.wav`, ''])));
  const counts = (['noise', 'music', 'speech'] as const).map((kind) => readNoiseFolder(root, [kind]).length);
  assert.deepEqual(counts, [930, 660, 426]);
});

test('AMI: 136, 18 and 16 meetings with their turns and scored parts', { skip }, () => {
  const lists = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-ami-'));
  execFileSync('tar', ['xzf', path.join(collections!, 'ami', 'ami-lists-rttm-uem.tgz'), '-C', lists]);
  const read = (...parts: string[]): string => fs.readFileSync(path.join(lists, ...parts), 'utf8');
  const files: Record<string, string> = {};
  for (const part of SPEECH_PARTS) {
    const short = part === 'development' ? 'dev' : part;
    files[`${part}.lst`] = read('lists', `${short}.meetings.txt`);
    files[`${part}.rttm`] = read('only_words', 'rttms', `${short}.rttm`);
    files[`${part}.uem`] = fs
      .readdirSync(path.join(lists, 'uems', short))
      .map((name) => read('uems', short, name))
      .join('\n');
    for (const meeting of files[`${part}.lst`]!.split(/\s+/).filter((name) => name !== ''))
      files[`amicorpus/${meeting}/audio/${meeting}.Mix-Headset.wav`] = '';
  }
  const root = plant(files);
  const parts = SPEECH_PARTS.map((part) => readSpeechFolder(root, part));
  assert.deepEqual(
    parts.map((recordings) => recordings.length),
    [136, 18, 16],
  );
  for (const { name, speech, scored } of parts.flat()) {
    assert.ok(speech.length > 0, `${name} has no turns`);
    assert.equal(scored?.length, 1, `${name} is not scored as one part`);
  }
});
