import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { cacheSound, readSamples, writeWav } from 'stm-lab/dist/audio';
import type { Segment } from 'stm-lab/dist/corpus';
import { createLogMel, SPEECH_LOG_MEL } from 'stm-lab/dist/strf';
import { soundAt } from 'stm-lab/dist/strf/tasks/sounds';
import {
  chunkDrawer,
  chunkOf,
  chunkValues,
  labelsAt,
  type SpeechSound,
  windowStarts,
} from 'stm-lab/dist/strf/tasks/speechWindows';
import { close } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-chunks-'));
after(() => fs.rmSync(folder, { recursive: true }));

const RATE = 1000;
const sound = (name: string, seconds: number, rest: Partial<SpeechSound> = {}): SpeechSound => ({
  ...{ name, file: name, speech: [], scored: undefined, seconds },
  sound: { file: name, samples: seconds * RATE, hash: name },
  ...rest,
});

test('chunks: recordings by what is annotated of them, any place in it, the same for the same numbers', () => {
  const recordings = [
    sound('long', 100, { scored: [{ begin: 10, end: 40 }] }),
    sound('short', 10),
    sound('two', 50, {
      scored: [
        { begin: 0, end: 5 },
        { begin: 45, end: 60 },
      ],
    }),
  ];
  const draw = chunkDrawer(recordings, 2000, RATE);
  const next = randomState(1).double;
  const counts = new Map<string, number>();
  const places = new Map<string, number[]>();
  for (let i = 0; i < 4000; i++) {
    const { recording, from } = draw(next);
    counts.set(recording.name, (counts.get(recording.name) ?? 0) + 1);
    places.set(recording.name, [...(places.get(recording.name) ?? []), from]);
  }
  // 30, 10 and 10 of 50 annotated seconds; four standard errors.
  for (const [name, share] of [
    ['long', 0.6],
    ['short', 0.2],
    ['two', 0.2],
  ] as const)
    close(counts.get(name)! / 4000, share, 0.032);
  const long = places.get('long')!;
  assert.ok(Math.min(...long) >= 10_000 && Math.max(...long) <= 38_000);
  assert.ok(Math.min(...long) < 10_200 && Math.max(...long) > 37_800);
  close(long.reduce((a, b) => a + b, 0) / long.length, 24_000, 700);
  for (const from of places.get('two')!) assert.ok(from <= 3000 || (from >= 45_000 && from <= 48_000));
  const again = chunkDrawer(recordings, 2000, RATE);
  assert.deepEqual(again(randomState(5).double), draw(randomState(5).double));
  // A part, and a recording, shorter than a chunk.
  const brief = chunkDrawer([sound('brief', 60, { scored: [{ begin: 59, end: 60 }] })], 2000, RATE);
  assert.equal(brief(next).from, 58_000);
  assert.equal(chunkDrawer([sound('tiny', 1)], 2000, RATE)(next).from, 0);
  assert.throws(
    () => chunkDrawer([sound('none', 1, { scored: [{ begin: 2, end: 3 }] })], 2000, RATE),
    /no part of the training recordings is annotated/,
  );
});

test('labels: as asked of every instant by itself', () => {
  const state = randomState(3);
  const segments = (count: number): Segment[] => {
    const ends = Array.from({ length: 2 * count }, () => 12 * state.double() - 1).sort((a, b) => a - b);
    return Array.from({ length: count }, (_, i) => ({ begin: ends[2 * i]!, end: ends[2 * i + 1]! }));
  };
  for (let round = 0; round < 20; round++) {
    const recording = sound('any', 10, {
      speech: segments(4),
      scored: round % 2 === 0 ? undefined : segments(3),
    });
    const first = 4 * state.double() - 1;
    const inside = (list: readonly Segment[], time: number): boolean =>
      list.some(({ begin, end }) => time >= begin && time < end);
    labelsAt(recording, 1500, first, 100).forEach((label, i) => {
      const time = first + i / 100;
      const known = inside(recording.scored ?? [{ begin: -1, end: 10 }], time);
      if (recording.scored === undefined && time < 0) return;
      assert.equal(label, !known ? -1 : inside(recording.speech, time) ? 1 : 0, `${round} ${time}`);
    });
  }
});

test('a chunk of 200 frames is 2 s with a frame added on either side; a click is where its frame says', () => {
  const settings = { frames: 200, frontEnd: SPEECH_LOG_MEL };
  const chunk = chunkOf(settings);
  assert.equal(chunk.samples, 32_000);
  close(chunk.middle, 0.0025, 1e-12);
  const kernel = createLogMel(SPEECH_LOG_MEL);
  const click = new Float32Array(32_000);
  click[16_000] = 1;
  const values = chunkValues(click, kernel, 200);
  assert.equal(values.length, 64 * 200);
  const band = values.subarray(30 * 200, 31 * 200);
  assert.deepEqual(
    [...band.keys()].filter((t) => Number.isNaN(band[t])),
    [0, 199],
  );
  const loudest = band.reduce((best, value, t) => (value > band[best]! ? t : best), 1);
  close(chunk.middle + loudest / 100, 1, 0.005);
  // Centred frames, of which there are more than asked for.
  const centred = chunkOf({ frames: 100, frontEnd: { ...SPEECH_LOG_MEL, frames: 'centred' } });
  close(centred.middle, 0.01, 1e-12);
});

test('windows overlap and reach the end, whatever the length', () => {
  for (const samples of [100, 3999, 4000, 4001, 9000, 20_003]) {
    const starts = windowStarts(samples, { frames: 40, every: 10, hop: 100 });
    assert.equal(starts[0], 0);
    starts.slice(1).forEach((start, i) => assert.ok(start > starts[i]! && start - starts[i]! <= 10));
    const end = starts.at(-1)! + 40;
    assert.ok(samples < 4000 ? starts.length === 1 : end === Math.floor(samples / 100), `${samples}: ${end}`);
  }
});

test('decoded sounds: as read whole, once, in parts, zeros beyond the end; what cannot be read is named', async () => {
  const file = path.join(folder, 'one.wav');
  const state = randomState(4);
  writeWav(
    file,
    Float32Array.from({ length: 11_025 }, () => 0.1 * state.normal()),
    22_050,
  );
  const cache = path.join(folder, 'cache');
  const kept = await cacheSound(cache, file, 8000);
  const whole = await soundAt(file, 8000);
  assert.equal(kept.samples, whole.length);
  assert.deepEqual(readSamples(kept, 0, whole.length), whole);
  assert.deepEqual(readSamples(kept, 700, 300), whole.slice(700, 1000));
  const last = readSamples(kept, whole.length - 5, 12);
  assert.deepEqual([...last.slice(0, 5)], [...whole.slice(-5)]);
  assert.deepEqual([...last.slice(5)], Array<number>(7).fill(0));
  // The same bytes under another name are not decoded again; another rate is.
  const { mtimeMs } = fs.statSync(kept.file);
  fs.copyFileSync(file, path.join(folder, 'two.wav'));
  assert.deepEqual(await cacheSound(cache, path.join(folder, 'two.wav'), 8000), kept);
  assert.equal(fs.statSync(kept.file).mtimeMs, mtimeMs);
  assert.notEqual((await cacheSound(cache, file, 16_000)).hash, kept.hash);
  const broken = path.join(folder, 'broken.wav');
  fs.writeFileSync(broken, 'no sound');
  await assert.rejects(cacheSound(cache, broken, 8000), /broken\.wav/);
  const left = fs.readdirSync(cache, { recursive: true, encoding: 'utf8' });
  assert.equal(left.filter((name) => !/^[0-9a-f]{2}(\/[0-9a-f]{64}\.npy)?$/.test(name)).length, 0);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(cacheSound(cache, file, 4000, stop.signal), { kind: 'interrupted' });
});
