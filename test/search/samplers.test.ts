import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { createStudy, samplerContract, samplerNames } from 'bayesian-optimizer';
import type { Space, TrialRecord } from 'bayesian-optimizer';
import { representatives } from '../../lib/bayesian-optimizer/dist/samplers/losses';

for (const name of samplerNames) {
  for (const check of samplerContract) {
    test(`${name} ${check.title}`, () => {
      check.run(name, name === 'keras-tuner' ? { duplicates: 'possible' } : {});
    });
  }
}

const space: Space = {
  layers: { type: 'int', min: 1, max: 2 },
  lr: { type: 'float', min: 1e-5, max: 1, scale: 'log' },
  width: { type: 'int', min: 8, max: 64, step: 8, when: { parameter: 'layers', atLeast: 2 } },
};

test('every sampler proposes the same in two fresh processes', () => {
  const program = `
    const { createStudy, samplerNames } = require('bayesian-optimizer');
    const space = ${JSON.stringify(space)};
    const all = {};
    for (const sampler of samplerNames) {
      const study = createStudy({ name: 'fresh', space, direction: 'minimize', sampler, seed: 11 });
      all[sampler] = [];
      for (let i = 0; i < 14; i++) {
        const trial = study.ask();
        all[sampler].push(trial.values);
        study.tell(trial, Math.log(trial.values.lr) ** 2 + trial.values.layers);
      }
    }
    console.log(JSON.stringify(all));`;
  const [first, second] = [1, 2].map(() =>
    execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', cwd: __dirname }),
  );
  assert.ok(first!.length > 1000);
  assert.equal(second, first);
});

for (const [name, share] of [
  ['gp', 0.15],
  ['tpe', 0.5],
] as const) {
  test(`${name} finds more than random search does`, () => {
    const bowl: Space = Object.fromEntries(
      [0, 1, 2, 3].map((i) => [`x${i}`, { type: 'float' as const, min: 0, max: 1 }]),
    );
    const best = (sampler: 'gp' | 'tpe' | 'random', seed: number): number => {
      const study = createStudy({ name: 'bowl', space: bowl, direction: 'minimize', sampler, seed });
      for (let i = 0; i < 30; i++) {
        const trial = study.ask()!;
        study.tell(
          trial,
          Object.values(trial.values).reduce<number>((sum, v, k) => sum + (Number(v) - 0.2 - k / 10) ** 2, 0),
        );
      }
      return study.best()!.value!;
    };
    const mean = (sampler: 'gp' | 'tpe' | 'random'): number =>
      [1, 2].reduce((sum, seed) => sum + best(sampler, seed), 0);
    assert.ok(mean(name) < share * mean('random'), `${mean(name)} against ${mean('random')}`);
  });
}

test('gp keeps away from a configuration that another worker is busy with', () => {
  const line: Space = { x: { type: 'float', min: 0, max: 1 } };
  const study = createStudy({ name: 'busy', space: line, direction: 'minimize', sampler: 'gp' });
  for (let i = 0; i < 8; i++) {
    const trial = study.ask()!;
    study.tell(trial, Math.sin(12 * Number(trial.values['x'])));
  }
  const xs = [study.ask()!, study.ask()!, study.ask()!]
    .map((t) => Number(t.values['x']))
    .sort((a, b) => a - b);
  assert.ok(xs[1]! - xs[0]! > 1e-3 && xs[2]! - xs[1]! > 1e-3, xs.join(', '));
});

test('an unknown sampler is named with those that exist', () => {
  assert.throws(
    () => createStudy({ name: 'x', space, direction: 'minimize', sampler: 'magic' as 'gp' }),
    /sampler "magic": must be one of gp, tpe, sobol, random, keras-tuner/,
  );
});

test('of many trials the model sees the best, the newest and some of every quality, in their order', () => {
  const losses = Float64Array.from({ length: 1000 }, (_, i) => (i * 617) % 1000);
  const trials = [...losses].map((value, number) => ({ number, value }) as TrialRecord);
  const all = { trials, losses };
  assert.deepEqual(representatives(all, 1000), all);
  const some = representatives(all, 90);
  const numbers = some.trials.map(({ number }) => number);
  assert.equal(new Set(numbers).size, 90);
  assert.deepEqual([...numbers].sort((a, b) => a - b), numbers); // prettier-ignore
  assert.ok(some.trials.every(({ value }, i) => value === some.losses[i]));
  const has = (value: number): boolean => some.losses.includes(value);
  assert.ok(Array.from({ length: 30 }, (_, i) => i).every(has), 'the best');
  assert.ok(
    Array.from({ length: 25 }, (_, i) => 999 - i).every((number) => numbers.includes(number)),
    'the newest',
  );
  for (let low = 100; low < 1000; low += 100)
    assert.ok(
      some.losses.some((loss) => loss >= low && loss < low + 100),
      `a loss from ${low}`,
    );
});
