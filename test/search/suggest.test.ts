import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { createStudy, optimize } from 'bayesian-optimizer';
import type { SamplerName, Study, StudyOptions, Trial } from 'bayesian-optimizer';

const folder = (): string => fs.mkdtempSync(join(tmpdir(), 'stm-suggest-'));

function open(options: Partial<StudyOptions> = {}): Study {
  return createStudy({ name: 'open', seed: 3, ...options });
}

/** Layers that bring parameters of their own. */
function objective(trial: Trial): number {
  const rate = trial.suggestFloat('rate', 1e-5, 1, { scale: 'log' });
  const layers = trial.suggestInt('layers', 1, 3);
  const norm = trial.suggestCategorical('norm', ['none', 'batch']);
  let loss = (Math.log10(rate) + 2) ** 2 + (norm === 'batch' ? 0 : 1) + Math.abs(layers - 2);
  for (let layer = 1; layer <= layers; layer++)
    loss += ((trial.suggestInt(`units${layer}`, 16, 256, { step: 16 }) - 64 * layer) / 64) ** 2;
  return loss;
}

test('parameters are suggested where they are needed, and the samplers learn from them', async () => {
  const best = async (sampler: SamplerName): Promise<number> => {
    let sum = 0;
    for (const seed of [1, 2]) {
      const study = open({ sampler, seed });
      await optimize(study, objective, { trials: 40 });
      for (const { values } of study.trials())
        assert.equal(Object.keys(values).filter((name) => name.startsWith('units')).length, values['layers']);
      sum += study.best()!.value!;
    }
    return sum;
  };
  const random = await best('random');
  for (const sampler of ['gp', 'tpe'] as const) {
    const found = await best(sampler);
    assert.ok(found < 0.6 * random, `${sampler} ${found}, random ${random}`);
  }
});

test('a study continued in another process suggests what an undisturbed one does, killed trials included', async () => {
  for (const sampler of ['gp', 'tpe', 'sobol'] as const) {
    const undisturbed = open({ sampler });
    await optimize(undisturbed, objective, { trials: 14 });
    const journal = join(folder(), 's.jsonl');
    await optimize(open({ sampler, journal }), objective, { trials: 11 });
    const program = `
      const { createStudy } = require('bayesian-optimizer');
      const trial = createStudy({ name: 'open', sampler: '${sampler}', journal: ${JSON.stringify(journal)} }).ask();
      trial.suggestFloat('rate', 1e-5, 1, { scale: 'log' });
      process.kill(process.pid, 'SIGKILL');`;
    assert.equal(spawnSync(process.execPath, ['-e', program], { cwd: __dirname }).signal, 'SIGKILL');
    const resumed = open({ sampler, journal });
    await optimize(resumed, objective, { trials: 14 });
    assert.equal(resumed.trials()[11]!.attempts, 2);
    assert.deepEqual(
      resumed.trials().map(({ values }) => values),
      undisturbed.trials().map(({ values }) => values),
    );
  }
});

test('asked twice the answer is the same; contradictions and impossible ranges are named', () => {
  const study = open();
  const trial = study.ask()!;
  const x = trial.suggestFloat('x', 0, 1);
  assert.equal(trial.suggestFloat('x', 0, 1), x);
  assert.throws(() => trial.suggestFloat('x', 0, 2), /x was .*"high":1.* and is now suggested as .*"high":2/);
  assert.throws(() => trial.suggestInt('n', 3, 1), /parameter n: min 3 is larger than max 1/);
  trial.suggestCategorical('c', ['a', 'b']);
  study.tell(trial, 1);
  const next = study.ask()!;
  assert.throws(() => next.suggestCategorical('c', ['a']), /parameter c: was \["a","b"\] in earlier trials/);
  assert.throws(() => next.suggestInt('x', 0, 1), /parameter x: was float in earlier trials and is now int/);
  // A range may move between trials.
  const moved = next.suggestFloat('x', 5, 6);
  assert.ok(moved >= 5 && moved <= 6);
  study.tell(next, 2);
  assert.ok(study.ask()!.suggestFloat('x', 5, 6) >= 5);
  const declared = createStudy({ name: 'd', space: { x: { type: 'float', min: 0, max: 1 } } });
  const fixed = declared.ask()!;
  assert.equal(fixed.suggestFloat('x', 0, 1), fixed.values.x);
  assert.throws(() => fixed.suggestFloat('y', 0, 1), /y does not exist in it .* declare it in the space/);
});

test('enqueued values come first, and the sampler gives what they leave open', async () => {
  const study = open({ sampler: 'random' });
  assert.equal(study.enqueue({ rate: 0.01, layers: 2 }), 'enqueued');
  assert.equal(study.enqueue({ rate: 0.01, layers: 2 }), 'present');
  study.enqueue({ layers: 9 });
  await optimize(study, objective, { trials: 4 });
  const [first, second, third] = study.trials();
  assert.equal(first!.values['rate'], 0.01);
  assert.equal(first!.values['layers'], 2);
  assert.ok(first!.values['units2'] !== undefined);
  assert.match(second!.failure!, /layers was enqueued as 9, outside of/);
  assert.equal(third!.state, 'complete');
});

test('a recorded study is opened without naming its space or direction', () => {
  const journal = join(folder(), 's.jsonl');
  const space = { x: { type: 'float', min: 0, max: 1 } } as const;
  createStudy({ name: 'open', space, direction: 'maximize', journal });
  const again = open({ journal, seed: 1 });
  assert.deepEqual(again.space, space);
  assert.equal(again.direction, 'maximize');
  assert.throws(() => open({ journal, direction: 'minimize' }), /recorded to maximize, not to minimize/);
  assert.throws(() => open({ directions: [] }), /directions is empty/);
});

test('waiting trials that fit no more are failed and do not keep a search from its end', async () => {
  const journal = join(folder(), 's.jsonl');
  const narrow = { x: { type: 'float', min: 0, max: 1 } } as const;
  createStudy({ name: 'w', space: narrow, journal }).enqueue({ x: 0.25 });
  const space = { x: { type: 'float', min: 0.5, max: 1 } } as const;
  const study = createStudy({ name: 'w', space, spaceChange: 'adopt', journal, sampler: 'random' });
  assert.deepEqual(await optimize(study, ({ values }) => values.x, { trials: 3 }), { reason: 'trials' });
  assert.match(study.trials()[0]!.failure!, /\{"x":0.25\} lie outside of the space/);
});

test('the package is bundled for a browser without any module of Node, and searches there', async () => {
  const at = folder();
  const program = `
    import { createStudy, optimize } from 'bayesian-optimizer';
    const study = createStudy({ name: 'page', seed: 3 });
    optimize(study, (trial) => (trial.suggestFloat('x', -1, 1) - 0.5) ** 2, { trials: 12 }).then(() =>
      console.log(JSON.stringify(study.trials().map((trial) => trial.value))));
    try { createStudy({ name: 'page', journal: 'a.jsonl' }); } catch (error) { console.log(error.message); }`;
  const outfile = join(at, 'page.js');
  await build({
    stdin: { contents: program, resolveDir: __dirname },
    bundle: true,
    platform: 'browser',
    outfile,
    logLevel: 'silent',
  });
  const [refused, values] = execFileSync(process.execPath, [outfile], { encoding: 'utf8' }).split('\n');
  assert.match(refused!, /a page has no file system for a.jsonl/);
  const study = open();
  await optimize(study, (trial) => (trial.suggestFloat('x', -1, 1) - 0.5) ** 2, { trials: 12 });
  assert.equal(values, JSON.stringify(study.trials().map((trial) => trial.value)), 'as in Node');
});
