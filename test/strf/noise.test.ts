import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';
import { prepareStrfTask, readStrfExperiment } from 'stm-lab/dist/pipeline';
import { addNoise, createNoiseMixer, readNoiseFolder, SPEECH_LOG_MEL } from 'stm-lab/dist/strf';
import { close } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-noise-'));
after(() => fs.rmSync(folder, { recursive: true }));

/** MUSAN as it unpacks, each recording of one value so that one sees where a sample came from. */
const musan = path.join(folder, 'musan');
const RATE = 16000;
const LEVELS: [string, number, number][] = [
  ['noise/free-sound/noise-free-sound-0000.wav', 0.1, 4000],
  ['noise/sound-bible/noise-sound-bible-0000.wav', 0.2, 300],
  ['music/fma/music-fma-0000.wav', 0.3, 4000],
  ['speech/librivox/speech-librivox-0000.wav', 0.4, 4000],
];
for (const [name, level, length] of LEVELS) {
  const file = path.join(musan, ...name.split('/'));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(path.join(path.dirname(file), 'ANNOTATIONS'), 'not a recording\n');
  writeWav(
    file,
    Float32Array.from({ length }, (_, i) => (i % 2 === 0 ? level : -level / 2)),
    RATE,
  );
}

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
const power = (values: Float32Array): number => {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length;
};

test('noise lies the given ratio below the sound, whatever the two levels were', () => {
  const state = randomState(1);
  const sound = Float32Array.from({ length: 8000 }, () => 3 + 0.01 * state.normal());
  const noise = Float32Array.from({ length: 8000 }, () => 5 * state.normal());
  const quiet = addNoise(sound, new Float32Array(8000), 10);
  close(power(quiet), 1e-4 / (1e-4 + 1e-5), 0.01);
  for (const snr of [-5, 0, 20]) {
    const heard = addNoise(sound, noise, snr);
    close(power(heard.map((value, i) => value - quiet[i]!)), 10 ** (-snr / 10), 1e-3);
    close(mean(heard), 0, 1e-5);
  }
});

test('the parts of MUSAN: noise alone unless asked, a part that is missing is named', () => {
  const names = (kinds?: Parameters<typeof readNoiseFolder>[1]): string[] =>
    readNoiseFolder(musan, kinds).map((file) => path.relative(musan, file).split(path.sep).join('/'));
  assert.deepEqual(names(), [LEVELS[0]![0], LEVELS[1]![0]]);
  assert.deepEqual(names(['music', 'speech']), [LEVELS[2]![0], LEVELS[3]![0]]);
  assert.throws(
    () => readNoiseFolder(path.join(musan, 'music')),
    /noise: holds no recordings; give the folder/,
  );
});

test('mixing: the same seed and place the same, others others, whatever was read before', async () => {
  const state = randomState(2);
  const sound = Float32Array.from({ length: 5000 }, () => state.normal());
  const made = (): ReturnType<typeof createNoiseMixer> =>
    createNoiseMixer(musan, SPEECH_LOG_MEL, {}, [5, 20]);
  const mixer = made();
  const first = await mixer.mix(sound, 1, 3, 0);
  await mixer.mix(sound, 1, 4, 0);
  assert.deepEqual(await mixer.mix(sound, 1, 3, 0), first);
  assert.deepEqual(await made().mix(sound, 1, 3, 0), first);
  for (const [seed, step, row] of [
    [2, 3, 0],
    [1, 4, 0],
    [1, 3, 1],
  ] as const)
    assert.notDeepEqual(await mixer.mix(sound, seed, step, row), first);
  assert.equal(mixer.identity, made().identity);
  assert.notEqual(mixer.identity, createNoiseMixer(musan, SPEECH_LOG_MEL, {}, [5, 10]).identity);
});

test('ratios stay in their range and fill it', async () => {
  const state = randomState(3);
  const sound = Float32Array.from({ length: 2000 }, () => state.normal());
  const quiet = addNoise(sound, new Float32Array(2000), 0);
  const ratios = async (settings: Parameters<typeof createNoiseMixer>[2]): Promise<number[]> => {
    const mixer = createNoiseMixer(musan, SPEECH_LOG_MEL, settings, [10, 20]);
    const found: number[] = [];
    for (let i = 0; i < 40; i++) {
      const heard = await mixer.mix(sound, 1, i);
      found.push(-10 * Math.log10(power(heard.map((value, n) => value - quiet[n]!))));
    }
    return found;
  };
  for (const [settings, low, high] of [
    [{}, 10, 20],
    [{ snrDb: [0, 3], kinds: ['music'] }, 0, 3],
  ] as [Parameters<typeof createNoiseMixer>[2], number, number][]) {
    const found = await ratios(settings);
    const share = (high - low) / 5;
    assert.ok(Math.min(...found) >= low - 0.05 && Math.min(...found) < low + share);
    assert.ok(Math.max(...found) <= high + 0.05 && Math.max(...found) > high - share);
  }
});

test('noise needs a front end that standardises, a rising range, and a task that takes it', async () => {
  assert.throws(
    () => createNoiseMixer(musan, { ...SPEECH_LOG_MEL, waveform: 'as-is' }, {}, [5, 20]),
    /must standardise waveforms/,
  );
  assert.throws(
    () => createNoiseMixer(musan, SPEECH_LOG_MEL, { snrDb: [9, 3] }, [5, 20]),
    /9 \.\. 3 dB must rise/,
  );
  await assert.rejects(
    prepareStrfTask('birds', folder, readStrfExperiment('small'), { noise: musan }),
    /birds: takes no noise/,
  );
});
