import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { readAudio, writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';
import { configurationNames } from 'stm-lab/dist/stages/configuration';
import { readStrfExperiment, parseCondition, type StrfExperiment } from 'stm-lab/dist/strf/stage/experiment';
import { loadEngine } from 'stm-lab/dist/engine';
import { createStrfLayer } from 'stm-lab/dist/strf';
import { holdOut } from 'stm-lab/dist/strf/tasks/development';
import { prepareStrfTask, strfScoreTable, strfTaskStage } from 'stm-lab/dist/pipeline';
import { parseRttm, readSpeechFolder } from 'stm-lab/dist/corpus';
import {
  listCalls,
  listScenes,
  listSpeakerRecordings,
  type CellOutcome,
  type StrfTaskName,
  type trainStrf,
} from 'stm-lab/dist/strf';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-tasks-'));
after(() => fs.rmSync(folder, { recursive: true }));

const state = randomState(3);
/** Noise whose loudness beats at a rate: slow for one class, fast for the other. */
function beating(seconds: number, rate: number, beatHz: number): Float32Array {
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

const speech = path.join(folder, 'speech');
const digits = path.join(folder, 'digits');
const calls = path.join(folder, 'calls');
for (const place of [speech, digits, calls]) fs.mkdirSync(place);
// On disk decomposed, composed in the list, without its tilde in the annotation.
const spoken = beating(4, 16000, 1);
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

const tiny: StrfExperiment = (() => {
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
const scenes = path.join(folder, 'scenes.csv');
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

for (const [task, source] of [
  ['speaker', digits],
  ['speech', speech],
  ['birds', calls],
  ['urban', scenes],
] as [StrfTaskName, string][])
  test(`${task}: every condition and seed, intervals, kept the second time, the same from scratch`, async () => {
    const out = path.join(folder, `out-${task}`);
    const options = { task, source, out, experiment: tiny, resamples: 20 };
    const first = await strfTaskStage(options);
    assert.equal(first.status, 'computed');
    assert.deepEqual(
      first.conditions.map(({ condition }) => condition),
      ['learn l2', 'frozen l2', 'pass'],
    );
    for (const { scores, seeds } of first.conditions) {
      assert.equal(seeds.length, 2);
      for (const { name } of first.measures) {
        const { value, low, high } = scores[name]!;
        assert.ok(value >= 0 && low <= high, `${name} ${value} [${low}, ${high}]`);
        const mean = (seeds[0]![name]! + seeds[1]![name]!) / 2;
        assert.ok(Math.abs(mean - value) < 1e-6);
      }
    }
    assert.ok(first.conditions[1]!.difference !== undefined);
    const histories = first.filters.filter(({ condition }) => condition.includes('l2'));
    assert.equal(histories.length, 4);
    for (const { condition, records } of histories) {
      assert.equal(records.at(-1)!.filters.length, 2);
      assert.equal(records.at(-1)!.weights.length, 2);
      const moved = JSON.stringify(records[0]!.filters) !== JSON.stringify(records.at(-1)!.filters);
      assert.equal(moved, condition === 'learn l2');
    }
    assert.deepEqual(
      histories[0]!.records[0]!.filters,
      histories[2]!.records[0]!.filters,
      'learned and frozen start alike',
    );
    assert.ok(strfScoreTable(first).length > 3);
    if (task === 'speech') {
      const rttm = fs.readFileSync(path.join(out, 'cells', 'pass-seed1', 'test.rttm'), 'utf8');
      for (const { recording, begin, end } of parseRttm(rttm))
        assert.ok(['tst0', 'tst1'].includes(recording) && begin >= 0 && end <= 4.1);
    }
    assert.equal((await strfTaskStage(options)).status, 'cached');
    // Without the stage's record, finished trainings are kept and give the same.
    fs.rmSync(path.join(out, 'stage.json'));
    fs.rmSync(path.join(out, 'cells', 'learn-l2-seed1'), { recursive: true });
    const again = await strfTaskStage(options);
    assert.equal(again.status, 'computed');
    assert.deepEqual(again.conditions, first.conditions);
  });

/** Puts something in the place of an export of the library for a while. */
async function replaced<T>(
  module: string,
  name: string,
  by: (original: never) => unknown,
  run: () => Promise<T>,
): Promise<T> {
  const exported = createRequire(__filename)(module) as Record<string, unknown>;
  const original = exported[name];
  exported[name] = by(original as never);
  try {
    return await run();
  } finally {
    exported[name] = original;
  }
}

for (const [task, source] of [
  ['speaker', digits],
  ['speech', speech],
  ['birds', calls],
  ['urban', scenes],
] as [StrfTaskName, string][])
  test(`${task}: a training that diverges is named and not stored, the others are scored; then it is tried again`, async () => {
    const out = path.join(folder, `wild-${task}`);
    const told: string[] = [];
    const options = { task, source, out, experiment: tiny, conditions: ['learn l2', 'pass'], resamples: 20 };
    const warn = (line: string): void => void told.push(line);
    let spoilt = 0;
    const first = await replaced(
      'stm-lab/dist/strf/train',
      'trainStrf',
      (train: typeof trainStrf): typeof trainStrf =>
        async (engine, network, ...rest) => {
          const trained = await train(engine, network, ...rest);
          if (network.layer.variant === 'pass' && spoilt++ === 0) trained.values.fill(NaN);
          return trained;
        },
      () => strfTaskStage(options, { warn }),
    );
    assert.deepEqual(
      first.failed.map(({ name }) => name),
      ['pass, seed 1'],
    );
    assert.deepEqual(told, [`pass, seed 1: ${first.failed[0]!.reason}`]);
    assert.match(told[0]!, /^pass, seed 1: prediction: the network's probabilities hold NaN/);
    // Conditions are compared over the seed that both have.
    assert.deepEqual(
      first.conditions.map(({ condition, seeds }) => [condition, seeds.length]),
      [
        ['learn l2', 1],
        ['pass', 1],
      ],
    );
    assert.doesNotMatch(fs.readFileSync(path.join(out, 'results.json'), 'utf8'), /null|NaN/);
    assert.ok(!fs.existsSync(path.join(out, 'cells', 'pass-seed1', 'cell.json')));
    const kept = fs.statSync(path.join(out, 'cells', 'learn-l2-seed1', 'cell.json')).mtimeMs;
    const second = await strfTaskStage(options, { warn });
    assert.deepEqual(
      [second.status, second.failed.length, second.conditions[1]!.seeds.length],
      ['computed', 0, 2],
    );
    assert.equal(fs.statSync(path.join(out, 'cells', 'learn-l2-seed1', 'cell.json')).mtimeMs, kept);
    assert.equal((await strfTaskStage(options)).status, 'cached');

    const wild = {
      ...tiny,
      [task]: { ...tiny[task], training: { ...tiny[task].training, learningRate: 1e38 } },
    };
    const all = { ...options, out: `${out}-all`, experiment: wild, seeds: 1 };
    await assert.rejects(strfTaskStage(all, { warn }), {
      kind: 'diverged',
      message: new RegExp(`^${task}: no seed is left`),
    });
    assert.match(told.at(-1)!, /^pass, seed 1: (training diverged at update \d|prediction: )/);
    assert.deepEqual(
      fs
        .readdirSync(`${out}-all`, { recursive: true, encoding: 'utf8' })
        .filter((name) => /(stage|results|cell)\.json$/.test(name)),
      [],
    );
  });

for (const [task, source] of [
  ['speaker', digits],
  ['speech', speech],
] as const)
  test(`${task}: noise reaches the training sounds, seeded, and nothing else`, async () => {
    const noise = path.join(folder, `noise-for-${task}`);
    fs.mkdirSync(path.join(noise, 'noise'), { recursive: true });
    writeWav(path.join(noise, 'noise', 'hum.wav'), beating(2, 16000, 3), 16000);
    const engine = await loadEngine();
    const before = engine.tf.memory().numTensors;
    const run = async (folder?: string, seed = 1): Promise<CellOutcome & { hash: string }> => {
      const prepared = await prepareStrfTask(task, source, tiny, { noise: folder });
      return { ...(await prepared.run(engine, { variant: 'pass' }, seed, {})), hash: prepared.hash };
    };
    const [clean, noisy, again] = [await run(), await run(noise), await run(noise)];
    assert.deepEqual(again, noisy);
    assert.notEqual(noisy.records[0]!.loss, clean.records[0]!.loss);
    assert.notEqual(noisy.hash, clean.hash);
    assert.equal(engine.tf.memory().numTensors, before);
    // What is judged stays clean: an untrained network says the same of it.
    const still = { ...tiny, [task]: { ...tiny[task], training: { steps: 0 } } };
    const untrained = async (folder?: string): Promise<CellOutcome> =>
      (await prepareStrfTask(task, source, still, { noise: folder })).run(engine, { variant: 'pass' }, 1, {});
    assert.deepEqual(await untrained(noise), await untrained());
  });

const SOME_BOUNDS = { sigmaFrequency: [-9, 9], sigmaTime: [-9, 9] } as const;

for (const [task, source] of [
  ['speaker', digits],
  ['speech', speech],
  ['birds', calls],
  ['urban', scenes],
] as const)
  test(`${task}: the best record is chosen on a development part, or training groups that are held out`, async () => {
    const engine = await loadEngine();
    const training = { ...tiny[task].training, epoch: 'best', patience: 1, steps: 4, recordEvery: 1 };
    const best = { ...tiny, [task]: { ...tiny[task], training } };
    const prepared = await prepareStrfTask(task, source, best);
    assert.ok(prepared.remarks.some((line) => /record with the best .* on a development part/.test(line)));
    const { records } = await prepared.run(engine, { variant: 'pass' }, 1, {});
    assert.ok(records.length > 1);
    for (const { development } of records.slice(1)) assert.ok(development! >= 0 && development! <= 1);
  });

test('settings of layer, front part and input reach the network', async () => {
  const engine = await loadEngine();
  const { speaker } = tiny;
  const training = { ...speaker.training, steps: 1 };
  const loss = async (changes: Partial<StrfExperiment['speaker']>): Promise<number> => {
    const experiment = { ...tiny, speaker: { ...speaker, training, ...changes } };
    const prepared = await prepareStrfTask('speaker', digits, experiment);
    const { records } = await prepared.run(engine, { variant: 'learn', initial: { seed: 3 } }, 1, {});
    return records[0]!.loss;
  };
  const { strf } = speaker;
  const losses = [
    await loss({}),
    await loss({ strf: { ...strf, output: 'modulus' } }),
    await loss({ strf: { ...strf, grid: 'authors' } }),
    await loss({ strf: { ...strf, carriers: 'rayleigh' } }),
    await loss({ appendSpectrogram: true }),
    await loss({ mapDropout: 0.9 }),
    await loss({ input: 'raw' }),
  ];
  assert.equal(new Set(losses.map((value) => value.toFixed(6))).size, losses.length, losses.join(' '));
  const layer = createStrfLayer(engine, { sigmaRate: 1, sigmaBounds: SOME_BOUNDS });
  for (const { name, rate = 1, bounds } of layer.parameters) {
    assert.equal(rate, 1);
    assert.deepEqual(bounds, name.includes('sigma') ? [-9, 9] : undefined);
  }
  layer.dispose();
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

test('birds: discriminant analysis and random forest hear calls that differ, of days left out', async () => {
  const place = path.join(folder, 'whistles');
  fs.mkdirSync(place);
  ['low', 'high', 'noise'].forEach((bird, kind) =>
    ['120101', '120102', '120103'].forEach((day, d) => {
      for (let i = 0; i < 6; i++) {
        const noise = beating(0.3, 16000, 10);
        const hz = (kind === 0 ? 700 : 4000) * (1 + 0.02 * (d + i));
        const tone = noise.map((v, n) => 0.1 * v + 0.3 * Math.sin((2 * Math.PI * hz * n) / 16000));
        writeWav(path.join(place, `${bird}_${day}-DC-0${i}.wav`), kind === 2 ? noise : tone, 16000);
      }
    }),
  );
  const options = {
    ...({ task: 'birds', source: place, out: path.join(folder, 'out-whistles'), experiment: tiny } as const),
    ...{ conditions: ['lda', 'forest'], seeds: 1, resamples: 20 },
  };
  const { conditions } = await strfTaskStage(options);
  for (const { condition, scores } of conditions)
    assert.ok(scores['uar']!.value > 0.9, `${condition}: ${scores['uar']!.value}`);
  await assert.rejects(
    strfTaskStage({ ...options, task: 'urban', source: scenes }),
    /"lda" is a condition of the task birds alone/,
  );
});

test('birds: a group that is all there is of a class trains but is not judged', async () => {
  const { remarks } = await strfTaskStage({
    task: 'birds',
    source: calls,
    out: path.join(folder, 'out-birds'),
    experiment: tiny,
    resamples: 20,
  });
  assert.match(
    remarks[0]!,
    /12 calls, 3 classes, 6 groups; 5 groups are left out in turn \(10 calls scored; 2 calls/,
  );
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
