import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { loadEngine } from 'stm-lab/dist/engine';
import { readStrfExperiment, strfTaskStage, type StrfExperiment } from 'stm-lab/dist/pipeline';
import { readSonycFolder } from 'stm-lab/dist/corpus';
import { familyPrecisionRecall, prepareUrban } from 'stm-lab/dist/strf';
import { mixedAndMasked } from 'stm-lab/dist/strf/tasks/augment';
import { sceneScorer } from 'stm-lab/dist/strf/tasks/sceneScores';
import { scenesOfSonyc } from 'stm-lab/dist/strf/tasks/scenes';
import { close } from './fixtures';
import { annotationTable, COARSE, FINE, writeSonycTree, type Annotation } from './sonycTree';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-sonyc-'));
after(() => fs.rmSync(folder, { recursive: true }));

const RATE = 8000;
const state = randomState(7);

/** Engines hum low, alerts whistle high, both over faint noise; the rest cannot be heard. */
function streetSound(present: readonly string[]): { samples: Float32Array; rate: number } {
  const has = (tag: string): number => (present.includes(tag) ? 1 : 0);
  return {
    rate: RATE,
    samples: Float32Array.from(
      { length: RATE / 2 },
      (_, i) =>
        0.01 * state.normal() +
        0.3 * has('1_engine') * Math.sin((2 * Math.PI * 300 * i) / RATE) +
        0.3 * has('5_alert-signal') * Math.sin((2 * Math.PI * 2500 * i) / RATE),
    ),
  };
}

const line = (
  [split, sensor, file, annotator]: [string, number, string, number],
  present: readonly string[] = [],
  notAsked: readonly string[] = [],
): Annotation => ({ split, sensor, file, annotator, present, notAsked });

const small = path.join(folder, 'small');
writeSonycTree(
  small,
  [
    line(['train', 3, '03_000001.wav', 31], ['1_engine', '1-1_small-sounding-engine']),
    line(['train', 3, '03_000001.wav', 32], ['1_engine', '1-X_engine-of-uncertain-size']),
    line(['train', 3, '03_000001.wav', -2], ['8_dog', '8-1_dog-barking-whining']),
    line(['train', 4, '04_000002.wav', 31], ['7_human-voice'], ['8_dog', '8-1_dog-barking-whining']),
    line(['train', 4, '04_000003.wav', -2], ['7_human-voice']),
    line(['validate', 5, '05_000004.wav', 31], ['6_music']),
    line(['validate', 5, '05_000004.wav', 0], ['5_alert-signal', '5-3_siren']),
    line(['validate', 5, '05_000005.wav', 31], ['6_music']),
    line(['test', 9, '09_000006.wav', 0], ['1_engine', '1-2_medium-sounding-engine']),
    line(['test', 9, '09_000007.wav', 0], ['2_machinery-impact', '2-X_other-unknown-impact-machinery']),
    line(['test', 9, '09_000008.wav', 0]),
  ],
  (file) => (file === '09_000008.wav' ? undefined : streetSound([])),
);

test('the table as published: who counts in which part, what is not known, what is left out', () => {
  const { tags, recordings, unverified, missing } = readSonycFolder(small);
  assert.deepEqual(
    tags.map(({ name }) => name),
    [...COARSE, ...FINE.filter((name) => !name.includes('-X_'))],
  );
  assert.deepEqual([unverified, missing], [2, 1]);
  assert.deepEqual(
    recordings.map(({ file, part, group }) => [path.relative(small, file), part, group]),
    [
      ['audio/03_000001.wav', 'train', '3'],
      ['audio/04_000002.wav', 'train', '4'],
      ['audio/05_000004.wav', 'validate', '5'],
      ['audio-eval-0/09_000006.wav', 'test', '9'],
      ['audio-eval-0/09_000007.wav', 'test', '9'],
    ].map(([file, ...rest]) => [path.join(...file!.split('/')), ...rest]),
  );
  const of = (row: number, value: number): string[] =>
    tags.flatMap(({ name }, t) => (recordings[row]!.targets[t] === value ? [name] : []));
  // Any volunteer; the team member's dog does not count. Sizes that nobody named are not known.
  assert.deepEqual(of(0, 1), ['1_engine', '1-1_small-sounding-engine']);
  assert.deepEqual(of(0, -1), ['1-2_medium-sounding-engine', '1-3_large-sounding-engine']);
  assert.deepEqual(recordings[0]!.incomplete, ['1']);
  assert.deepEqual(of(1, -1), ['8_dog', '8-1_dog-barking-whining']);
  // The verified annotation alone.
  assert.deepEqual(of(2, 1), ['5_alert-signal', '5-3_siren']);
  assert.deepEqual(of(4, -1), ['2-1_rock-drill', '2-2_jackhammer', '2-3_hoe-ram', '2-4_pile-driver']);
});

test('what cannot be read is named with its line', () => {
  const broken = path.join(folder, 'broken');
  fs.mkdirSync(broken);
  const write = (annotations: readonly Annotation[], change = (text: string): string => text): void =>
    fs.writeFileSync(path.join(broken, 'annotations.csv'), change(annotationTable(annotations)));
  const good = line(['train', 3, 'a.wav', 31], ['1_engine']);
  write([good]);
  assert.throws(() => readSonycFolder(broken), /holds none of the 1 recordings .* unpack/);
  write([good, { ...good, split: 'eval' }]);
  assert.throws(() => readSonycFolder(broken), /line 3: split is "eval"; it must be one of train, validate/);
  write([good, { ...good, split: 'test' }]);
  assert.throws(() => readSonycFolder(broken), /line 3: a\.wav is in "test", and in "train"/);
  write([good], (text) => text.replace(',31,', ',somebody,'));
  assert.throws(() => readSonycFolder(broken), /line 2: annotator_id "somebody" is not a whole number/);
  write([good], (text) => text.replace(/,1,(0,0,0,0,0,0,0)\n/, ',2,$1\n'));
  assert.throws(() => readSonycFolder(broken), /line 2: 1_engine_presence is "2"; it must be 1, 0 or -1/);
  write([good], (text) => text.replace('sensor_id', 'sensor'));
  assert.throws(() => readSonycFolder(broken), /lacks the column "sensor_id"/);
  write([good], (text) => text.replaceAll('_presence', ''));
  assert.throws(() => readSonycFolder(broken), /has no columns such as "1_engine_presence"/);
  assert.throws(() => scenesOfSonyc(path.join(folder, 'small', 'audio'), 'both'), /annotations\.csv/);
});

test('levels: coarse, fine or both; parts become one round; a part without recordings is named', () => {
  assert.deepEqual(
    (['coarse', 'fine', 'both'] as const).map((levels) => scenesOfSonyc(small, levels).tags.length),
    [8, 23, 31],
  );
  const set = scenesOfSonyc(small, 'coarse');
  assert.deepEqual(set.rounds, [{ train: [0, 1], development: [2], test: [3, 4] }]);
  assert.deepEqual([...set.groups], [0, 1, 2, 3, 3]);
  assert.match(
    set.remarks[0]!,
    /2 recordings to train on, 1 to validate, 2 to test, of 4 sensors; left out: 2 .*, 1 not/,
  );
  const half = path.join(folder, 'half');
  writeSonycTree(half, [line(['train', 3, 'a.wav', 31])], () => streetSound([]));
  assert.throws(() => scenesOfSonyc(half, 'both'), /no annotated test recordings/);
});

test('scores by hand: unknown decisions count nowhere, tags without positives are passed over', () => {
  const set = scenesOfSonyc(small, 'both');
  const judge = sceneScorer(set, set.rounds[0]!.test);
  const score = (of: (tag: string, recording: number) => number): Record<string, number> =>
    judge.statistic(
      Float32Array.from({ length: 2 * 31 }, (_, i) => of(set.tags[i % 31]!.name, Math.floor(i / 31))),
    )(new Float64Array([1, 1]));
  // Right in everything; the rock drill of the recording with an unknown machine cannot be wrong.
  const right = score((tag, recording) => {
    if (tag === '2-1_rock-drill') return recording === 1 ? 1 : 0;
    return set.targets[(recording + 3) * 31 + set.tags.findIndex(({ name }) => name === tag)] === 1
      ? 0.9
      : 0.1;
  });
  for (const { name } of judge.measures) close(right[name]!, 1, 1e-12);
  // All alike: precision is how often tags are present: coarse 2 of 16, fine 1 of 42 that are known.
  const alike = score(() => 0.5);
  close(alike['coarseMap']!, 1 / 2, 1e-12);
  close(alike['coarseMicro']!, (1 + 2 / 16) / 2, 1e-12);
  close(alike['fineMicro']!, (1 + 1 / 42) / 2, 1e-12);
  const chance = judge.baselines['chance']!;
  close(chance['coarseAuprc']!, 1 / 2, 1e-12);
  close(chance['coarseMicro']!, 2 / 16, 1e-12);
  close(chance['fineMicro']!, 1 / 42, 1e-12);
});

/** The challenge's counts at one threshold, from their definition. */
function countsAt(
  threshold: number,
  scores: readonly number[][],
  truth: readonly number[][],
  incomplete: readonly number[],
): { hits: number; alarms: number; misses: number } {
  let [hits, alarms, misses] = [0, 0, 0];
  scores.forEach((row, r) => {
    const predicted = row.map((score) => score >= threshold);
    const rightTags = row.filter((_, t) => predicted[t] && truth[r]![t] === 1).length;
    hits += rightTags;
    misses += row.filter((_, t) => !predicted[t] && truth[r]![t] === 1).length;
    if (incomplete[r] === 0) alarms += row.filter((_, t) => predicted[t] && truth[r]![t] === 0).length;
    else if (predicted.includes(true) && rightTags === 0) hits++;
    else if (!predicted.includes(true) && !truth[r]!.includes(1)) misses++;
  });
  return { hits, alarms, misses };
}

test('AUPRC by family: as counted threshold by threshold; weights are repetitions', () => {
  const draw = randomState(11);
  for (let trial = 0; trial < 20; trial++) {
    const scores = Array.from({ length: 12 }, () => [1, 2, 3].map(() => draw.interval(9) / 10));
    const incomplete = scores.map(() => (draw.double() < 0.4 ? 1 : 0));
    const truth = scores.map((row, r) =>
      row.map(() => (draw.double() < 0.3 ? 1 : incomplete[r] === 1 ? -1 : 0)),
    );
    const expected = (rows: readonly number[]): number => {
      const pick = <T>(all: readonly T[]): T[] => rows.map((r) => all[r]!);
      const thresholds = [...new Set(pick(scores).flat())].sort((a, b) => b - a);
      let [area, recall, precision] = [0, 0, 1];
      for (const threshold of thresholds) {
        const { hits, alarms, misses } = countsAt(threshold, pick(scores), pick(truth), pick(incomplete));
        const [r, p] = [hits / (hits + misses), hits / (hits + alarms)];
        area += ((r - recall) * (p + precision)) / 2;
        [recall, precision] = [r, p];
      }
      return area;
    };
    const flat = { scores: scores.flat(), truth: truth.flat(), incomplete };
    close(familyPrecisionRecall(flat), expected(scores.map((_, r) => r)), 1e-12);
    const weights = scores.map((_, r) => r % 3);
    const repeated = weights.flatMap((weight, r) => Array.from({ length: weight }, () => r));
    close(
      familyPrecisionRecall(flat, (r) => weights[r]!),
      expected(repeated),
      1e-12,
    );
  }
  assert.ok(Number.isNaN(familyPrecisionRecall({ scores: [1, 2], truth: [0, 0], incomplete: [0] })));
});

test('mixtures: shares of spectrograms and tags alike, unknown tags stay unknown, seeded by the update', async () => {
  const rows = 4;
  const source = {
    rows,
    batch: () => ({
      ...{ rows, bands: 8, frames: 30, targetSize: 3 },
      values: Float32Array.from({ length: rows * 240 }, (_, i) => Math.floor(i / 240) + 1),
      targets: Float32Array.from([1, 0, 1, 0, 1, -1, 1, 1, 0, 0, 0, 1]),
    }),
  };
  const of = async (seed: number, step: number): Promise<Float32Array[]> => {
    const { values, targets } = await mixedAndMasked(source, seed).batch(new Int32Array(rows), step);
    return [values, targets];
  };
  const [values, targets] = await of(1, 5);
  assert.deepEqual(await of(1, 5), [values, targets]);
  assert.notDeepEqual(await of(1, 6), [values, targets]);
  assert.notDeepEqual(await of(2, 5), [values, targets]);
  for (let row = 0; row < rows; row++) {
    const own = values!.subarray(row * 240, (row + 1) * 240);
    const other = ((row + 1) % rows) + 1;
    // Row 0: tag 1 is present in it and absent in the next, so its target is the share.
    const whole = own.find((value) => value > Math.min(row + 1, other) && value < Math.max(row + 1, other));
    assert.ok(whole !== undefined && own.some((value) => value !== whole));
    if (row === 0) close(targets![0]!, (other - whole) / (other - 1), 1e-5);
  }
  assert.deepEqual([targets![2], targets![5]], [-1, -1]);
});

/** A network that hears half a second at 8 kHz. */
function tinyUrban(changes: Partial<StrfExperiment['urban']> = {}): StrfExperiment {
  const small = readStrfExperiment('small');
  return {
    ...small,
    urban: {
      ...small.urban,
      frontEnd: {
        ...small.urban.frontEnd,
        sampleRate: RATE,
        window: 400,
        hop: 200,
        bands: 16,
        highestHz: 4000,
      },
      frames: 16,
      strf: { filters: 2, frequencyTaps: 5, timeTaps: 7 },
      blocks: [8],
      dense: 16,
      dropout: { block: 0, dense: 0 },
      training: { steps: 60, batch: 16, learningRate: 0.01, recordEvery: 30 },
      conditions: ['learn l2', 'pass'],
      seeds: 1,
      ...changes,
    },
  };
}

const street = path.join(folder, 'street');
writeSonycTree(
  street,
  Array.from({ length: 48 }, (_, i) => {
    const part = i < 32 ? 'train' : i < 38 ? 'validate' : 'test';
    const engine =
      i % 2 === 0
        ? ['1_engine', i % 4 === 0 ? '1-1_small-sounding-engine' : '1-X_engine-of-uncertain-size']
        : [];
    const alert = Math.floor(i / 2) % 2 === 0 ? ['5_alert-signal', '5-3_siren'] : [];
    return line([part, i % 12, `${i}_0.wav`, part === 'train' ? 5 : 0], [...engine, ...alert]);
  }),
  (_, present) => streetSound(present),
);

test('tags that can be heard are learned, both at a time; validation is scored apart', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const prepared = await prepareUrban(street, { ...tinyUrban().urban, tags: 'coarse' });
  assert.deepEqual(
    prepared.measures.map(({ name }) => name),
    ['coarseAuprc', 'coarseMicro', 'coarseMap'],
  );
  const { metrics, outputs } = await prepared.run(engine, { variant: 'learn', norm: 'l2' }, 1, {});
  assert.equal(outputs['probabilities']!.length, 10 * 8);
  assert.ok(metrics['coarseAuprc']! > 0.95, `AUPRC ${metrics['coarseAuprc']}`);
  assert.ok(metrics['development_coarseAuprc']! > 0.95);
  assert.ok(prepared.baselines['chance']!['coarseAuprc']! < 0.7);
  assert.equal(engine.tf.memory().numTensors, before);
});

test('the stage on all 31 tags: every measure with its interval, with mixtures too', async () => {
  const out = path.join(folder, 'out');
  const experiment = tinyUrban({
    training: { steps: 2, batch: 8, recordEvery: 1 },
    augment: 'mixup-stripes',
  });
  const summary = await strfTaskStage({ task: 'urban', source: street, out, experiment, resamples: 10 });
  assert.deepEqual(
    summary.measures.map(({ name }) => name),
    ['coarseAuprc', 'coarseMicro', 'coarseMap', 'fineAuprc', 'fineMicro', 'fineMap', 'fineFamilies'],
  );
  for (const { scores } of summary.conditions)
    for (const { name } of summary.measures) {
      const { value, low, high } = scores[name]!;
      assert.ok(low <= high && value > 0 && value <= 1, `${name} ${value} [${low}, ${high}]`);
    }
});
