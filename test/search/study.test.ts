import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from 'research-basics/errors';
import { createStudy, optimize } from 'bayesian-optimizer';
import type { Space, Study, StudyOptions, Values } from 'bayesian-optimizer';

const space: Space = {
  layers: { type: 'int', min: 1, max: 3 },
  lr: { type: 'float', min: 1e-5, max: 1e-1, scale: 'log' },
  units: { type: 'int', min: 32, max: 256, step: 32, when: { parameter: 'layers', atLeast: 2 } },
  norm: { type: 'categorical', choices: ['none', 'layer'] },
};

const loss = (v: Values): number =>
  (Math.log10(Number(v['lr'])) + 3) ** 2 + Number(v['layers']) / 3 + Number(v['units'] ?? 128) / 1000;

function folder(): string {
  return fs.mkdtempSync(join(tmpdir(), 'stm-search-'));
}

function open(options: Partial<StudyOptions> = {}): Study {
  return createStudy({ name: 'study', space, direction: 'minimize', seed: 3, ...options });
}

function runTo(study: Study, count: number): Values[] {
  while (study.trials().length < count) {
    const trial = study.ask()!;
    study.tell(trial, loss(trial.values));
  }
  return study.trials().map((trial) => trial.values);
}

test('ask, report and tell are kept with their trial, in memory and in a file', () => {
  for (const journal of [undefined, join(folder(), 'deep', 'search.jsonl')]) {
    const study = open({ sampler: 'sobol', ...(journal ? { journal } : {}) });
    const trial = study.ask()!;
    assert.equal(trial.number, 0);
    trial.report(1, 0.7);
    trial.report(0, 0.9);
    trial.setAttribute('epochs', [1, 2]);
    assert.equal(study.tell(trial, 0.5), 'complete');
    assert.throws(() => study.tell(trial, 0.4), /trial 0 has already ended as complete/);
    assert.throws(() => study.tell(7, 0.4), /has no trial 7/);
    const [kept] = journal ? open({ journal }).trials() : study.trials();
    assert.deepEqual(kept!.values, trial.values);
    assert.equal(kept!.value, 0.5);
    assert.deepEqual(
      [...kept!.reports],
      [
        [0, 0.9],
        [1, 0.7],
      ],
    );
    assert.deepEqual(kept!.attributes, { epochs: [1, 2] });
    assert.ok(kept!.finishedAt! >= kept!.startedAt! && kept!.startedAt! > 1.7e12);
  }
});

test('types of a literal space reach the values', () => {
  const study = createStudy({
    name: 'typed',
    direction: 'maximize',
    space: {
      act: { type: 'categorical', choices: ['relu', 'gelu'] },
      rate: { type: 'float', min: 0, max: 1 },
      more: { type: 'int', min: 1, max: 2, when: { parameter: 'act', in: ['gelu'] } },
    },
  });
  const { values } = study.ask()!;
  const act: 'relu' | 'gelu' = values.act;
  const rate: number = values.rate;
  const more: number | undefined = values.more;
  assert.equal(more === undefined, act === 'relu');
  assert.ok(rate >= 0);
});

test('best is the earliest of the best, in either direction; none before the first', () => {
  for (const direction of ['minimize', 'maximize'] as const) {
    const study = open({ direction, sampler: 'random' });
    assert.equal(study.best(), undefined);
    for (const value of [3, 1, 5, 1, 5, NaN]) study.tell(study.ask()!, value);
    assert.equal(study.best()!.number, direction === 'minimize' ? 1 : 2);
  }
});

test('an unusable space is refused in one sentence', () => {
  const refused: [Space, RegExp][] = [
    [{}, /search space: empty/],
    [{ lr: { type: 'float', min: 1, max: 0.1 } }, /parameter lr: min 1 is larger than max 0.1/],
    [
      { lr: { type: 'float', min: 0, max: 1, scale: 'log' } },
      /parameter lr: a log scale from 0 is impossible/,
    ],
    [{ n: { type: 'int', min: 0.5, max: 2 } }, /parameter n: min 0.5 and max 2 of an int must be whole/],
    [
      { n: { type: 'int', min: 1, max: 10, step: 4 } },
      /max 10 is not a whole number of steps of 4 above 1; the last step is 9/,
    ],
    [{ n: { type: 'float', min: 1, max: NaN } }, /must both be finite/],
    [{ c: { type: 'categorical', choices: [] } }, /needs at least one choice/],
    [{ c: { type: 'categorical', choices: ['a', 'a'] } }, /repeat a value/],
    [
      { x: { type: 'float', min: 0, max: 1, when: null } } as unknown as Space,
      /condition "when" is null; give/,
    ],
    [{ '3': { type: 'int', min: 1, max: 2 } }, /bare number/],
    [
      { constructor: { type: 'int', min: 1, max: 2 } } as unknown as Space,
      /"constructor": a name must not be .* call it pconstructor/,
    ],
    [{ a: { type: 'int', min: 1, max: 2, when: { parameter: 'b', atLeast: 1 } } }, /not defined before it/],
    [
      {
        b: { type: 'int', min: 1, max: 2 },
        a: { type: 'int', min: 1, max: 2, when: { parameter: 'b', atLeast: 3 } },
      },
      /never exists, since b is at most 2/,
    ],
    [{ a: { type: 'number' } as never }, /type "number" must be "float", "int" or "categorical"/],
  ];
  for (const [bad, message] of refused) {
    assert.throws(() => open({ space: bad }), { name: 'UserError', kind: 'input', message });
  }
});

test('NaN, infinite, thrown and non-numeric objectives fail their trial with a sentence; the study continues', async () => {
  const study = open({ sampler: 'random' });
  const outcomes: (() => unknown)[] = [
    () => NaN,
    () => 1,
    () => -Infinity,
    () => {
      throw new Error('CUDA is not a thing here');
    },
    () => 'good',
    () => 2,
  ];
  const result = await optimize(study, ({ number }) => outcomes[number]!() as number, {
    trials: 6,
    maxConsecutiveFailures: 4,
  });
  assert.deepEqual(result, { reason: 'trials' });
  assert.deepEqual(
    study.trials().map((t) => t.failure ?? t.value),
    [
      'the objective was NaN, not a finite number',
      1,
      'the objective was -Infinity, not a finite number',
      'the objective threw: CUDA is not a thing here',
      'the objective returned good, not a number',
      2,
    ],
  );
});

test('a report that is not finite fails the trial too', async () => {
  const study = open({ sampler: 'random' });
  await optimize(
    study,
    (trial) => {
      trial.report(0, NaN);
      return 1;
    },
    { trials: 1 },
  );
  assert.match(study.trials()[0]!.failure!, /reported NaN at step 0, which is not finite/);
});

test('three failures in a row stop the search, and only new ones count after that', async () => {
  const study = open({ sampler: 'random' });
  const broken = await optimize(study, () => NaN, { trials: 20 });
  assert.equal(broken.reason, 'failures');
  assert.match(broken.failure!, /NaN/);
  assert.equal(study.trials().length, 3);
  const mended = await optimize(study, ({ values }) => loss(values), { trials: 6 });
  assert.deepEqual(mended, { reason: 'trials' });
});

test('a finite space that is used up ends the search', async () => {
  const study = open({ space: { a: { type: 'int', min: 1, max: 4 } }, sampler: 'gp' });
  assert.deepEqual(await optimize(study, ({ values }) => Number(values['a']), { trials: 50 }), {
    reason: 'exhausted',
  });
  assert.equal(study.trials().length, 4);
});

test('pruned trials keep their last report as value', async () => {
  const study = open({ sampler: 'random', pruner: { name: 'median', startupTrials: 2 } });
  const result = await optimize(
    study,
    (trial) => {
      for (let epoch = 0; epoch < 3; epoch++) {
        trial.report(epoch, trial.number + epoch / 10);
        if (trial.shouldPrune()) return 'pruned';
      }
      return trial.number;
    },
    { trials: 5 },
  );
  assert.equal(result.reason, 'trials');
  assert.deepEqual(
    study.trials().map((t) => t.state),
    ['complete', 'complete', 'pruned', 'pruned', 'pruned'],
  );
  assert.equal(study.trials()[3]!.value, 3);
});

test('a changed space is refused with the difference, or adopted; the study survives', () => {
  const journal = join(folder(), 's.jsonl');
  runTo(open({ journal, sampler: 'sobol' }), 4);
  const before = fs.readFileSync(journal, 'utf8');
  const wider: Space = { ...space, lr: { type: 'float', min: 1e-5, max: 1, scale: 'log' } };
  assert.throws(() => open({ journal, space: wider }), /parameter lr was .*0\.1.* and is now .*"max":1/);
  assert.throws(
    () => open({ journal, direction: 'maximize' }),
    /recorded to minimize, not to maximize; choose another study name/,
  );
  assert.throws(() => open({ journal, seed: 4 }), /recorded with seed 3, not 4/);
  assert.equal(fs.readFileSync(journal, 'utf8'), before);
  assert.equal(open({ journal }).trials().length, 4);

  const adopted = open({ journal, space: wider, spaceChange: 'adopt', sampler: 'sobol' });
  runTo(adopted, 6);
  assert.equal(open({ journal, space: wider }).trials().length, 6);
  const retyped: Space = { ...space, norm: { type: 'categorical', choices: ['none'] } };
  assert.throws(
    () => open({ journal, space: retyped, spaceChange: 'adopt' }),
    /the type or choices of parameter norm cannot change/,
  );
});

test('two studies share a journal', () => {
  const journal = join(folder(), 's.jsonl');
  const one = open({ journal, name: 'one', sampler: 'random' });
  const two = open({ journal, name: 'two', sampler: 'random' });
  runTo(one, 2);
  runTo(two, 3);
  runTo(one, 4);
  assert.equal(one.trials().length, 4);
  assert.deepEqual(
    two.trials().map((t) => t.number),
    [0, 1, 2],
  );
});

test('a study continued in another process proposes what an undisturbed one does', () => {
  for (const sampler of ['gp', 'tpe', 'keras-tuner', 'sobol'] as const) {
    const undisturbed = runTo(open({ sampler }), 16);
    const journal = join(folder(), 's.jsonl');
    for (const stop of [3, 11, 14, 16]) runTo(open({ sampler, journal }), stop);
    assert.deepEqual(
      open({ journal })
        .trials()
        .map((t) => t.values),
      undisturbed,
      sampler,
    );
  }
});

test('a process killed in the middle of a trial is continued with the same configuration', () => {
  const undisturbed = runTo(open({ sampler: 'gp' }), 13);
  const journal = join(folder(), 's.jsonl');
  for (const stop of [2, 9, 11]) {
    const program = `
      const { createStudy } = require('bayesian-optimizer');
      const study = createStudy({ name: 'study', space: ${JSON.stringify(space)}, direction: 'minimize',
        sampler: 'gp', seed: 3, journal: ${JSON.stringify(journal)} });
      const loss = ${loss.toString()};
      for (;;) {
        const trial = study.ask();
        if (trial.number === ${stop}) process.kill(process.pid, 'SIGKILL');
        study.tell(trial, loss(trial.values));
      }`;
    assert.equal(spawnSync(process.execPath, ['-e', program], { cwd: __dirname }).signal, 'SIGKILL');
    // A crash in the middle of a line is part of it.
    fs.appendFileSync(journal, '{"op_code":6,"trial_id":2,"sta');
  }
  const resumed = open({ journal, sampler: 'gp' });
  assert.equal(resumed.trials().at(-1)!.state, 'running');
  const again = resumed.ask()!;
  assert.equal(again.number, 11);
  assert.equal(again.attempt, 2);
  resumed.tell(again, loss(again.values as Values));
  assert.deepEqual(runTo(resumed, 13), undisturbed);
});

test('a trial whose process keeps dying is failed after its restarts', () => {
  const journal = join(folder(), 's.jsonl');
  const program = `
    const { createStudy } = require('bayesian-optimizer');
    createStudy({ name: 'study', space: ${JSON.stringify(space)}, direction: 'minimize', sampler: 'random',
      journal: ${JSON.stringify(journal)}, maxRestarts: 1 }).ask();`;
  for (let i = 0; i < 3; i++) spawnSync(process.execPath, ['-e', program], { cwd: __dirname });
  const [first, second] = open({ journal, seed: 1 }).trials();
  assert.match(first!.failure!, /its process died 2 times/);
  assert.equal(second!.state, 'running');
});

test('an interrupted objective puts its trial back in line', async () => {
  const study = open({ sampler: 'random' });
  let calls = 0;
  const objective = (): number => {
    if (++calls === 2) throw new UserError('interrupted', 'stopped');
    return calls;
  };
  await assert.rejects(optimize(study, objective, { trials: 3 }), /stopped/);
  const waiting = study.trials()[1]!;
  assert.equal(waiting.state, 'waiting');
  assert.equal(waiting.attempts, 1);
  await optimize(study, objective, { trials: 3 });
  assert.deepEqual(study.trials()[1]!.values, waiting.values);
  assert.deepEqual(
    study.trials().map((t) => t.state),
    ['complete', 'complete', 'complete'],
  );
});

test('a search stops when it is told to, and continues', async () => {
  const study = open({ sampler: 'random' });
  const settled = await optimize(study, ({ number }) => number, {
    trials: 20,
    stopWhen: (trials) => trials.length >= 4,
  });
  assert.deepEqual(settled, { reason: 'stopped' });
  assert.equal(study.trials().length, 4);
  assert.deepEqual(await optimize(study, () => 1, { trials: 6 }), { reason: 'trials' });
});

test('attributes of a study are stored with it', () => {
  const journal = join(folder(), 's.jsonl');
  open({ journal }).setAttribute('Datensätze', ['esc-10']);
  open({ journal, name: 'other' }).setAttribute('n', 1);
  const study = open({ journal });
  study.setAttribute('n', 2);
  assert.deepEqual(open({ journal }).attributes(), { Datensätze: ['esc-10'], n: 2 });
  assert.throws(() => study.setAttribute('n', undefined), /attribute n has no value/);
});

test('a worker that lost its trial reports nothing more, and what it reported is compared with nothing', () => {
  for (const journal of [undefined, join(folder(), 's.jsonl')]) {
    const study = open({ sampler: 'random', pruner: 'asha', ...(journal ? { journal } : {}) });
    const stale = study.ask()!;
    assert.equal(stale.report(0, 5), 'recorded');
    study.release(stale);
    assert.equal(study.trials()[0]!.reports.size, 0, 'the next attempt starts from the beginning');
    const other = journal ? open({ journal, sampler: 'random', pruner: 'asha' }) : study;
    const again = other.ask()!;
    assert.equal(again.number, stale.number);
    if (journal === undefined) continue;
    assert.equal(stale.report(1, 0.1), 'lost');
    assert.equal(stale.setAttribute('late', true), 'lost');
    assert.equal(stale.shouldPrune(), true);
    assert.equal(study.tell(stale, 0.1), 'lost');
    assert.equal(again.report(0, 3), 'recorded');
    const [record] = other.trials();
    assert.deepEqual([...record!.reports], [[0, 3]]);
    assert.deepEqual(record!.attributes, {});
  }
});

test('a running trial whose process is dead prunes nobody', () => {
  const journal = join(folder(), 's.jsonl');
  const program = `
    const { createStudy } = require('bayesian-optimizer');
    const study = createStudy({ name: 'study', space: ${JSON.stringify(space)}, direction: 'minimize',
      sampler: 'random', seed: 3, journal: ${JSON.stringify(journal)} });
    for (let i = 0; i < 2; i++) study.ask().report(0, -i);
    process.kill(process.pid, 'SIGKILL');`;
  const study = open({ journal, sampler: 'random', pruner: 'asha', maxRestarts: 0 });
  const trial = study.ask()!;
  trial.report(0, 1);
  spawnSync(process.execPath, ['-e', program], { cwd: __dirname });
  assert.deepEqual(
    study.trials().map(({ state, reports }) => [state, reports.get(0)]),
    [
      ['running', 1],
      ['running', 0],
      ['running', -1],
    ],
  );
  assert.equal(trial.shouldPrune(), false);
});
