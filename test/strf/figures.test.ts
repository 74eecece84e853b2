import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { writeJson } from 'research-basics/files';
import { deriveSeed } from 'research-basics/random/seeds';
import { renderSvg } from 'stm-lab/dist/figures';
import {
  bankDistances,
  describeTasks,
  driftRows,
  learnedTasks,
  publishedShares,
  strfFigures,
  strfFiguresStage,
  taskDistances,
  type TaskDistance,
  type StrfFilterHistory,
  type StrfTaskRecord,
} from 'stm-lab/dist/pipeline';
import { commonGrid } from 'stm-lab/dist/strf/stage/distances';
import { recordsAt } from 'stm-lab/dist/strf/stage/analysis';
import { profileFigures } from 'stm-lab/dist/strf/stage/profileFigures';
import { initialFilters } from 'stm-lab/dist/strf';
import { close } from './fixtures';

const results = fs.mkdtempSync(path.join(os.tmpdir(), 'strf-figures-'));
after(() => fs.rmSync(results, { recursive: true }));

/** Made-up histories: carriers of one task halve, those of the other stay. */
for (const [task, factor] of [
  ['speaker', 0.5],
  ['speech', 1],
] as const) {
  const history = (seed: number): StrfFilterHistory => {
    const start = initialFilters(16, { seed: deriveSeed(seed, task) });
    return {
      condition: 'learn l2',
      seed,
      records: [0, 10, 20].map((step, i) => ({
        step,
        loss: 1 - i / 4,
        clamped: 0,
        weights: start.map((_, k) => (k + 1) / 16),
        filters: start.map((filter) => ({
          ...filter,
          carrier: filter.carrier * (1 + ((factor - 1) * i) / 2),
        })),
      })),
    };
  };
  const interval = { value: 0.8, low: 0.7, high: 0.9 };
  const record: StrfTaskRecord = {
    task,
    units: { frameRate: 100, bandsPerOctave: 7, shape: { frequencyTaps: 9, timeTaps: 31 } },
    measures: [{ name: 'accuracy', title: 'accuracy', better: 'higher' }],
    remarks: [],
    baselines: {},
    conditions: [
      { condition: 'learn l2', scores: { accuracy: interval }, spread: { accuracy: 0 }, seeds: [] },
    ],
  };
  writeJson(path.join(results, task, 'results.json'), record);
  writeJson(path.join(results, task, 'filters.json'), [
    history(1),
    history(2),
    { ...history(3), condition: 'free' },
  ]);
}

test('banks before and after: halved carriers halve the median rate and raise the low-pass share', () => {
  const tasks = learnedTasks(results);
  assert.deepEqual(
    tasks.map(({ task, histories }) => [task, histories.length]),
    [
      ['speaker', 2],
      ['speech', 2],
    ],
  );
  const [before, afterwards, same, still] = describeTasks(tasks);
  close(afterwards!.medianRateHz, before!.medianRateHz / 2, 1e-9);
  assert.ok(afterwards!.lowPass > before!.lowPass);
  assert.deepEqual({ ...still, when: '' }, { ...same, when: '' });
  const drift = driftRows(tasks[0]!);
  assert.equal(drift.length, 9);
  assert.equal(drift[1]!.median, 0);
  assert.ok(drift[7]!.median > drift[4]!.median && drift[4]!.median > 0);
  // The second training stopped at its second record, which is the one that is scored, with half its sigmas on a bound.
  const [whole, other] = tasks[0]!.histories;
  const clamped = {
    ...other!.records[1]!,
    chosen: true as const,
    clamped: other!.records[1]!.filters.length,
  };
  const stopped = { ...other!, records: [other!.records[0]!, clamped] };
  const uneven = { ...tasks[0]!, histories: [whole!, stopped] };
  assert.deepEqual(recordsAt(uneven, 'learned'), [whole!.records.at(-1), clamped]);
  const rows = driftRows(uneven);
  assert.deepEqual(
    rows.filter(({ measure }) => measure === 'sigmas on a bound (%)').map(({ median }) => median),
    [0, 25, 0],
  );
  const alone = driftRows({ ...uneven, histories: [whole!] });
  assert.deepEqual(rows.slice(6), alone.slice(6));
});

test('distances: each pair, each task with itself and with its start; what moved is farther', () => {
  const distances = taskDistances(learnedTasks(results));
  const of = (first: string, second: string): TaskDistance =>
    distances.find((entry) => entry.first === first && entry.second === second)!;
  assert.equal(distances.length, 5);
  assert.ok(of('speaker start', 'speaker').z > of('speech start', 'speech').z);
  assert.ok(distances.every(({ distance }) => distance >= 0 && distance <= 1));
  assert.ok(of('speaker start', 'speaker').wassersteinZ > of('speech start', 'speech').wassersteinZ + 1);
  assert.ok(distances.every(({ wasserstein }) => wasserstein > 0));
});

test('distances of banks: tasks that share seeds are compared across seeds alone', () => {
  const { banks, distances } = bankDistances(learnedTasks(results))!;
  assert.deepEqual(
    banks.map(({ task, seed }) => `${task} ${seed}`),
    ['speaker 1', 'speaker 2', 'speech 1', 'speech 2'],
  );
  for (let i = 0; i < 4; i++) {
    assert.equal(distances[i]![i], 0);
    for (let j = 0; j < 4; j++) close(distances[i]![j]!, distances[j]![i]!, 1e-12);
  }
  // Seeds 1 and 1, 2 and 2: what 1 and 2 give.
  close(distances[0]![2]!, (distances[0]![3]! + distances[1]![2]!) / 2, 1e-12);
  close(distances[1]![3]!, distances[0]![2]!, 1e-12);
  const single = learnedTasks(results).map((task) => ({ ...task, histories: task.histories.slice(0, 1) }));
  assert.equal(bankDistances(single), undefined);
});

test('shares within published ranges: halved rates bring filters below 12 Hz, an untrained bank stays', () => {
  const rows = publishedShares(learnedTasks(results));
  assert.equal(rows.length, 6);
  const [understood] = rows;
  assert.ok(understood!.learned >= understood!.start && understood!.start > 0);
  assert.ok(rows[1]!.start !== rows[1]!.learned);
  for (const { start, learned } of rows.slice(3)) assert.equal(learned, start);
});

test('every figure renders, with its axes and the note', async () => {
  const figures = strfFigures(learnedTasks(results), 'made-up filters');
  assert.deepEqual(
    [...figures.keys()],
    [
      ...['speaker', 'speech'].flatMap((task) =>
        ['gallery', 'density', 'transfer', 'scores'].map((name) => `${task}-${name}`),
      ),
      'paths',
      'drift',
      'marginals',
      'displacements',
      'distances',
      'distances-wasserstein',
      'map',
      'published',
    ],
  );
  for (const [name, figure] of figures) {
    const svg = await renderSvg(figure);
    assert.match(svg, /made-up filters/, name);
    assert.doesNotMatch(svg, /NaN|undefined/, name);
  }
  assert.match(await renderSvg(figures.get('paths')!), /Rate \(Hz\)/);
  assert.match(await renderSvg(figures.get('speaker-gallery')!), /cyc\/oct/);
});

test('the stage writes figures and tables; a folder without learned filters is named', async () => {
  const files = await strfFiguresStage({ results, out: path.join(results, 'drawn') });
  assert.ok(files.every((file) => fs.statSync(file).size > 0));
  const published = fs.readFileSync(path.join(results, 'drawn', 'published.csv'), 'utf8');
  assert.match(published, /^task,range,source,start,learned\nspeaker,needed to understand speech,Elliott/);
  assert.match(
    fs.readFileSync(path.join(results, 'drawn', 'distances.csv'), 'utf8'),
    /^first,second,distance,z,wasserstein,wassersteinZ/,
  );
  const banks = fs.readFileSync(path.join(results, 'drawn', 'banks.csv'), 'utf8');
  assert.match(banks, /^task,when,lowPass,asymmetry/);
  await assert.rejects(strfFiguresStage({ results: os.tmpdir() }), /no task has learned filters/);
  await assert.rejects(strfFiguresStage({ results, condition: 'learn area' }), /"learn area"/);
});

test('profiles: densities hold all filters; filters that stayed are all in the first step', () => {
  const tasks = learnedTasks(results);
  const figures = profileFigures(tasks, commonGrid(tasks), {});
  type View = { title: { text: string }; layer: { data: { values: Record<string, number | string>[] } }[] };
  const curvesOf = (name: string): { title: string; points: Record<string, number | string>[] }[] =>
    (figures.get(name)!['concat'] as View[]).map(({ title, layer }) => ({
      title: title.text,
      points: layer[0]!.data.values,
    }));
  for (const { points } of curvesOf('marginals'))
    for (const name of ['as drawn', 'start', 'learned']) {
      const own = points.filter((point) => point['name'] === name);
      const step = Number(own[1]!['x']) - Number(own[0]!['x']);
      close(
        own.reduce((sum, point) => sum + Number(point['y']) * step, 0),
        1,
        0.01,
      );
    }
  for (const { points } of curvesOf('displacements')) {
    const of = (task: string): number[] =>
      points.filter((point) => point['name'] === task).map((point) => Number(point['y']));
    assert.deepEqual(of('speech').slice(0, 2), [1, 0]);
    assert.ok(of('speaker')[0]! < 1);
    close(
      of('speaker')
        .slice(0, -1)
        .reduce((a, b) => a + b, 0),
      1,
      1e-3,
    );
  }
});
