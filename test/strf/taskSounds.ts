import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';
import { readStrfExperiment, type StrfExperiment } from 'stm-lab/dist/strf/stage/experiment';

/** Sounds of the four tasks, small, in a folder that goes when the suite ends. */
export const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-tasks-'));
after(() => fs.rmSync(folder, { recursive: true }));

const state = randomState(3);
/** Noise whose loudness beats at a rate: slow for one class, fast for the other. */
export function beating(seconds: number, rate: number, beatHz: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, i) => 0.2 * state.normal() * (1 + Math.sin((2 * Math.PI * beatHz * i) / rate)),
  );
}

/** 32-bit float WAV with an 18-byte format chunk and a `fact` chunk, as SciPy and pyannote's excerpts have. */
function writeFloatWav(file: string, samples: Float32Array, rate: number): void {
  const head = Buffer.alloc(58);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(50 + 4 * samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(18, 16);
  head.writeUInt16LE(3, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(4 * rate, 28);
  head.writeUInt16LE(4, 32);
  head.writeUInt16LE(32, 34);
  head.write('fact', 38, 'latin1');
  head.writeUInt32LE(4, 42);
  head.writeUInt32LE(samples.length, 46);
  head.write('data', 50, 'latin1');
  head.writeUInt32LE(4 * samples.length, 54);
  fs.writeFileSync(file, Buffer.concat([head, Buffer.from(samples.buffer)]));
}

export const speech = path.join(folder, 'speech');
export const digits = path.join(folder, 'digits');
export const calls = path.join(folder, 'calls');
for (const place of [speech, digits, calls]) fs.mkdirSync(place);
// On disk decomposed, composed in the list, without its tilde in the annotation.
export const spoken = beating(4, 16000, 1);
spoken.fill(0, 0, 16000);
writeFloatWav(path.join(speech, 'trn\u030300.wav'), spoken, 16000);
for (const name of ['dev0', 'tst0', 'tst1']) writeWav(path.join(speech, `${name}.wav`), spoken, 16000);
fs.writeFileSync(path.join(speech, 'train.lst'), 'tr\u00f100\n');
fs.writeFileSync(
  path.join(speech, 'train.rttm'),
  'SPEAKER trn00 1 1.0 2.0 <NA> <NA> <NA> <NA> <NA>\nSPEAKER trn00 1 2.5 1.5 <NA> <NA> B <NA> <NA>\n',
);
fs.writeFileSync(path.join(speech, 'development.lst'), 'dev0\n');
fs.writeFileSync(path.join(speech, 'development.rttm'), 'SPEAKER dev0 1 1 3 <NA> <NA> A <NA> <NA>\n');
fs.writeFileSync(path.join(speech, 'test.lst'), 'tst0\ntst1\n');
fs.writeFileSync(path.join(speech, 'test.rttm'), 'SPEAKER tst0 1 1 3 <NA> <NA> A <NA> <NA>\n');
fs.writeFileSync(path.join(speech, 'test.uem'), 'tst0 1 0 4\ntst1 1 0 2\n');

export const tiny: StrfExperiment = (() => {
  const reduced = readStrfExperiment('reduced');
  const small = {
    strf: { filters: 2, frequencyTaps: 5, timeTaps: 9 },
    training: { steps: 3, batch: 4, recordEvery: 2 },
    conditions: ['learn l2', 'frozen l2', 'pass'],
    seeds: 2,
  };
  const frontEnd = (rate: number): StrfExperiment['speech']['frontEnd'] => ({
    ...reduced.speech.frontEnd,
    sampleRate: rate,
    window: rate / 40,
    hop: rate / 100,
    bands: 8,
    highestHz: rate / 2,
  });
  return {
    ...reduced,
    speaker: { ...reduced.speaker, ...small, frontEnd: frontEnd(8000), frames: 30 },
    speech: { ...reduced.speech, ...small, frontEnd: frontEnd(16000), frames: 40, blockSeconds: 1 },
    birds: { ...reduced.birds, ...small, frontEnd: frontEnd(16000), frames: 20 },
    urban: {
      ...reduced.urban,
      ...small,
      frontEnd: frontEnd(16000),
      frames: 40,
      blocks: [2],
      folds: 2,
      excerpts: 2,
      augment: 'mixup-stripes',
    },
  };
})();

for (const speaker of ['ann', 'bob'])
  for (let i = 0; i < 8; i++)
    writeWav(
      path.join(digits, `${i % 3}_${speaker}_${i}.wav`),
      beating(0.4, 8000, speaker === 'ann' ? 5 : 15),
      8000,
    );
for (const [bird, days] of [
  ['red', ['110101', '110102', '110103']],
  ['blue', ['110104', '110105']],
  ['lone', ['110106']],
] as const)
  for (const day of days)
    for (let i = 0; i < 2; i++)
      writeWav(path.join(calls, `${bird}_${day}-DC-0${i}.wav`), beating(0.3, 16000, 10), 16000);
export const scenes = path.join(folder, 'scenes.csv');
fs.writeFileSync(
  scenes,
  ['path,label,group']
    .concat(
      Array.from({ length: 8 }, (_, i) => {
        writeWav(path.join(folder, `scene${i}.wav`), beating(1.2, 16000, i % 2 ? 2 : 12), 16000);
        return `scene${i}.wav,${i % 2 ? 'env: urban' : 'env: wildlife'},place${Math.floor(i / 2)}x${i % 2}`;
      }),
    )
    .join('\n'),
);
