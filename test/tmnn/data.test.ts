import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readAudio, writeWav } from 'stm-lab/dist/audio';
import { fastDoubles } from 'stm-lab/dist/training/random';
import { labelMatrix } from 'stm-lab/dist/corpus/collections/clips';
import { loadMagnaTagATune } from 'stm-lab/dist/corpus/collections/magnaTagATune';
import { cutSegments, evenPlaces, randomFrame, randomPlace } from 'stm-lab/dist/tmnn/data/segments';
import { loadSpeechCommands } from 'stm-lab/dist/corpus/collections/speechCommands';
import {
  cacheSpectrograms,
  cacheWaveforms,
  fileSource,
  waveformSource,
} from 'stm-lab/dist/tmnn/data/spectrogramCache';
import { createPowerSpectrogram, PUBLISHED_ANALYSIS } from 'stm-lab/dist/features/spectrogram';

function temporary(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

const put = (root: string, name: string, content: string | Uint8Array): void => {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), content);
};

test('MagnaTagATune: split by folder, most frequent tags by name, tagless and missing clips left out', (t) => {
  const root = temporary(t);
  const tags = ['rare', 'guitar', 'no vocals', 'slow'];
  const clips: [string, number[]][] = [
    ['0/artist_a-album-01-song-0-29.mp3', [0, 1, 1, 0]],
    ['b/artist_a-album-01-song-30-59.mp3', [0, 1, 0, 1]],
    ['c/artist_b-album-02-song-0-29.mp3', [0, 1, 1, 0]],
    ['f/artist_c-album-03-song-0-29.mp3', [0, 0, 1, 0]],
    ['d/artist_c-album-03-song-30-59.mp3', [1, 0, 0, 0]],
    ['e/artist_d-album-04-song-0-29.mp3', [0, 1, 0, 0]],
    ['1/artist_e-album-04-song-0-29.mp3', [0, 0, 0, 1]],
  ];
  const quoted = (cells: (string | number)[]): string => cells.map((cell) => `"${cell}"`).join('\t');
  put(
    root,
    'annotations_final.csv',
    [
      quoted(['clip_id', ...tags, 'mp3_path']),
      ...clips.map(([mp3, bears], i) => quoted([i + 2, ...bears, mp3])),
    ].join('\n') + '\n',
  );
  for (const [mp3] of clips.slice(0, 6)) put(root, mp3, mp3.startsWith('e') ? '' : 'sound');
  const found = loadMagnaTagATune(root, { tags: 3 });
  // guitar 4, no vocals 3, slow 2.
  assert.deepEqual(found.outputs, ['guitar', 'no vocals', 'slow']);
  assert.deepEqual(
    found.clips.map(({ name, part, group, outputs }) => [name[0], part, group, outputs]),
    [
      ['0', 'train', 'artist_a', [0, 1]],
      ['b', 'train', 'artist_a', [0, 2]],
      ['c', 'validation', 'artist_b', [0, 1]],
      ['f', 'test', 'artist_c', [1]],
    ],
  );
  assert.deepEqual(found.notes, [
    '1 clips bear none of the tags and are left out',
    '1 clips are missing',
    '1 clips are empty files',
  ]);
  assert.deepEqual([...labelMatrix(found.clips, 3).subarray(0, 6)], [1, 1, 0, 1, 0, 1]);
  assert.equal(loadMagnaTagATune(root, { tags: 3, tagless: 'kept' }).clips.length, 5);
  // Ties keep the order of the table.
  assert.deepEqual(loadMagnaTagATune(root, { tags: 4 }).outputs, ['guitar', 'no vocals', 'slow', 'rare']);
  fs.appendFileSync(path.join(root, 'annotations_final.csv'), '"9"\t"1"\n');
  assert.throws(() => loadMagnaTagATune(root), /line 9 has 2 cells where the header has 6/);
  assert.throws(() => loadMagnaTagATune(path.join(root, '0')), /annotations_final\.csv: is missing/);
});

test('Speech Commands: words, speakers, the two lists', (t) => {
  const root = temporary(t);
  const files = [
    'yes/0a7c_nohash_0.wav',
    'yes/0a7c_nohash_1.wav',
    'yes/1b_nohash_0.wav',
    'no/2c_nohash_0.wav',
  ];
  for (const file of files) put(root, file, 'sound');
  put(root, '_background_noise_/hum.wav', 'sound');
  put(root, 'yes/README.wav', 'sound');
  put(root, 'validation_list.txt', 'yes/1b_nohash_0.wav\n');
  put(root, 'testing_list.txt', 'no/2c_nohash_0.wav\n');
  const { outputs, clips, task } = loadSpeechCommands(root);
  assert.deepEqual(outputs, ['no', 'yes']);
  assert.equal(task, 'classes');
  assert.deepEqual(
    clips.map(({ name, part, group, outputs: own }) => [name, part, group, own]),
    [
      ['no/2c_nohash_0.wav', 'test', '2c', [0]],
      ['yes/0a7c_nohash_0.wav', 'train', '0a7c', [1]],
      ['yes/0a7c_nohash_1.wav', 'train', '0a7c', [1]],
      ['yes/1b_nohash_0.wav', 'validation', '1b', [1]],
    ],
  );
  put(root, 'testing_list.txt', 'no/2c_nohash_0.wav\nno/3d_nohash_0.wav\n');
  assert.throws(() => loadSpeechCommands(root), /1 recordings of its lists are missing, e.g. no\/3d/);
  fs.rmSync(path.join(root, 'testing_list.txt'));
  assert.throws(() => loadSpeechCommands(root), /testing_list\.txt: is missing/);
});

test('spectrogram cache: by content, resampled, extended; an unreadable file is a reason', async (t) => {
  const root = temporary(t);
  const cache = path.join(root, 'cache');
  const tone = (length: number, rate: number, hz = 500): Float32Array =>
    Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rate));
  const write = async (name: string, samples: Float32Array, sampleRate: number): Promise<string> => {
    const file = path.join(root, name);
    await writeWav(file, samples, sampleRate);
    return file;
  };
  const long = await write('long.wav', tone(40000, 16000), 16000);
  const short = await write('short.wav', tone(4000, 8000), 8000);
  put(root, 'broken.wav', 'no sound');
  const files = [long, short, path.join(root, 'broken.wav')];
  const options = { analysis: PUBLISHED_ANALYSIS, minSamples: 16000 };
  const found = await cacheSpectrograms(cache, files, options);
  assert.deepEqual(
    found.map((one) => (one.file === undefined ? one.reason.includes('broken.wav') : one.frames)),
    [157, 63, true],
  );
  const usable = found.filter((one) => one.file !== undefined);
  const source = fileSource(usable, PUBLISHED_ANALYSIS);
  const part = new Float32Array(2 * 257);
  source.read(0, 100, 2, part);
  const direct = (await createPowerSpectrogram(PUBLISHED_ANALYSIS)).compute(tone(40000, 16000));
  // 16-bit samples.
  part.forEach((value, i) => assert.ok(Math.abs(value - direct[100 * 257 + i]!) < 2));
  source.read(1, 0, 1, part);
  assert.equal(part[16], 0);
  source.read(1, 31, 1, part);
  assert.ok(part[16]! > 3000);
  // A moved recording is found again; another analysis is another entry.
  fs.renameSync(long, path.join(root, 'moved.wav'));
  const before = fs.readdirSync(cache, { recursive: true }).length;
  const again = await cacheSpectrograms(cache, [path.join(root, 'moved.wav')], options);
  assert.deepEqual(again[0], found[0]);
  assert.equal(fs.readdirSync(cache, { recursive: true }).length, before);
  const finer = await cacheSpectrograms(cache, [path.join(root, 'moved.wav')], {
    ...options,
    analysis: { ...PUBLISHED_ANALYSIS, hop: 128 },
  });
  assert.equal(finer[0]!.file === undefined ? 0 : finer[0].frames, 313);
});

test('segments of waveforms: at any sample, ends reflected; a short clip anywhere in zeros, in evaluation in the middle', async (t) => {
  const root = temporary(t);
  const next = fastDoubles(5, 'waveform');
  const noise = (length: number): Float32Array => Float32Array.from({ length }, () => next() - 0.5);
  const [long, short] = [noise(9000), noise(3000)];
  writeWav(path.join(root, 'long.wav'), long, 16000);
  writeWav(path.join(root, 'short.wav'), short, 16000);
  put(root, 'broken.wav', 'no sound');
  const files = ['long.wav', 'short.wav', 'broken.wav'].map((name) => path.join(root, name));
  const options = { analysis: PUBLISHED_ANALYSIS, minSamples: 4000 };
  const cached = await cacheWaveforms(path.join(root, 'cache'), files, options);
  assert.equal(cached[2]!.file, undefined);
  const usable = cached.filter((one) => one.file !== undefined);
  const source = await waveformSource(usable, PUBLISHED_ANALYSIS, 4000);
  const [window, { compute }] = [source.frames(0), await createPowerSpectrogram(PUBLISHED_ANALYSIS)];
  assert.equal(window, 16);
  const cut = (clip: number, from: number): Float32Array => cutSegments(source, [{ clip, from }], window);
  const written = (await readAudio(files[0]!)).samples;
  assert.deepEqual(cut(0, 1234), compute(written.slice(1234, 5234)));
  // The last place that is drawn.
  assert.deepEqual(cut(0, 5000), compute(written.slice(5000)));
  const padded = new Float32Array(4000);
  padded.set((await readAudio(files[1]!)).samples, 700);
  assert.deepEqual(cut(1, -700), compute(padded));
  const places = (clip: number): number[] =>
    Array.from({ length: 3000 }, (_, epoch) => randomPlace(source, window, 1, epoch, clip));
  const [inLong, inShort] = [places(0), places(1)];
  assert.ok(Math.min(...inLong) >= 0 && Math.min(...inLong) < 20);
  assert.ok(Math.max(...inLong) <= 5000 && Math.max(...inLong) > 4980);
  assert.ok(Math.min(...inShort) >= -1000 && Math.min(...inShort) < -990);
  assert.ok(Math.max(...inShort) <= 0 && Math.max(...inShort) > -10);
  assert.deepEqual(places(1), inShort);
  assert.deepEqual(evenPlaces(source, window, 4, PUBLISHED_ANALYSIS, 0), [0, 1250, 2500, 3750]);
  assert.deepEqual(evenPlaces(source, window, 4, PUBLISHED_ANALYSIS, 1), [-500]);
});

test('random segments: within the clip, another each epoch, the same for the same seed', () => {
  const places = Array.from({ length: 400 }, (_, epoch) => randomFrame(100, 63, 1, epoch, 5));
  assert.ok(Math.min(...places) === 0 && Math.max(...places) === 37);
  assert.deepEqual(
    places,
    Array.from({ length: 400 }, (_, epoch) => randomFrame(100, 63, 1, epoch, 5)),
  );
  assert.equal(randomFrame(63, 63, 1, 1, 1), 0);
  const source = {
    clips: 2,
    bins: 2,
    frames: () => 3,
    read: (clip: number, from: number, count: number, target: Float32Array) =>
      target.forEach((_, i) => (target[i] = 10 * clip + 2 * from + i + 0 * count)),
  };
  const cut = cutSegments(source, [{ clip: 0, from: 1 }, { clip: 1, from: 0 }], 2); // prettier-ignore
  assert.deepEqual([...cut], [2, 3, 4, 5, 10, 11, 12, 13]);
});
