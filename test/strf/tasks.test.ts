import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeWav } from 'stm-lab/dist/audio';
import type { StrfExperiment } from 'stm-lab/dist/strf/stage/experiment';
import { loadEngine } from 'stm-lab/dist/engine';
import { createStrfLayer } from 'stm-lab/dist/strf';
import { prepareStrfTask, strfScoreTable, strfTaskStage } from 'stm-lab/dist/pipeline';
import { parseRttm } from 'stm-lab/dist/corpus';
import { type CellOutcome, type StrfTaskName, type trainStrf } from 'stm-lab/dist/strf';
import { beating, calls, digits, folder, scenes, speech, tiny } from './taskSounds';
import { replaced } from '../replaced';

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
