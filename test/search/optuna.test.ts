import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStudy, importances, optimize } from 'bayesian-optimizer';
import type { Space, Study } from 'bayesian-optimizer';
import { findPeer } from '../../bench/peerPython';

const python = findPeer('torch');

const space: Space = {
  layers: { type: 'int', min: 1, max: 3 },
  lr: { type: 'float', min: 1e-5, max: 1e-1, scale: 'log' },
  units: { type: 'int', min: 32, max: 256, step: 32, when: { parameter: 'layers', atLeast: 2 } },
  norm: { type: 'categorical', choices: ['none', 'layer'] },
};

interface Seen {
  version: string;
  direction: string;
  states: string[];
  params: Record<string, unknown>[];
  values: (number | number[] | null)[];
  intermediate: Record<string, number>[];
  attributes: Record<string, unknown>[];
  best: number[];
  constraints: Record<string, number>[];
  study: Record<string, unknown>;
  seconds: number[];
}

function read(journal: string, ...more: string[]): Seen {
  const program = join(__dirname, 'optunaReads.py');
  return JSON.parse(
    execFileSync(python!, [program, journal, 'shared', ...more], { encoding: 'utf8' }),
  ) as Seen;
}

function open(journal: string): Study {
  return createStudy({ name: 'shared', space, direction: 'minimize', sampler: 'random', journal });
}

test('Optuna opens the journal and sees the same trials, and its own trials are seen here', (t) => {
  if (!python) return t.skip('no Optuna: "npm run bench:search" installs it');
  const journal = join(fs.mkdtempSync(join(tmpdir(), 'stm-optuna-')), 'search.jsonl');
  const study = open(journal);
  for (let i = 0; i < 6; i++) {
    const trial = study.ask()!;
    trial.report(0, i + 0.5);
    trial.report(3, i + 0.25);
    trial.setAttribute('seed', { repeat: i });
    study.tell(trial, i === 2 ? 'failed' : i === 3 ? 'pruned' : 10 - i, i === 2 ? 'no memory' : undefined);
  }
  study.ask();
  const seen = read(journal);
  t.diagnostic(`Optuna ${seen.version}`);
  assert.equal(seen.direction, 'MINIMIZE');
  assert.deepEqual(seen.states, [
    'COMPLETE',
    'COMPLETE',
    'FAIL',
    'PRUNED',
    'COMPLETE',
    'COMPLETE',
    'RUNNING',
  ]);
  assert.deepEqual(
    seen.params,
    study.trials().map((trial) => trial.values),
  );
  assert.deepEqual(seen.values, [10, 9, null, 3.25, 6, 5, null]);
  assert.deepEqual(seen.intermediate[1], { 0: 1.5, 3: 1.25 });
  assert.deepEqual(seen.attributes[2], { seed: { repeat: 2 }, failure: 'no memory' });
  assert.deepEqual(seen.best, [5]);
  assert.ok(seen.seconds.every((s) => s >= 0 && s < 60));

  const added = read(journal, 'add');
  assert.equal(added.states.length, 10);
  const ours = study.trials();
  assert.equal(ours.length, 10);
  assert.deepEqual(
    ours.map((trial) => trial.values),
    added.params,
  );
  assert.equal(ours[9]!.value, added.values[9]);
  assert.ok(Number.isNaN(ours[8]!.reports.get(0)!), 'a report that Python wrote as NaN');
  assert.deepEqual([study.best()!.number], added.best);
  study.tell(study.ask()!, 1);
  assert.equal(read(journal).states.length, 11);
});

test('Optuna sees several objectives, constraints and attributes of a study as its own', (t) => {
  if (!python) return t.skip('no Optuna: "npm run bench:search" installs it');
  const journal = join(fs.mkdtempSync(join(tmpdir(), 'stm-optuna-')), 'search.jsonl');
  const study = createStudy({
    name: 'shared',
    space,
    directions: ['minimize', 'maximize'],
    sampler: 'random',
    journal,
  });
  study.setAttribute('corpus', 'esc-10');
  [3, 2, 1, 0].forEach((cost, i) => {
    const trial = study.ask()!;
    trial.setConstraint('memory', i === 3 ? 0.5 : -1);
    study.tell(trial, [cost, i === 1 ? 0 : cost]);
  });
  const seen = read(journal);
  assert.deepEqual(seen.values, study.trials().map(({ objectives }) => objectives)); // prettier-ignore
  assert.deepEqual(seen.constraints, [{ memory: -1 }, { memory: -1 }, { memory: -1 }, { memory: 0.5 }]);
  assert.deepEqual(seen.study, { corpus: 'esc-10' });
  assert.deepEqual(seen.best, [0, 2]);
  assert.deepEqual(
    study.paretoFront().map(({ number }) => number),
    seen.best,
  );
});

test("Optuna's own journal opens here and is continued: objectives, constraints, enqueued trials, importances", async (t) => {
  if (!python) return t.skip('no Optuna: "npm run bench:search" installs it');
  const journal = join(fs.mkdtempSync(join(tmpdir(), 'stm-optuna-')), 'search.jsonl');
  const program = join(__dirname, 'optunaWrites.py');
  const theirs = JSON.parse(execFileSync(python, [program, journal], { encoding: 'utf8' })) as {
    front: number[];
    values: number[][];
    best: number;
    importances: Record<string, number>;
  };
  const two = createStudy({ name: 'two', journal });
  assert.deepEqual(two.directions, ['minimize', 'maximize']);
  assert.deepEqual(two.trials().slice(0, 12).map(({ objectives }) => objectives), theirs.values); // prettier-ignore
  assert.deepEqual(two.paretoFront().map(({ number }) => number), theirs.front); // prettier-ignore
  await optimize(
    two,
    (trial) => {
      const x = trial.suggestFloat('x', 0, 1);
      if (trial.suggestCategorical('kind', ['a', 'b']) === 'b')
        trial.suggestInt('n', 1, 64, { scale: 'log' });
      return [x, (1 - x) ** 2];
    },
    { trials: 15 },
  );
  assert.equal(two.trials()[12]!.values['x'], 0.5, 'as Optuna enqueued it');
  assert.ok(two.trials().every(({ state }) => state === 'complete'));
  const one = createStudy({
    name: 'one',
    journal,
    space: {
      x: { type: 'float', min: 0, max: 1 },
      kind: { type: 'categorical', choices: ['a', 'b'] },
      n: { type: 'int', min: 1, max: 64, scale: 'log', when: { parameter: 'kind', in: ['b'] } },
    },
  });
  assert.equal(one.best()!.number, theirs.best);
  const options = { method: 'ped-anova', direction: 'maximize' } as const;
  const total = Object.values(theirs.importances).reduce((sum, value) => sum + value, 0);
  for (const { parameter, importance } of importances(one.trials(), one.space, options)) {
    const expected = theirs.importances[parameter]! / total;
    assert.ok(Math.abs(importance - expected) < 0.02, `${parameter} ${importance}, Optuna ${expected}`);
  }
  one.enqueue({ x: 0.25, kind: 'a' });
  assert.equal(one.ask()!.values.x, 0.25);
});
