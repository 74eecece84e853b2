import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import { readCsv } from 'stm-lab/dist/base/csv';
import { loadEngine } from 'stm-lab/dist/engine';
import { prepareStrfTask, strfSearchStage } from 'stm-lab/dist/pipeline';
import type { StrfTaskName } from 'stm-lab/dist/strf';
import { developing } from 'stm-lab/dist/strf/stage/validation';
import { readStrfExperiment, type StrfExperiment } from 'stm-lab/dist/strf/stage/experiment';
import { randomState } from 'research-basics/random/mt19937';
import { stmLabHere, temporaryFolder } from '../pipeline/support';

const folder = temporaryFolder('strf-search');
const RATE = 8000;
const state = randomState(6);
const write = (name: string, beatHz: number, seconds = 0.3): void =>
  writeWav(
    path.join(folder, name),
    Float32Array.from(
      { length: Math.round(seconds * RATE) },
      (_, i) => 0.2 * state.normal() * (1 + Math.sin((2 * Math.PI * beatHz * i) / RATE)),
    ),
    RATE,
  );

/** Classes told apart by how fast they beat; four groups each, two recordings a group. */
const rows = ['slow', 'fast'].flatMap((label) =>
  [0, 1, 2, 3].flatMap((group) =>
    [0, 1].map((take) => ({ label, group: `g${group} ${label}`, file: `${label}${group}${take}.wav` })),
  ),
);
for (const { label, file } of rows) write(file, label === 'slow' ? 4 : 20);
const manifest = path.join(folder, 'sounds.csv');
fs.writeFileSync(
  manifest,
  ['path,label,group', ...rows.map(({ file, label, group }) => `${file},${label},${group}`)].join('\n'),
);
const speech = path.join(folder, 'speech');
fs.mkdirSync(speech);
for (const part of ['train', 'development', 'test']) {
  write(path.join('speech', `${part}.wav`), 8, 1.2);
  fs.writeFileSync(path.join(speech, `${part}.lst`), `${part}\n`);
  fs.writeFileSync(path.join(speech, `${part}.rttm`), `SPEAKER ${part} 1 0.4 0.8 <NA> <NA> A <NA> <NA>\n`);
}
const sourceOf = (task: StrfTaskName): string => (task === 'speech' ? speech : manifest);

const tiny: StrfExperiment = (() => {
  const small = readStrfExperiment('small');
  const frontEnd = {
    ...small.speech.frontEnd,
    sampleRate: RATE,
    window: 200,
    hop: 80,
    bands: 8,
    highestHz: 4000,
  };
  const shared = {
    frontEnd,
    frames: 20,
    strf: { filters: 2, frequencyTaps: 5, timeTaps: 9 },
    training: { steps: 6, batch: 6, learningRate: 0.02, recordEvery: 3 },
    ...{ conditions: ['learn l2', 'pass'], seeds: 1 },
  };
  return {
    ...small,
    speaker: { ...small.speaker, ...shared },
    speech: { ...small.speech, ...shared },
    birds: { ...small.birds, ...shared },
    urban: { ...small.urban, ...shared, blocks: [2], labels: ['slow', 'fast'], folds: 2 },
  };
})();

/** The tasks' measures, and recordings of the test part (of the first fold) and of the training part. */
const TASKS = {
  speaker: { measure: 'accuracy', better: 'higher', tested: /3[01]\.wav$/, trained: 'slow00.wav' },
  speech: { measure: 'crossEntropy', better: 'lower', tested: /test\.wav$/, trained: 'speech/train.wav' },
  birds: { measure: 'uar', better: 'higher', tested: /fast0[01]\.wav$/, trained: 'slow10.wav' },
  urban: { measure: 'auprc', better: 'higher', tested: undefined, trained: undefined },
} as const;

for (const [task, { measure, better, tested, trained }] of Object.entries(TASKS) as [
  StrfTaskName,
  (typeof TASKS)[StrfTaskName],
][])
  test(`${task}: the development score has a name and a direction, and no test recording has a say`, async () => {
    const engine = await loadEngine();
    const experiment = { ...tiny, [task]: developing(tiny[task]) };
    const score = async (): Promise<number> => {
      const prepared = await prepareStrfTask(task, sourceOf(task), experiment, {
        cache: path.join(folder, `sounds-${state.double()}`),
      });
      assert.deepEqual([prepared.development.name, prepared.development.better], [measure, better]);
      const layer = { variant: 'learn', norm: 'l2', initial: { seed: 2 } } as const;
      const { metrics, records, outputs } = await prepared.run(engine, layer, 3, { purpose: 'development' });
      assert.deepEqual([Object.keys(metrics), Object.keys(outputs)], [['development'], []]);
      const scores = records.flatMap(({ development }) => development ?? []);
      const best = better === 'higher' ? Math.max(...scores) : Math.min(...scores);
      assert.equal(metrics['development'], best);
      // Scores are coarse; losses tell whether anything differs.
      return records.reduce((sum, { loss }) => sum + loss, best);
    };
    const before = await score();
    if (tested === undefined) return;
    const replaced = async (name: string): Promise<number> => {
      const file = path.join(folder, name);
      const kept = fs.readFileSync(file);
      write(name, 40, kept.length > 10000 ? 1.2 : 0.3);
      const after = await score();
      fs.writeFileSync(file, kept);
      return after;
    };
    const names =
      task === 'speech'
        ? ['speech/test.wav']
        : rows.map(({ file }) => file).filter((one) => tested.test(one));
    assert.ok(names.length > 0);
    for (const name of names) assert.equal(await replaced(name), before, name);
    assert.notEqual(await replaced(trained), before);
  });

test('settings of a task are searched in the direction of its score, stopped, resumed, extended; what cannot be is refused', async () => {
  const learningRate = { type: 'categorical', choices: [1e-9, 0.02] };
  const searched = (
    task: StrfTaskName,
    trials: number,
    space: object = { 'training.learningRate': learningRate },
  ): Parameters<typeof strfSearchStage>[0] => ({
    task,
    source: sourceOf(task),
    out: path.join(folder, `${task}-search`),
    experiment: {
      ...tiny,
      [task]: {
        ...tiny[task],
        training: { ...tiny[task].training, steps: 24, recordEvery: 12 },
        conditions: ['pass'],
        search: { sampler: 'random', seed: 2, trials, space },
      },
    },
  });
  // Least cross-entropy: the least value; what is hardly trained has a larger one.
  const speechRun = searched('speech', 2);
  const stop = new AbortController();
  await assert.rejects(
    strfSearchStage({ ...speechRun, onTrial: () => stop.abort() }, { signal: stop.signal }),
    /run it again to continue/,
  );
  const cell = path.join(speechRun.out, 'trials', '0', 'cells', 'pass-seed1', 'cell.json');
  const written = fs.statSync(cell).mtimeMs;
  const { trials, best, objective } = await strfSearchStage(speechRun);
  assert.equal(fs.statSync(cell).mtimeMs, written, 'what was finished is reused');
  assert.equal(objective, 'development cross-entropy');
  assert.equal(best.value, Math.min(...trials.map(({ value }) => value!)));
  const rates = new Set(trials.map(({ values }) => values['training.learningRate']));
  assert.deepEqual([rates.size, best.values['training.learningRate']], [2, 0.02]);

  // Most recalled: the largest value, through the command; two more trials in the same study.
  const range = { 'training.learningRate': { type: 'float', min: 1e-6, max: 0.02, scale: 'log' } };
  const preset = path.join(folder, 'preset.json');
  fs.writeFileSync(preset, JSON.stringify(searched('birds', 2, range).experiment));
  const command = ['strf', 'search', 'birds', '--preset', preset, '--manifest', manifest, '--out', folder];
  const run = (...more: string[]): ReturnType<typeof stmLabHere> =>
    stmLabHere(...command, '--tracking', 'disabled', ...more);
  const first = await run();
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /trial 1: complete \d\.\d{4} \{"training\.learningRate":/);
  const { code, err, out } = await run('--trials', '4');
  assert.equal(code, 0, err);
  assert.doesNotMatch(out, /trial 1:/);
  assert.match(
    out,
    /best development unweighted average recall \d\.\d{4} in trial \d; done; train it with --preset .*best\.json/,
  );
  const table = readCsv(path.join(folder, 'birds-search', 'trials.csv')).rows.map(({ value }) =>
    Number(value),
  );
  const { best: found } = await strfSearchStage(searched('birds', 4, range));
  assert.deepEqual([table.length, found.value], [4, Math.max(...table)]);
  const { birds, speaker } = readStrfExperiment(path.join(folder, 'birds-search', 'best.json'));
  assert.equal(birds.training.learningRate, found.values['training.learningRate']);
  assert.deepEqual([birds.training.epoch, birds.search], ['best', undefined]);
  assert.deepEqual(speaker, tiny.speaker);

  const real = (min: number, max: number): object => ({ type: 'float', min, max });
  const refused = (space: object, sentence: RegExp): Promise<void> =>
    assert.rejects(strfSearchStage(searched('birds', 4, space)), sentence);
  await refused(
    { 'training.learningrate': real(0.1, 1) },
    /"training\.learningrate" is not a setting of task birds in preset small that can be searched; did you mean "training\.learningRate"\? It has .*recurrent/,
  );
  await refused({ 'strf.filters': { type: 'int', min: 1, max: 2 } }, /"strf\.filters" is not a setting/);
  await refused({ seeds: { type: 'int', min: 1, max: 2 } }, /"seeds" is not a setting/);
  await refused(
    { frames: { type: 'int', min: 0, max: 9 } },
    /"frames" as 0: frames is 0; it must be a whole/,
  );
  await refused(
    { 'training.steps': { type: 'categorical', choices: ['many'] } },
    /"training\.steps" cannot be "many": the preset has 24 there/,
  );
  await refused(
    { 'training.batch': { type: 'int', min: 2, max: 4 } },
    /holds a search with other settings: /,
  );
  await assert.rejects(
    strfSearchStage({ ...searched('birds', 1), experiment: tiny, out: path.join(folder, 'none') }),
    /preset small, birds: has no "search"/,
  );
  const wrong = await stmLabHere('strf', 'search', 'whales');
  assert.match(
    wrong.err,
    /"search whales" must be one of speaker, speech, birds, urban, filters, or "search" with a task/,
  );
});
