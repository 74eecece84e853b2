import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStudy, runWorkers } from 'bayesian-optimizer';
import type { Space, TrialRecord } from 'bayesian-optimizer';
import { checkJournal, killNowAndThen } from './killer';

const space: Space = { x: { type: 'float', min: 0, max: 1 }, k: { type: 'int', min: 1, max: 9 } };
const module = join(__dirname, 'fixtures', 'objective.cjs');

function paths(): { journal: string; log: string } {
  const folder = fs.mkdtempSync(join(tmpdir(), 'stm-workers-'));
  return { journal: join(folder, 'search.jsonl'), log: join(folder, 'log.txt') };
}

test('four workers share a study: every trial once, all told of', async () => {
  const { journal, log } = paths();
  const told: TrialRecord[] = [];
  const result = await runWorkers({
    study: { name: 'w', space, direction: 'minimize', sampler: 'random', journal },
    objective: { module, data: { log, milliseconds: 30 } },
    trials: 16,
    workers: 4,
    onTrial: (trial) => told.push(trial),
  });
  assert.deepEqual(result, { reason: 'trials' });
  const trials = createStudy({ name: 'w', space, direction: 'minimize', journal }).trials();
  assert.equal(trials.length, 16);
  assert.ok(trials.every((t) => t.state === 'complete' && t.attempts === 1 && t.reports.size === 3));
  assert.ok(new Set(trials.map((t) => t.worker)).size > 1, 'the work was shared');
  assert.equal(told.filter((t) => t.state === 'complete').length, 16);
  assert.equal(fs.readFileSync(log, 'utf8').match(/end/g)!.length, 16);
});

test('one worker and one process propose the same', async () => {
  const { journal, log } = paths();
  const study = { name: 'w', space, direction: 'minimize', sampler: 'gp', seed: 9 } as const;
  await runWorkers({
    study: { ...study, journal },
    objective: { module, data: { log, milliseconds: 3 } },
    trials: 9,
    workers: 1,
  });
  const alone = createStudy(study);
  for (let i = 0; i < 9; i++) {
    const trial = alone.ask()!;
    alone.tell(trial, (Number(trial.values['x']) - 0.3) ** 2);
  }
  assert.deepEqual(
    createStudy({ ...study, journal })
      .trials()
      .map((t) => t.values),
    alone.trials().map((t) => t.values),
  );
});

test('workers killed at random: no trial is lost, none is recorded twice', async (t) => {
  const { journal, log } = paths();
  const stats = await killNowAndThen({ journal, log, module, space, trials: 24, kills: 6, milliseconds: 90 });
  t.diagnostic(`${stats.kills} kills, ${stats.restarted} trials started again, ${stats.restarts} times`);
  assert.ok(stats.kills >= 6 && stats.restarted > 0);
  checkJournal(journal, space, 24);
});

test('a configuration that kills its worker every time is failed, the others finish', async () => {
  const { journal } = paths();
  const result = await runWorkers({
    study: { name: 'w', space, direction: 'minimize', sampler: 'random', journal, maxRestarts: 1 },
    objective: { module, name: 'deadly' },
    trials: 5,
    workers: 2,
  });
  assert.deepEqual(result, { reason: 'trials' });
  const trials = createStudy({ name: 'w', space, direction: 'minimize', journal }).trials();
  assert.match(trials[1]!.failure!, /its process died 2 times/);
  assert.deepEqual(
    trials.map((t) => t.state),
    ['complete', 'failed', 'complete', 'complete', 'complete'],
  );
});

test('failures in a row stop all workers with the sentence', async () => {
  const { journal } = paths();
  const result = await runWorkers({
    study: { name: 'w', space, direction: 'minimize', sampler: 'random', journal },
    objective: { module, name: 'failing' },
    trials: 50,
    workers: 2,
  });
  assert.deepEqual(result, { reason: 'failures', failure: 'the objective threw: always' });
});

test('an abort stops at once and leaves the trials in line', async () => {
  const { journal, log } = paths();
  const controller = new AbortController();
  const study = { name: 'w', space, direction: 'minimize', sampler: 'random', journal } as const;
  const result = await runWorkers({
    study,
    objective: { module, data: { log, milliseconds: 60000 } },
    trials: 4,
    workers: 2,
    signal: controller.signal,
    onTrial: () => controller.abort(),
  });
  assert.deepEqual(result, { reason: 'aborted' });
  const again = createStudy(study);
  const first = again.trials()[0]!;
  assert.deepEqual(again.ask()!.values, first.values);
});

test('a missing module, a missing function and a relative path are named', async () => {
  const { journal } = paths();
  const study = { name: 'w', space, direction: 'minimize', sampler: 'random', journal } as const;
  const run = (objective: { module: string; name?: string }): Promise<unknown> =>
    runWorkers({ study, objective, trials: 2, workers: 1 });
  await assert.rejects(run({ module: '/nowhere/objective.js' }), /\/nowhere\/objective.js: cannot be loaded/);
  await assert.rejects(run({ module, name: 'absent' }), /exports no function absent/);
  await assert.rejects(run({ module: './objective.js' }), /absolute path/);
});
