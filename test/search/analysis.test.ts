import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  createStudy,
  historyRows,
  importances,
  parameterRows,
  reportRows,
  timelineRows,
} from 'bayesian-optimizer';
import type { Space, Study, Values } from 'bayesian-optimizer';
import { growTree, varianceShares } from '../../lib/bayesian-optimizer/dist/numerics/forest';

const space: Space = {
  lr: { type: 'float', min: 1e-4, max: 1, scale: 'log' },
  act: { type: 'categorical', choices: ['relu', 'tanh'] },
  slope: { type: 'float', min: 0, max: 1, when: { parameter: 'act', in: ['relu'] } },
  idle: { type: 'int', min: 1, max: 5 },
};

function run(objective: (v: Values) => number, trials: number): Study {
  const study = createStudy({ name: 'a', space, direction: 'maximize', sampler: 'sobol' });
  for (let i = 0; i < trials; i++) {
    const trial = study.ask()!;
    trial.report(0, i);
    study.tell(trial, i === 2 ? NaN : objective(trial.values));
  }
  return study;
}

test('history: the best so far rises, failed trials keep their place', () => {
  const rows = historyRows(run((v) => Number(v['lr']), 8).trials(), 'maximize');
  assert.equal(rows.length, 8);
  assert.equal(rows[2]!.value, undefined);
  assert.equal(rows[2]!.best, rows[1]!.best);
  rows.forEach(({ best, value }, i) => {
    assert.ok(value === undefined || best! >= value);
    assert.ok(i === 0 || best! >= rows[i - 1]!.best!);
  });
});

test('parameter, report and timeline rows hold what the trials hold', () => {
  const trials = run((v) => Number(v['lr']), 6).trials();
  const rows = parameterRows(trials, space);
  const complete = trials.filter((t) => t.state === 'complete');
  assert.equal(
    rows.length,
    complete.reduce((sum, t) => sum + Object.keys(t.values).length, 0),
  );
  const lr = rows.find((row) => row.parameter === 'lr')!;
  assert.ok(Math.abs(lr.position - (Math.log10(Number(lr.value)) + 4) / 4) < 1e-12);
  assert.deepEqual(reportRows(trials)[3], { trial: 3, state: 'complete', step: 0, value: 3 });
  const timeline = timelineRows(trials);
  assert.equal(timeline.length, 6);
  assert.ok(timeline.every(({ start, end }) => end >= start));
});

test('importances: an additive function gets the shares of its variances', () => {
  // var(a u) = a^2 / 12 for u uniform: 3 : 1 in slope is 9 : 1 in variance.
  const random = randomState(2);
  const x = Array.from({ length: 400 }, () => random.uniform(0, 1, 3));
  const y = x.map((row) => 3 * row[0]! + row[1]!);
  const sums = [0, 0, 0];
  for (let i = 0; i < 16; i++) varianceShares(growTree(x, y, random)).forEach((s, k) => (sums[k]! += s / 16));
  assert.ok(Math.abs(sums[0]! - 0.9) < 0.03, sums.join(', '));
  assert.ok(Math.abs(sums[1]! - 0.1) < 0.03, sums.join(', '));
  assert.ok(sums[2]! < 0.005, sums.join(', '));
});

test('importances of a study: ordered, summing to one, the idle parameter last', () => {
  const study = run((v) => Math.log10(Number(v['lr'])) + (v['act'] === 'relu' ? 1 : 0), 60);
  const rows = importances(study.trials(), space);
  assert.equal(rows[0]!.parameter, 'lr');
  assert.equal(rows[1]!.parameter, 'act');
  assert.ok(Math.abs(rows.reduce((sum, row) => sum + row.importance, 0) - 1) < 1e-12);
  assert.ok(rows.slice(2).every((row) => row.importance < 0.05));
  assert.deepEqual(importances(study.trials(), space), rows);
  assert.deepEqual(importances(study.trials().slice(0, 4), space), []);
  assert.ok(importances(run(() => 1, 10).trials(), space).every((row) => row.importance === 0));
});

test('PED-ANOVA: what the best trials have in common matters, in either direction', () => {
  const study = run((v) => -Math.abs(Math.log10(Number(v['lr'])) + 2) - (v['act'] === 'relu' ? 0 : 3), 120);
  const rows = importances(study.trials(), space, { method: 'ped-anova', direction: 'maximize' });
  assert.equal(rows[0]!.parameter, 'lr');
  assert.equal(rows[1]!.parameter, 'act');
  assert.ok(Math.abs(rows.reduce((sum, row) => sum + row.importance, 0) - 1) < 1e-12);
  assert.ok(
    rows.slice(2).every((row) => row.importance < 0.2),
    JSON.stringify(rows),
  );
  // The best of the other direction all have the other choice, and a rate at either end.
  const worst = importances(study.trials(), space, { method: 'ped-anova', direction: 'minimize' });
  assert.deepEqual([worst[0]!.parameter, worst[1]!.parameter].sort(), ['act', 'lr']);
  assert.notDeepEqual(worst, rows);
  assert.throws(
    () => importances(study.trials(), space, { method: 'ped-anova', direction: 'minimize', best: 1 }),
    /best 1 must be a share/,
  );
});
