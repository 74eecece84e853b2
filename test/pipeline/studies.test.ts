import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { sha256File } from 'research-basics/files';
import { randomState } from 'research-basics/random/mt19937';
import { loadEngine } from 'stm-lab/dist/engine';
import { poolExcerpts } from 'stm-lab/dist/features';
import { modulationToFeatures } from 'stm-lab/dist/features/stm/modulation';
import { readManifest } from 'stm-lab/dist/corpus';
import type { IndexRow, StudyStageOptions } from 'stm-lab/dist/pipeline';
import { readStudies, studyStage } from 'stm-lab/dist/pipeline/studies';
import { featureScale, SOUND_RATE, surviving, whatSurvives } from 'stm-lab/dist/pipeline/studies/averaging';
import { studyDivisions, type Division } from 'stm-lab/dist/pipeline/studies/divisions';
import { excerptCounts } from 'stm-lab/dist/pipeline/studies/excerptCount';
import { learningCurves, shareOfGroups } from 'stm-lab/dist/pipeline/studies/learningCurve';
import { loudestWindows, shortSounds } from 'stm-lab/dist/pipeline/studies/duration';
import { excerptOrder, shuffledExcerpts } from 'stm-lab/dist/pipeline/studies/order';
import { stmLabHere, temporaryFolder, tinyCorpus, tinyExperiment } from './support';

const design = { folds: 3, draws: 1, resamples: 100, components: 20 };

test('learning curves find the planted crossing, and say when there is none', () => {
  const sizes = [20, 40, 80, 160, 320];
  const groups = Int32Array.from({ length: 1200 }, (_, row) => row >> 1);
  const labels = groups.map((group) => group & 1);
  const division = { name: 'by group', labels, groups, classes: ['a', 'b'] } as unknown as Division;
  // Each row is wrong where its luck is below the planted error.
  const predictionsOf = (error: (size: number) => number): Float32Array[][] =>
    sizes.map((size) =>
      [1, 2, 3, 4].map((draw) => {
        const random = randomState(100 * draw + 1);
        return Float32Array.from({ length: 2 * labels.length }, (_, i) => i).map((i) => {
          const wrong = i % 2 === 0 ? (luck = random.double()) < error(size) : luck < error(size);
          return Number((labels[i >> 1] === i % 2) !== wrong);
        });
      }),
    );
  let luck = 0;
  const curves = learningCurves({
    systems: ['quick', 'slow', 'worse'],
    shares: [0.0625, 0.125, 0.25, 0.5, 1],
    resamples: 100,
    divisions: [
      {
        division,
        sizes,
        predictions: [
          predictionsOf((n) => 0.25 + 0.1 * (n / 20) ** -2),
          // Equal at 80 recordings.
          predictionsOf((n) => 0.5125 * (n / 20) ** -0.5),
          predictionsOf((n) => 0.45 + 0.3 * (n / 20) ** -1),
        ],
      },
    ],
  });
  const [, slow, worse] = curves.verdict;
  const [, found, low, high] = /cross at (\d+) training recordings \[(\d+), (\d+)\]/.exec(slow!)!.map(Number);
  assert.ok(found! > 50 && found! < 120 && low! <= 80 && high! >= 80, slow);
  assert.match(slow!, /widens/);
  assert.match(worse!, /do not cross/);
  assert.equal(curves.rows.length, 15);
  assert.ok(Math.abs(Number(curves.rows[4]!['macro-F1']) - 0.75) < 0.04);
});

test('a share of the groups lies within a larger share and keeps every class', () => {
  const groups = Int32Array.from({ length: 60 }, (_, row) => row % 20);
  const y = groups.map((group) => group % 3);
  const rows = Int32Array.from(groups.keys()).filter((row) => row % 20 !== 7);
  const taken = [0.01, 0.25, 0.5, 1].map((share) => [...shareOfGroups(rows, groups, y, share, 3)]);
  taken.slice(1).forEach((larger, i) => assert.ok(taken[i]!.every((row) => larger.includes(row))));
  assert.deepEqual(taken[3], [...rows]);
  assert.deepEqual([...new Set(taken[0]!.map((row) => y[row]))].sort(), [0, 1, 2]);
  assert.equal(taken[0]!.length, 9);
  assert.notDeepEqual(taken[1], [...shareOfGroups(rows, groups, y, 0.25, 4)]);
});

test('published features tell cut recordings from whole ones, features unbiased for the count do not', async () => {
  // Spectra of noise: exponential magnitudes, a class louder in one half of its cells.
  const [recordings, columns] = [60, 200];
  const random = randomState(5);
  const index: IndexRow[] = [];
  const spectra: Float64Array[][] = [];
  for (let r = 0; r < recordings; r++) {
    const excerpts = 12 + (r % 5);
    const label = r % 2 === 0 ? 'low' : 'high';
    index.push({
      ...{ path: `${r}.wav`, label, group: `g${r >> 1}`, collection: `c${r % 10}` },
      ...{ excerpts, analysedSeconds: 4 * excerpts },
    });
    spectra.push(
      Array.from({ length: excerpts }, () =>
        Float64Array.from({ length: columns }, (_, j) => {
          const louder = j < columns / 2 === (label === 'low') ? 1.3 : 1;
          return louder * (0.001 - Math.log(1 - random.double()));
        }),
      ),
    );
  }
  const meanOf = (own: readonly Float64Array[]): Float64Array =>
    own[0]!.map((_, j) => own.reduce((sum, one) => sum + one[j]! / own.length, 0));
  const published = (most: number): Float32Array =>
    Float32Array.from(spectra.flatMap((own) => [...modulationToFeatures(meanOf(own.slice(0, most)))]));
  const unbiased = (most: number): Float32Array =>
    poolExcerpts(
      Float32Array.from(
        spectra.flatMap((own) => own.slice(0, most).flatMap((one) => [...modulationToFeatures(one)])),
      ),
      columns,
      Int32Array.from(spectra, ({ length }) => Math.min(length, most)),
      'unbiased',
    );
  const folder = temporaryFolder('studies-count');
  const divide = (rows: readonly IndexRow[]): Division[] => studyDivisions(rows, design, { folder });
  const { rows, verdict } = await excerptCounts({
    ...{ engine: await loadEngine(), recordings: index, design, divisions: divide(index) },
    features: [
      { name: 'published', columns, C: 0.1, whole: published(99), cut: new Map([[1, published(1)]]) },
      { name: 'unbiased', columns, C: 0.1, whole: unbiased(99), cut: new Map([[1, unbiased(1)]]) },
    ],
    count: {
      ...{ name: 'number of excerpts alone', columns: 1, C: 0.1, cut: new Map() },
      whole: Float32Array.from(index, ({ excerpts }) => excerpts),
    },
    divide: (own) => divide(own)[0]!,
  });
  const value = (measure: string, features: string, excerpts: string): number =>
    Number(
      rows.find(
        (row) => row['measure'] === measure && row['features'] === features && row['excerpts'] === excerpts,
      )!['value'],
    );
  assert.ok(value('cut against whole', 'published', '1') > 0.8);
  const told = value('cut against whole', 'unbiased', '1');
  assert.ok(told > 0.3 && told < 0.7, `${told}`);
  assert.match(
    verdict[0]!,
    /60 recordings whole: published .* \(beyond chance\); unbiased .* \(not beyond chance\)/,
  );
  for (const division of ['by group', 'by collection']) {
    assert.ok(value(`macro-F1, ${division}`, 'unbiased', 'all') > 0.9);
    assert.ok(value(`macro-F1, ${division}`, 'number of excerpts alone', 'all') < 0.75);
  }
});

test('order adds what a recurrent model hears in a planted order, and nothing once excerpts are shuffled', async () => {
  // The same values in every recording, rising in one class and falling in the other; beside them noise.
  const [recordings, columns] = [60, 4];
  const random = randomState(9);
  const counts = Int32Array.from({ length: recordings }, (_, r) => 4 + (r % 3));
  const index = Array.from(counts, (excerpts, r): IndexRow => {
    const label = r % 2 === 0 ? 'rising' : 'falling';
    return { path: `${r}.wav`, label, group: `g${r >> 1}`, excerpts, analysedSeconds: 4 * excerpts };
  });
  const vectors = Float32Array.from(
    index.flatMap(({ label, excerpts }) =>
      Array.from({ length: excerpts }, (_, e) => {
        const place = e / (excerpts - 1) - 0.5;
        return [label === 'rising' ? place : -place, ...[1, 2, 3].map(() => 0.3 * random.normal())];
      }).flat(),
    ),
  );
  const { order } = readStudies('small');
  const fit = { ...order.attention.fit, epochs: 5 };
  const settings = { ...order, ...design, inputs: 4, attention: { ...order.attention, fit } };
  const { rows, verdict } = await excerptOrder({
    ...{ engine: await loadEngine(), vectors, columns, counts, C: 1, settings },
    divisions: studyDivisions(index, settings, { folder: temporaryFolder('studies-order') }),
  });
  const score = (model: string): number => Number(rows.find((row) => row['model'] === model)!['macro-F1']);
  assert.ok(score('recurrent') > 0.9, `${score('recurrent')}`);
  for (const model of ['mean', 'statistics', 'attention', 'recurrent, excerpts shuffled'])
    assert.ok(score(model) < 0.75, `${model} ${score(model)}`);
  assert.match(verdict[0]!, /^Order of excerpts, by group: it adds 0\.\d+/);
  // Models that cannot hear order give the same for shuffled excerpts.
  const shuffled = shuffledExcerpts(vectors, columns, counts, 2);
  const statistics = poolExcerpts(vectors, columns, counts, 'statistics');
  assert.notDeepEqual(shuffled, vectors);
  poolExcerpts(shuffled, columns, counts, 'statistics').forEach((value, i) =>
    assert.ok(Math.abs(value - statistics[i]!) < 1e-6),
  );
});

test('a window is the loudest one and lies in the next longer one; the verdict names the planted shortest window', async () => {
  const sound = Float32Array.from({ length: 1000 }, (_, n) => (n >= 700 && n < 750 ? 1 : 0.01));
  const windows = loudestWindows(sound, [50, 200, 1000, 1200]);
  assert.deepEqual(
    windows.map(({ length }) => length),
    [50, 200, 1000, 1200],
  );
  for (const own of windows) assert.equal(own.filter((value) => value === 1).length, 50);
  assert.ok(windows[3]!.slice(1000).every((value) => value === 0));

  // The class is in the features from 1 s on.
  const recordings = 40;
  const random = randomState(2);
  const index = Array.from({ length: recordings }, (_, r): IndexRow => {
    const common = { group: `g${r >> 1}`, excerpts: 1, analysedSeconds: 4 };
    return { path: `${r}.wav`, label: ['a', 'b'][r % 2]!, ...common };
  });
  const planted = (from: number): Float32Array[] =>
    [0.25, 0.5, 1, 2, 4].map((window) =>
      Float32Array.from({ length: 2 * recordings }, (_, i) =>
        i % 2 === 0 && window >= from ? 4 * ((i >> 1) % 2) + 0.3 * random.normal() : random.normal(),
      ),
    );
  const [stm, mel] = readStudies('small').systems;
  const settings = { ...design, windows: [0.25, 0.5, 1, 2, 4], searched: 4 };
  const { verdict } = await shortSounds({
    ...{
      engine: await loadEngine(),
      systems: [stm!, mel!].map((one) => ({ ...one, C: 1 })),
      settings,
      recordings,
    },
    features: [planted(1), planted(0)],
    divisions: studyDivisions(index, settings, { folder: temporaryFolder('studies-duration') }),
  });
  assert.match(verdict[0]!, /by group, STM: .* loses nothing beyond chance is 1 s\.$/);
  assert.match(verdict[1]!, /by group, mel: .* loses nothing beyond chance is 0\.25 s\.$/);
});

test('averaging two equal excerpts changes nothing, and the verdict says what is lost', async () => {
  const random = randomState(4);
  const excerpt = Float32Array.from(
    { length: 4 * SOUND_RATE },
    (_, n) => 0.1 * (1.1 + Math.sin((2 * Math.PI * 4 * n) / SOUND_RATE)) * random.normal(),
  );
  const sound = new Float32Array(2 * excerpt.length);
  sound.set(excerpt);
  sound.set(excerpt, excerpt.length);
  const settings = { recordings: 2, excerpts: 2, iterations: 2, resamples: 20 };
  const found = await surviving(sound, settings, await featureScale(sound, settings));
  const one = found['modulation spectrum of one excerpt'];
  const average = found['averaged modulation spectrum'];
  assert.ok(
    Math.abs(one.changed - average.changed) < 1e-3 && Math.abs(one.correlation - average.correlation) < 1e-3,
  );
  // Its own scale stands in here: nothing but rounding is lost on the way through the features.
  assert.ok(Math.abs(found['published features'].changed - average.changed) < 0.05);
  assert.ok(found['cochleagram, noise phases'].correlation > one.correlation + 0.2);
  const { verdict } = whatSurvives([found, found], settings);
  assert.match(verdict[2]!, /one excerpt: when and where things happen is lost/);
});

test('a study is computed once, tracked, and the same after an interruption', async () => {
  const folder = temporaryFolder('studies');
  const manifest = tinyCorpus(path.join(folder, 'corpus'), { groups: 3, takes: 1 });
  const preset = path.join(folder, 'tiny-studies.json');
  const small = readStudies('small');
  fs.writeFileSync(
    preset,
    JSON.stringify({
      ...{
        ...small,
        name: 'tiny',
        systems: [small.systems[0]!, { ...small.systems[0]!, name: 'mild', C: 1 }],
      },
      'learning-curve': { ...design, folds: 2, shares: [0.25, 0.5, 1] },
    }),
  );
  const experiment = process.env.STM_LAB_PRESET;
  process.env.STM_LAB_PRESET = tinyExperiment(folder);
  const run = (study: string, results: string): ReturnType<typeof stmLabHere> =>
    stmLabHere(
      'study',
      study,
      '--manifest',
      manifest,
      '--preset',
      preset,
      '--results',
      results,
      '--tracking',
      'offline',
    );
  const results = path.join(folder, 'results');
  try {
    const first = await run('learning-curve', results);
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /by group, mild: macro-F1 .* its difference from STM is/);
    const out = path.join(results, 'corpus', 'studies', 'learning-curve-tiny');
    assert.deepEqual(fs.readdirSync(out).sort(), [
      'learning-curve.svg',
      'learning-curve.vl.json',
      'scores.csv',
      'stage.json',
      'study.json',
    ]);
    const hash = sha256File(path.join(out, 'study.json'));
    assert.match((await run('learning-curve', results)).out, /reused from an earlier run/);
    // Stopped after three folds and started again, without tracking.
    const again = path.join(folder, 'again');
    const folderOf = (key: string): string => path.join(results, 'corpus', `features-${key}`);
    const stop = new AbortController();
    let parts = 0;
    const request: StudyStageOptions = {
      ...{ study: 'learning-curve' as const, studies: readStudies(preset), manifest: readManifest(manifest) },
      ...{ out: again, folderOf, workers: 1 },
    };
    await assert.rejects(
      studyStage(request, {
        signal: stop.signal,
        progress: () => void (fs.existsSync(path.join(again, 'folds')) && ++parts === 3 && stop.abort()),
      }),
      /stopped on request/,
    );
    const kept = fs.readdirSync(path.join(again, 'folds'), { recursive: true, encoding: 'utf8' });
    assert.equal(kept.filter((name) => name.endsWith('.npy')).length, 3);
    await studyStage(request);
    assert.equal(sha256File(path.join(again, 'study.json')), hash);
    const journals = path.join(results, 'corpus', 'tracking');
    const text = fs
      .readdirSync(journals, { recursive: true, encoding: 'utf8' })
      .filter((name) => fs.statSync(path.join(journals, name)).isFile())
      .map((name) => fs.readFileSync(path.join(journals, name), 'utf8'))
      .join('\n');
    assert.match(text, /study learning-curve/);
    assert.match(text, /by group macro-F1\/mild_low/);
    assert.match((await run('learning', results)).err, /must be one of learning-curve, /);
  } finally {
    if (experiment === undefined) delete process.env.STM_LAB_PRESET;
    else process.env.STM_LAB_PRESET = experiment;
  }
});
