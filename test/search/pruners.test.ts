import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPruner } from 'bayesian-optimizer';
import type { TrialRecord } from 'bayesian-optimizer';

function trial(number: number, reports: number[], state: TrialRecord['state'] = 'complete'): TrialRecord {
  return {
    number,
    state,
    values: {},
    value: reports.at(-1),
    objectives: [],
    constraints: {},
    reports: new Map(reports.map((v, i) => [i, v])),
    attributes: {},
    failure: undefined,
    attempts: 1,
    worker: '',
    samplerState: undefined,
    startedAt: 0,
    finishedAt: 1,
  };
}

test('median: prunes what is worse at its best than the median at the same step, after the startup', () => {
  const pruner = createPruner({ name: 'median', startupTrials: 3, warmupSteps: 1 });
  const others = [trial(0, [9, 1, 1]), trial(1, [9, 2, 2]), trial(2, [9, 3, 3])];
  const score = (
    reports: number[],
    direction: 'minimize' | 'maximize' = 'minimize',
    trials = others,
  ): boolean => pruner.shouldPrune({ direction, trials, trial: trial(3, reports, 'running') });
  assert.equal(score([9, 2.5]), true);
  assert.equal(score([9, 1.5]), false);
  // Its best report counts, not its last.
  assert.equal(score([1.5, 2.5]), false);
  assert.equal(score([99]), false, 'a warm-up step');
  assert.equal(score([]), false);
  assert.equal(score([0, 2.5], 'maximize'), false);
  assert.equal(score([0, 1.5], 'maximize'), true);
  assert.equal(score([9, 9], 'minimize', others.slice(1)), false, 'too few complete trials');
});

test('asha: lets one in three past each rung, and the best always', () => {
  const pruner = createPruner('asha');
  const others = [1, 2, 3, 4, 5].map((v, i) => trial(i, [v, v, v]));
  const score = (reports: number[], trials = others): boolean =>
    pruner.shouldPrune({ direction: 'minimize', trials, trial: trial(9, reports, 'running') });
  // Rung of one step: 6 trials, 2 continue.
  assert.equal(score([1.5]), false);
  assert.equal(score([2.5]), true);
  // Between the rungs at 1 and 3 steps nothing is scored; at the rung again.
  assert.equal(score([1.5, 9]), false);
  assert.equal(score([1.5, 9, 9]), true);
  assert.equal(score([1.5, 9, 0.5]), false);
  assert.equal(score([100], []), false, 'the first trial of all');
  assert.equal(score([100], others.slice(0, 1)), true);
});

test('asha: what a failed trial reported is not a standard', () => {
  const failed = [1, 2, 3, 4, 5].map((v, i) => trial(i, [v], 'failed'));
  const context = { direction: 'minimize', trial: trial(9, [9], 'running') } as const;
  assert.equal(createPruner('asha').shouldPrune({ ...context, trials: failed }), false);
  const complete = failed.map((one) => ({ ...one, state: 'complete' as const }));
  assert.equal(createPruner('asha').shouldPrune({ ...context, trials: complete }), true);
});

test('hyperband: brackets begin to compare at 1, 3 and 9 steps, and get fewer and fewer trials', () => {
  const pruner = createPruner({ name: 'hyperband', maxResource: 9 });
  const others = Array.from({ length: 300 }, (_, i) => trial(i, new Array<number>(9).fill(i / 300)));
  /** The first step after which a hopeless trial is stopped; of a whole one, 9. */
  const stoppedAfter = (number: number, trials = others): number => {
    const steps = Array.from({ length: 9 }, (_, i) => i + 1);
    const bad = (length: number): TrialRecord => trial(number, new Array<number>(length).fill(99), 'running');
    return (
      steps.find((length) => pruner.shouldPrune({ direction: 'minimize', trials, trial: bad(length) })) ?? 99
    );
  };
  const counts = new Map<number, number>();
  for (let number = 300; number < 800; number++) {
    const step = stoppedAfter(number);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), [1, 3, 9]);
  // Shares 9 : 5 : 3 of 500.
  for (const [step, share] of [
    [1, 9],
    [3, 5],
    [9, 3],
  ] as const)
    // prettier-ignore
    assert.ok(Math.abs(counts.get(step)! - (500 * share) / 17) < 40, `${step}: ${counts.get(step)}`);
  const best = trial(801, [-1, -1, -1], 'running');
  assert.equal(pruner.shouldPrune({ direction: 'minimize', trials: others, trial: best }), false);
  // Without a length of its own it waits for a complete trial.
  const waits = createPruner('hyperband');
  const context = { direction: 'minimize', trial: trial(900, [99], 'running') } as const;
  const running = others.map((one) => ({ ...one, state: 'running' as const }));
  assert.equal(waits.shouldPrune({ ...context, trials: running }), false);
});

test('an unknown pruner and an impossible rung are named', () => {
  assert.throws(() => createPruner('luck' as 'none'), /pruner "luck": must be/);
  assert.throws(() => createPruner({ name: 'asha', reductionFactor: 1 }), /reductionFactor 1 above 1/);
  assert.throws(
    () => createPruner({ name: 'hyperband', minResource: 0 }),
    /hyperband: minResource 0 must be/,
  );
  assert.throws(
    () => createPruner({ name: 'hyperband', minResource: 9, maxResource: 3 }),
    /maxResource 3 must not be below minResource 9/,
  );
});
