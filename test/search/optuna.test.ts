import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStudy } from 'bayesian-optimizer';
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
  values: (number | null)[];
  intermediate: Record<string, number>[];
  attributes: Record<string, unknown>[];
  best: number;
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
  assert.equal(seen.best, 5);
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
  assert.equal(study.best()!.number, added.best);
  study.tell(study.ask()!, 1);
  assert.equal(read(journal).states.length, 11);
});
