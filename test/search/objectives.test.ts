import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { createStudy, historyRows, hypervolume, optimize, trialsByObjective } from 'bayesian-optimizer';
import type { Sampler, SamplerName, Space, Study } from 'bayesian-optimizer';

const plane: Space = { x: { type: 'float', min: 0, max: 1 }, y: { type: 'float', min: 0, max: 1 } };

test('hypervolume: boxes, dominated points, points beyond the reference, both directions', () => {
  const down = ['minimize', 'minimize'] as const;
  assert.equal(hypervolume([], [1, 1], down), 0);
  assert.equal(hypervolume([[0, 0]], [2, 3], down), 6);
  assert.equal(hypervolume([[1, 2], [2, 1], [2, 2], [9, 0]], [3, 3], down), 3); // prettier-ignore
  assert.equal(hypervolume([[-1, 2], [-2, 1]], [-3, 3], ['maximize', 'minimize']), 3); // prettier-ignore
  assert.throws(() => hypervolume([[1]], [2, 2], down), /need 2 values, one per objective/);
});

test('hypervolume of three and four objectives agrees with counting', () => {
  const random = randomState(4);
  for (const m of [3, 4]) {
    const points = Array.from({ length: 12 }, () => [...random.uniform(0, 1, m)]);
    const exact = hypervolume(
      points,
      new Array<number>(m).fill(1),
      new Array<'minimize'>(m).fill('minimize'),
    );
    const draws = 20000;
    let inside = 0;
    for (let i = 0; i < draws; i++) {
      const at = random.uniform(0, 1, m);
      if (points.some((point) => point.every((v, k) => v <= at[k]!))) inside++;
    }
    assert.ok(Math.abs(inside / draws - exact) < 0.015, `${m}: ${exact} against ${inside / draws}`);
  }
});

/** Trade-off between two corners of the plane; y adds to both. */
async function tradeOff(sampler: SamplerName, seed: number): Promise<Study> {
  const study = createStudy({
    name: 'two',
    space: plane,
    directions: ['minimize', 'maximize'],
    sampler,
    seed,
  });
  await optimize(
    study,
    ({ values }) => {
      const [x, y] = [Number(values['x']), Number(values['y'])];
      return [x * x + y, -((x - 1) ** 2) - y];
    },
    { trials: 30 },
  );
  return study;
}

test('two objectives: the model samplers cover the Pareto front better than chance', async () => {
  const volume = async (sampler: SamplerName): Promise<number> => {
    let sum = 0;
    for (const seed of [1, 2]) {
      const study = await tradeOff(sampler, seed);
      const front = study.paretoFront();
      assert.ok(front.length > 1);
      sum += hypervolume(front.map(({ objectives }) => objectives), [1, -1], study.directions); // prettier-ignore
    }
    return sum / 2;
  };
  const [gp, tpe, random] = [await volume('gp'), await volume('tpe'), await volume('random')];
  // The whole front has 5/6.
  assert.ok(gp > 0.79, `gp ${gp}`);
  assert.ok(tpe > random && gp > tpe, `gp ${gp}, tpe ${tpe}, random ${random}`);
});

test('two objectives: every trial of the front is on it, and each objective can be looked at alone', async () => {
  const study = await tradeOff('sobol', 3);
  const front = study.paretoFront();
  const trials = study.trials();
  for (const { objectives } of front)
    assert.ok(trials.every((t) => t.objectives[0]! >= objectives[0]! || t.objectives[1]! <= objectives[1]!));
  assert.throws(() => study.best(), /has 2 objectives .* use paretoFront/);
  assert.equal(trials[0]!.value, undefined);
  const rows = historyRows(trialsByObjective(trials, 1), 'maximize');
  assert.equal(rows.at(-1)!.best, Math.max(...trials.map((t) => t.objectives[1]!)));
  const trial = study.ask()!;
  assert.throws(() => trial.report(0, 1), /a study of 2 objectives has no reports/);
  assert.equal(study.tell(trial, [1]), 'failed');
  assert.match(study.trials().at(-1)!.failure!, /gave 1 values, not 2/);
  assert.equal(study.tell(study.ask()!, [1, NaN]), 'failed');
  assert.equal(study.tell(study.ask()!, 3), 'failed');
});

test('constraints: the best trial keeps them, and the samplers look where they are kept', async () => {
  const feasibleShare = async (sampler: SamplerName): Promise<number> => {
    const study = createStudy({ name: 'bound', space: plane, direction: 'maximize', sampler, seed: 2 });
    await optimize(
      study,
      (trial) => {
        const [x, y] = [Number(trial.values['x']), Number(trial.values['y'])];
        trial.setConstraint('budget', x + y - 0.6);
        return x + 2 * y;
      },
      { trials: 30 },
    );
    const best = study.best()!;
    assert.ok(best.constraints['budget']! <= 0);
    if (sampler === 'gp') assert.ok(best.value! > 1.1, String(best.value));
    return study.trials().filter(({ constraints }) => constraints['budget']! <= 0).length / 30;
  };
  const random = await feasibleShare('random');
  assert.ok((await feasibleShare('gp')) > random);
  assert.ok((await feasibleShare('tpe')) > random);
  const study = createStudy({ name: 'none', space: plane, direction: 'maximize' });
  const trial = study.ask()!;
  assert.throws(() => trial.setConstraint('budget', NaN), /constraint budget is NaN/);
  trial.setConstraint('budget', 2);
  study.tell(trial, 1);
  assert.equal(study.best(), undefined, 'no feasible trial');
});

test('a sampler of one objective is asked with one value per trial, better ones lower', () => {
  let asked: readonly number[] = [];
  const watching: Sampler = {
    name: 'watching',
    propose: ({ trials, direction, trialNumber }) => {
      assert.equal(direction, trialNumber < 2 ? 'maximize' : 'minimize');
      asked = trials.map(({ value }) => value!);
      return { values: { x: trialNumber / 10, y: 0 } };
    },
  };
  const study = createStudy({ name: 'one', space: plane, direction: 'maximize', sampler: watching });
  for (const [value, excess] of [[5, -1], [9, 3], [7, 0], [99, 1]] as const) {
    const trial = study.ask()!;
    trial.setConstraint('c', excess);
    study.tell(trial, value);
  } // prettier-ignore
  study.ask();
  const [first, farthest, best, near] = asked;
  assert.ok(best! < first! && first! < near! && near! < farthest!, asked.join());
});
