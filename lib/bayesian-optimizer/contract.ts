import assert from 'node:assert/strict';
import type { Sampler } from './sampler';
import type { SamplerChoice } from './samplers';
import type { Space, Values } from './space';
import { configurationKey, isConfiguration } from './space';
import type { Study } from './studyTypes';
import { createStudy } from './createStudy';

/** What a sampler under the contract promises beyond it. */
export interface SamplerPromises {
  /** `never` proposes a configuration twice, or (as keras-tuner's rule) may. Default `never`. */
  readonly duplicates?: 'never' | 'possible';
}

/** One check of the contract: throws an AssertionError when a sampler breaks it. */
export interface ContractCheck {
  readonly title: string;
  run(sampler: SamplerChoice | Sampler, promises?: SamplerPromises): void;
}

const everyKind: Space = {
  layers: { type: 'int', min: 1, max: 3 },
  family: { type: 'categorical', choices: ['plain', 'normed', true, 4] },
  lr: { type: 'float', min: 1e-6, max: 1e-1, scale: 'log' },
  units1: { type: 'int', min: 32, max: 512, step: 32 },
  units2: { type: 'int', min: 1, max: 300, scale: 'log', when: { parameter: 'layers', atLeast: 2 } },
  units3: { type: 'float', min: 0, max: 1, step: 0.25, when: { parameter: 'layers', in: [3] } },
  norm: { type: 'float', min: -1, max: 1, when: { parameter: 'family', in: ['normed', true] } },
  fixed: { type: 'float', min: 2, max: 2 },
};

function score(values: Values): number {
  return (
    Math.log10(Number(values['lr'])) ** 2 +
    Number(values['layers']) +
    Number(values['norm'] ?? 0) ** 2 +
    (values['family'] === 'plain' ? 1 : 0) +
    Number(values['units1']) / 512
  );
}

function open(
  sampler: SamplerChoice | Sampler,
  options: { space?: Space; seed?: number; direction?: 'minimize' | 'maximize' } = {},
): Study {
  const { space = everyKind, seed = 5, direction = 'minimize' } = options;
  return createStudy({ name: 'contract', space, direction, sampler, seed });
}

function run(study: Study, trials: number, objective: (values: Values) => number = score): Values[] {
  const proposed: Values[] = [];
  for (let i = 0; i < trials; i++) {
    const trial = study.ask();
    if (!trial) break;
    proposed.push(trial.values);
    study.tell(trial, objective(trial.values));
  }
  return proposed;
}

/** What every sampler must do, whichever its rule; for the built-in ones and for any of your own. */
export const samplerContract: readonly ContractCheck[] = [
  {
    title: 'proposes configurations of the space: every existing parameter, in range, on its grid',
    run: (sampler: SamplerChoice | Sampler): void => {
      for (const values of run(open(sampler), 18)) {
        assert.ok(isConfiguration(everyKind, values), JSON.stringify(values));
      }
    },
  },
  {
    title: 'proposes the same again with the same seed, and something else with another',
    run: (sampler: SamplerChoice | Sampler): void => {
      const first = run(open(sampler), 14);
      assert.deepEqual(run(open(sampler), 14), first);
      assert.notDeepEqual(run(open(sampler, { seed: 6 }), 14), first);
    },
  },
  {
    title: 'maximises as it minimises the negative',
    run: (sampler: SamplerChoice | Sampler): void => {
      const down = run(open(sampler), 14);
      assert.deepEqual(
        run(open(sampler, { direction: 'maximize' }), 14, (v) => -score(v)),
        down,
      );
    },
  },
  {
    title: 'continues past pending, failed and pruned trials',
    run: (sampler: SamplerChoice | Sampler): void => {
      const study = open(sampler);
      run(study, 11);
      const pending = [study.ask(), study.ask(), study.ask()];
      assert.ok(pending.every((trial) => trial !== undefined && isConfiguration(everyKind, trial.values)));
      assert.equal(new Set(pending.map((t) => configurationKey(everyKind, t!.values))).size, 3);
      study.tell(pending[0]!, 'failed', 'out of memory');
      pending[1]!.report(0, 3);
      study.tell(pending[1]!, 'pruned');
      run(study, 3);
      assert.equal(study.trials().length, 17);
    },
  },
  {
    title: 'continues when every trial failed',
    run: (sampler: SamplerChoice | Sampler): void => {
      const study = open(sampler);
      for (let i = 0; i < 14; i++) study.tell(study.ask()!, NaN);
      assert.ok(study.trials().every((trial) => trial.state === 'failed'));
    },
  },
  {
    title: 'copes with constant, huge and tiny values',
    run: (sampler: SamplerChoice | Sampler): void => {
      for (const value of [7, 1e300, -1e300, 1e-300]) {
        assert.equal(run(open(sampler), 13, () => value).length, 13);
      }
      assert.equal(run(open(sampler), 14, (v) => 1e150 * score(v) ** 9).length, 14);
    },
  },
  {
    title: 'uses up a finite space without repeating itself, then says so',
    run: (sampler: SamplerChoice | Sampler, { duplicates = 'never' }: SamplerPromises = {}): void => {
      const space: Space = {
        a: { type: 'int', min: 1, max: 3 },
        b: { type: 'categorical', choices: ['x', 'y', 'z'] },
        c: { type: 'int', min: 0, max: 1, when: { parameter: 'a', in: [2] } },
      };
      const study = open(sampler, { space });
      const proposed = run(study, 20, (v) => Number(v['a']) + (v['b'] === 'x' ? 0 : 1));
      assert.ok(proposed.every((values) => isConfiguration(space, values)));
      if (duplicates === 'possible') return;
      // a = 1, 3: three choices each; a = 2: three choices, two values of c.
      assert.equal(proposed.length, 12);
      assert.equal(new Set(proposed.map((values) => configurationKey(space, values))).size, 12);
      assert.equal(study.ask(), undefined);
    },
  },
  {
    title: 'searches a space of one configuration, and one of one continuous parameter',
    run: (sampler: SamplerChoice | Sampler): void => {
      const one: Space = { only: { type: 'categorical', choices: ['this'] } };
      assert.deepEqual(run(open(sampler, { space: one }), 1), [{ only: 'this' }]);
      const line: Space = { x: { type: 'float', min: -1, max: 1 } };
      assert.equal(run(open(sampler, { space: line }), 14, (v) => Number(v['x']) ** 2).length, 14);
    },
  },
];
