import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { randomState } from 'research-basics/random/mt19937';
import { loadEngine } from 'stm-lab/dist/engine';
import { rankScores } from 'stm-lab/dist/evaluation';
import {
  prepareStrfTask,
  readStrfExperiment,
  strfTaskStage,
  type StrfExperiment,
} from 'stm-lab/dist/pipeline';
import { listVerification, parseTrials } from 'stm-lab/dist/corpus';
import { equalErrorRate, type PreparedTask } from 'stm-lab/dist/strf';
import { findTrialList } from 'stm-lab/dist/corpus/collections/trials';
import { close, voice, VOICE_RATE as RATE } from './fixtures';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-verification-'));
after(() => fs.rmSync(folder, { recursive: true }));

test('trial lists: as VoxCeleb writes them; what is written otherwise is named', () => {
  assert.deepEqual(parseTrials('1 a/b/1.wav a/c/2.wav\r\n0 a/b/1.wav d/e/3.wav\n\n'), [
    { first: 'a/b/1.wav', second: 'a/c/2.wav', target: 1 },
    { first: 'a/b/1.wav', second: 'd/e/3.wav', target: 0 },
  ]);
  assert.throws(() => parseTrials('1 a b\nyes a b\n', 'x.txt'), /x\.txt: line 2 is "yes a b"; it must be/);
  assert.throws(() => parseTrials('1 a\n'), /line 1 is "1 a"/);
  assert.throws(() => parseTrials('1 a b c\n'), /line 1/);
  assert.throws(() => parseTrials('1 a b\n'), /no trial of two speakers/);
  assert.throws(() => parseTrials('0 a b\n'), /no trial of one speaker/);
});

/** VoxCeleb as it unpacks: `dev/wav`, `test/wav`; speakers 10270 and up are tested. */
const vox = path.join(folder, 'vox');
const VOICES: [string, number][] = [
  ...[400, 900, 1500, 2100, 2700, 3300].map((hz, i): [string, number] => [`id1000${i + 1}`, hz]),
  ...[600, 1800, 3000].map((hz, i): [string, number] => [`id1027${i}`, hz]),
];
for (const [speaker, hz] of VOICES)
  for (let i = 0; i < 4; i++) {
    const part = speaker < 'id10200' ? 'dev' : 'test';
    const file = path.join(vox, part, 'wav', speaker, `video${i % 2}`, `0000${i + 1}.wav`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    // One is shorter than the network's window.
    writeWav(file, voice(hz, hz === 3000 && i === 0 ? 0.25 : 0.4 + 0.1 * i, i + hz), RATE);
  }
const tested = VOICES.slice(6).flatMap(([speaker]) =>
  [0, 1, 2].map((i) => ({ speaker, name: `${speaker}/video${i % 2}/0000${i + 1}.wav` })),
);
const trialLines = tested.flatMap((a, i) =>
  tested.slice(i + 1).map((b) => `${a.speaker === b.speaker ? 1 : 0} ${a.name} ${b.name}`),
);
fs.writeFileSync(path.join(vox, 'veri_test.txt'), `${trialLines.join('\n')}\n`);

test('VoxCeleb as it unpacks: speakers of trials do not train; contradictions and gaps are named', () => {
  const list = findTrialList(vox)!;
  assert.equal(path.basename(list), 'veri_test.txt');
  const { train, test: judged, pairs, targets } = listVerification(vox, list);
  assert.deepEqual([train.length, judged.length, targets.length], [24, 9, 36]);
  assert.deepEqual(
    [...new Set(train.map(({ speaker }) => speaker))],
    VOICES.slice(0, 6).map(([speaker]) => speaker),
  );
  assert.deepEqual(
    [judged[pairs[0]!]!.name, judged[pairs[1]!]!.name],
    ['id10270/video0/00001', 'id10270/video1/00002'],
  );
  assert.equal(
    targets.reduce((sum, target) => sum + target, 0),
    9,
  );
  const wrong = path.join(folder, 'wrong.txt');
  const check = (text: string, message: RegExp): void => {
    fs.writeFileSync(wrong, text);
    assert.throws(() => listVerification(vox, wrong), message);
  };
  check(
    '1 id10270/video0/00001.wav id10270/video1/00002.wav\n0 id10270/video0/00001.wav id10270/video0/00003.wav\n',
    /says 0 of id10270.*which are of one speaker/,
  );
  check(
    '1 id10270/video0/00001.wav id10270/video0/00009.wav\n0 id10270/video0/00001.wav id10271/video0/00001.wav\n',
    /names id10270\/video0\/00009\.wav, which is not in/,
  );
  const all = VOICES.map(([speaker]) => `${speaker}/video0/00001.wav`);
  check(
    [`1 ${all[0]} id10001/video1/00002.wav`, ...all.slice(1).map((name) => `0 ${all[0]} ${name}`)].join('\n'),
    /fewer than two speakers who are in no trial/,
  );
});

test('a manifest with trials.txt beside it; without one it stays identification', () => {
  const place = path.join(folder, 'listed');
  fs.mkdirSync(place);
  const manifest = path.join(place, 'speakers.csv');
  const rows = VOICES.slice(4).flatMap(([speaker], i) =>
    [1, 2].map((n) => {
      fs.copyFileSync(
        path.join(vox, i < 2 ? 'dev' : 'test', 'wav', speaker, n === 1 ? 'video0' : 'video1', `0000${n}.wav`),
        path.join(place, `${speaker}-${n}.wav`),
      );
      return `${speaker}-${n}.wav,${speaker},day ${n}`;
    }),
  );
  fs.writeFileSync(manifest, `path,label,group\n${rows.join('\n')}\n`);
  assert.equal(findTrialList(manifest), undefined);
  fs.writeFileSync(
    path.join(place, 'trials.txt'),
    '1 id10270-1.wav id10270-2.wav\n0 id10270-1.wav id10271-1.wav\n',
  );
  const { train, test: judged } = listVerification(manifest, findTrialList(manifest)!);
  assert.deepEqual([train.length, judged.length], [6, 3]);
});

function tiny(changes: Partial<StrfExperiment['speaker']> = {}): StrfExperiment {
  const small = readStrfExperiment('small');
  return {
    ...small,
    speaker: {
      ...small.speaker,
      frontEnd: {
        ...small.speaker.frontEnd,
        sampleRate: RATE,
        window: 200,
        hop: 80,
        bands: 16,
        highestHz: 4000,
      },
      frames: 30,
      strf: { filters: 4, frequencyTaps: 5, timeTaps: 7 },
      contraction: 16,
      stages: [{ outputs: 16, taps: 3 }],
      embedding: 8,
      training: { steps: 25, batch: 6, learningRate: 0.01, recordEvery: 10 },
      conditions: ['learn l2', 'pass'],
      seeds: 1,
      verification: { windowEvery: 0.05, cohortRecordings: 2 },
      ...changes,
    },
  };
}

const prepare = (changes: Partial<StrfExperiment['speaker']> = {}, noise?: string): Promise<PreparedTask> =>
  prepareStrfTask('speaker', vox, tiny(changes), { noise });

test('voices that were never trained on are told apart; a stopped training continues alike; nothing leaks', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const prepared = await prepare({ verification: { windowEvery: 0.2, cohortRecordings: 2 } });
  const strf = { variant: 'learn', norm: 'l2' } as const;
  const whole = await prepared.run(engine, strf, 1, {});
  assert.ok(whole.metrics['eer']! < 0.2, `EER ${whole.metrics['eer']}`);
  assert.ok(whole.metrics['cost']! < 1 && whole.metrics['eerNormalised']! < 0.35);
  assert.equal(whole.outputs['scores']!.length, 36);
  const stop = new AbortController();
  const checkpoint = { folder: path.join(folder, 'checkpoint'), identity: 'one' };
  await assert.rejects(
    prepared.run(engine, strf, 1, {
      checkpoint,
      signal: stop.signal,
      onRecord: ({ step }) => {
        if (step === 10) stop.abort();
      },
    }),
    /training stopped/,
  );
  assert.deepEqual(await prepared.run(engine, strf, 1, { checkpoint }), whole);
  const other = await prepared.run(engine, strf, 2, {});
  assert.notDeepEqual(other.outputs['scores'], whole.outputs['scores']);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('speakers with little sound do not train; others are held out to choose a record', async () => {
  const engine = await loadEngine();
  const brief = path.join(vox, 'dev', 'wav', 'id10009');
  fs.mkdirSync(path.join(brief, 'video0'), { recursive: true });
  writeWav(path.join(brief, 'video0', '00001.wav'), voice(1200, 0.5, 9), RATE);
  const training = { steps: 4, batch: 6, recordEvery: 2 };
  const spoken = async (minimumSeconds: number, epoch: 'last' | 'best'): Promise<PreparedTask> =>
    prepare({ training: { ...training, epoch }, verification: { cohortRecordings: 2, minimumSeconds } });
  const counted = ({ remarks }: PreparedTask): string[] =>
    /among the (\d+) trained on \((\d+) rec/.exec(remarks[0]!)!.slice(1);
  assert.deepEqual(counted(await spoken(0, 'last')), ['7', '25']);
  const few = await spoken(1, 'last');
  assert.deepEqual(counted(few), ['6', '24']);
  assert.ok(few.remarks.some((line) => line.startsWith('1 speakers with less than 1 s')));
  await assert.rejects(spoken(1e6, 'last'), /0 speakers are left to train on/);
  const chosen = await spoken(0, 'best');
  assert.deepEqual(counted(chosen), ['5', '17']);
  const { records } = await chosen.run(engine, { variant: 'pass' }, 1, {});
  for (const { development } of records.slice(1)) assert.ok(development! >= 0 && development! <= 1);
  fs.rmSync(brief, { recursive: true });
});

test('windows, cohort size and noise change what is asked of them alone', async () => {
  const engine = await loadEngine();
  const short = { training: { steps: 2, batch: 6, recordEvery: 1 } };
  const run = async (
    changes: Partial<StrfExperiment['speaker']>,
    noise?: string,
  ): Promise<Float32Array[]> => {
    const { outputs } = await (
      await prepare({ ...short, ...changes }, noise)
    ).run(engine, { variant: 'pass' }, 1, {});
    return [outputs['scores']!, outputs['normalised']!];
  };
  const [scores, normalised] = await run({});
  const [sameScores, fewer] = await run({
    verification: { windowEvery: 0.05, cohortRecordings: 2, nearest: 2 },
  });
  assert.deepEqual(sameScores, scores);
  assert.notDeepEqual(fewer, normalised);
  const [, wider] = await run({ verification: { windowEvery: 0.05, cohortRecordings: 4 } });
  assert.notDeepEqual(wider, normalised);
  assert.notDeepEqual((await run({ verification: { windowEvery: 0.2, cohortRecordings: 2 } }))[0], scores);
  const noise = path.join(folder, 'noises');
  fs.mkdirSync(path.join(noise, 'noise'), { recursive: true });
  writeWav(path.join(noise, 'noise', 'hum.wav'), voice(100, 1, 5), RATE);
  const [noisy] = await run({}, noise);
  assert.notDeepEqual(noisy, scores);
  assert.notDeepEqual((await run({ noise: { snrDb: [0, 1] } }, noise))[0], noisy);
  assert.notEqual((await prepare(short, noise)).hash, (await prepare(short)).hash);
});

test('intervals: many tested speakers are resampled whole, few by their recordings', async () => {
  const place = path.join(folder, 'many');
  fs.mkdirSync(place);
  const names = Array.from({ length: 13 }, (_, s) => [1, 2, 3].map((n) => `s${s}-${n}.wav`));
  for (const name of names.flat()) writeWav(path.join(place, name), voice(1000, 0.1, 1), RATE);
  const manifest = path.join(place, 'speakers.csv');
  fs.writeFileSync(
    manifest,
    `path,label,group\n${names.flatMap((own, s) => own.map((name) => `${name},s${s},s${s}`)).join('\n')}\n`,
  );
  const pairsOf = (speakers: number): string[] => {
    const own = names.slice(0, speakers).flatMap((all, s) => all.map((name) => ({ name, s })));
    return own.flatMap((a, i) => own.slice(i + 1).map((b) => `${a.s === b.s ? 1 : 0} ${a.name} ${b.name}`));
  };
  const prepared = async (speakers: number): Promise<PreparedTask> => {
    fs.writeFileSync(path.join(place, 'trials.txt'), pairsOf(speakers).join('\n'));
    return prepareStrfTask('speaker', manifest, tiny());
  };
  const state = randomState(9);
  const eerOf = (lines: readonly string[], scores: readonly number[], counts: readonly number[]): number => {
    const trials = lines.flatMap((_, t) => Array.from({ length: counts[t]! }, () => t));
    return equalErrorRate(
      rankScores(
        trials.map((t) => scores[t]!),
        (i) => lines[trials[i]!]!.startsWith('1'),
      ),
    );
  };
  for (const [speakers, mode] of [
    [11, /resampling the tested speakers\./],
    [4, /resampling the tested recordings, since/],
  ] as const) {
    const task = await prepared(speakers);
    assert.match(task.remarks[1]!, mode);
    const lines = pairsOf(speakers);
    const scores = lines.map((line) => Math.round(5 * (state.normal() + (line.startsWith('1') ? 1 : 0))));
    const outputs = { scores: Float32Array.from(scores), normalised: Float32Array.from(scores) };
    const weights = new Float64Array(3 * speakers).fill(1);
    // Speaker 0 twice and speaker 1 not at all; of few speakers, single recordings.
    const drawn = speakers === 11 ? [2, 2, 2, 0, 0, 0] : [2, 1, 0, 1, 1, 1];
    drawn.forEach((count, row) => (weights[row] = count));
    const rowOf = (name: string): number => names.flat().indexOf(name);
    const counts = lines.map((line) => {
      const [target, a, b] = line.split(' ') as [string, string, string];
      const [first, second] = [weights[rowOf(a)]!, weights[rowOf(b)]!];
      return target === '1' && speakers === 11 ? first : first * second;
    });
    close(task.statistic({ outputs })(weights)['eer']!, eerOf(lines, scores, counts), 1e-9);
    assert.equal(task.design.groups.length, 3 * speakers);
  }
});

test('the stage: four measures with intervals', async () => {
  const summary = await strfTaskStage({
    task: 'speaker',
    source: vox,
    out: path.join(folder, 'out'),
    experiment: tiny({ training: { steps: 2, batch: 4, recordEvery: 1 } }),
    resamples: 20,
  });
  assert.match(summary.remarks[0]!, /36 trials \(9 of one speaker\) of 9 recordings of 3 speakers/);
  for (const { scores } of summary.conditions)
    for (const name of ['eer', 'cost', 'eerNormalised', 'costNormalised'])
      assert.ok(scores[name]!.low <= scores[name]!.high && scores[name]!.value <= 1);
});
