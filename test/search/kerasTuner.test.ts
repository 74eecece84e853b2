import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStudy } from 'bayesian-optimizer';
import type { Parameter, Space, TrialRecord, Values } from 'bayesian-optimizer';
import { spaceCoder } from '../../lib/bayesian-optimizer/dist/coding';
import { isotropicFit } from '../../lib/bayesian-optimizer/dist/gp/isotropic';
import { kerasTunerCode, kerasTunerSampler } from '../../lib/bayesian-optimizer/dist/samplers/kerasTuner';

/** The published space: every layer's parameters appear when a trial is first that deep. */
function publishedSpace(family: 'dropout' | 'layernorm', units: readonly [number, number, number]): Space {
  const [min, max, step] = units;
  const layer = (i: number): [string, Parameter][] => {
    const when = i === 0 ? {} : { when: { parameter: 'num_layers', atLeast: i + 1 } };
    return [
      [`units_${i}`, { type: 'int', min, max, step, ...when }],
      ...(i === 0 ? [['activation', { type: 'categorical', choices: ['relu'] }] as [string, Parameter]] : []),
      [`L1_${i}`, { type: 'float', min: 1e-12, max: 1e-6, scale: 'log', ...when }],
      ...(family === 'dropout'
        ? [[`drop_${i}`, { type: 'float', min: 0, max: 0.1, ...when }] as [string, Parameter]]
        : []),
    ];
  };
  return Object.fromEntries([
    ['num_layers', { type: 'int', min: 1, max: 4 }],
    ...layer(0),
    ['lr', { type: 'float', min: 1e-7, max: 1e-4, scale: 'log' }],
    ...[1, 2, 3].flatMap(layer),
  ] as [string, Parameter][]);
}

interface State {
  all: Values;
  seedState: number;
  drawn: number;
}

function tenStarts(family: 'dropout' | 'layernorm'): State[] {
  const study = createStudy({
    name: family,
    space: publishedSpace(family, [32, 512, 32]),
    direction: 'maximize',
    sampler: 'keras-tuner',
    seed: 23,
  });
  for (let i = 0; i < 10; i++) study.tell(study.ask()!, i);
  return study.trials().map((trial) => trial.samplerState as State);
}

/** layers; units_0..3; lr; L1_0; drop_0, as the published runs' logs have them. */
const dropoutStarts: [number, number[], number, number, number][] = [
  [4, [384, 32, 32, 32], 2.18208423e-7, 3.04612e-8, 0.0648497],
  [3, [288, 288, 352, 224], 3.86194557e-6, 2.91428e-12, 0.0570328],
  [2, [160, 256, 320, 512], 1.5872741e-7, 1.29145e-10, 0.0548158],
  [1, [160, 224, 384, 192], 2.68209889e-6, 3.69785e-7, 0.0445139],
  [4, [256, 160, 256, 416], 2.7290311e-7, 6.23293e-8, 0.0814478],
  [1, [128, 416, 192, 320], 4.36922752e-6, 3.35945e-10, 0.0912343],
  [4, [480, 480, 32, 448], 6.8984118e-7, 3.01226e-11, 0.013052],
  [4, [288, 480, 512, 192], 7.62679846e-5, 1.14845e-9, 0.0052364],
  [2, [352, 416, 480, 96], 1.01048651e-7, 2.71769e-12, 0.0193436],
  [1, [448, 320, 352, 288], 4.06843067e-7, 7.34378e-7, 0.0993368],
];
const layernormStarts: [number, number[], number, number][] = [
  [4, [384, 32, 32, 32], 8.82046863e-6, 3.04612e-8],
  [1, [288, 320, 288, 352], 1.70712511e-7, 1.18487e-12],
  [1, [256, 224, 480, 288], 1.30513525e-7, 6.86374e-9],
  [2, [128, 64, 32, 128], 5.50717551e-5, 5.04486e-9],
  [2, [480, 64, 384, 480], 1.75481767e-6, 7.19365e-10],
  [1, [160, 416, 96, 288], 1.29321259e-6, 5.07073e-10],
  [2, [384, 224, 128, 224], 2.74071832e-7, 5.61249e-8],
  [3, [416, 224, 320, 512], 1.17272078e-6, 1.4697e-11],
  [4, [384, 480, 256, 128], 6.8984118e-7, 6.06906e-12],
  [4, [128, 64, 32, 480], 3.50601574e-6, 3.61308e-7],
];

function near(actual: unknown, expected: number, relative: number): void {
  assert.ok(
    Math.abs(Number(actual) - expected) <= relative * Math.abs(expected),
    `${String(actual)} is not ${expected}`,
  );
}

for (const [family, starts, seedStates] of [
  ['dropout', dropoutStarts, [29, 164]],
  ['layernorm', layernormStarts, [28, 127]],
] as const) {
  test(`the ten random starts of the ${family} family are the published ones`, () => {
    const states = tenStarts(family);
    starts.forEach(([layers, units, lr, l1, drop], i) => {
      const { all } = states[i]!;
      assert.equal(all['num_layers'], layers);
      assert.deepEqual(
        [0, 1, 2, 3].map((k) => all[`units_${k}`]),
        units,
      );
      near(all['lr'], lr, 5e-9);
      near(all['L1_0'], l1, 2e-5);
      if (drop !== undefined) near(all['drop_0'], drop, 2e-5);
    });
    assert.deepEqual([states[0]!.seedState, states[9]!.seedState], seedStates);
  });
}

test('a trial holds only the parameters of its layers, though the rule samples all', () => {
  const study = createStudy({
    name: 'shallow',
    space: publishedSpace('dropout', [32, 512, 32]),
    direction: 'maximize',
    sampler: 'keras-tuner',
    seed: 23,
  });
  for (let i = 0; i < 4; i++) study.tell(study.ask()!, 0);
  assert.deepEqual(Object.keys(study.trials()[3]!.values), [
    'num_layers',
    'units_0',
    'activation',
    'L1_0',
    'drop_0',
    'lr',
  ]);
});

interface GoldenParameter {
  name: string;
  type: 'int' | 'float' | 'choice';
  min: number;
  max: number;
  step: number | null;
  log: boolean;
  values?: string[];
}
interface GoldenSearch {
  parameters: GoldenParameter[];
  trials: { values: Values; score: number; status: string }[];
}
interface Reference {
  searches: Record<
    string,
    { trial: number; lengthScale: number; logMarginalLikelihood: number; acquisition: number; x: number[] }[]
  >;
}

const shared = process.env['STM_SHARED'] ?? join(__dirname, '..', '..', '..', 'shared');
const goldenFile = join(shared, 'golden', 'search', 'published_searches.json');
const reference = JSON.parse(
  readFileSync(join(__dirname, '..', 'golden', 'search', 'published_proposals.json'), 'utf8'),
) as Reference;

function toParameter(p: GoldenParameter): Parameter {
  if (p.type === 'choice') return { type: 'categorical', choices: p.values! };
  const scale = p.log ? ('log' as const) : ('linear' as const);
  return { type: p.type, min: p.min, max: p.max, scale, ...(p.step === null ? {} : { step: p.step }) };
}

/** The recorded trials as the sampler would have left them: flat space, all parameters known. */
function recorded(search: GoldenSearch, count: number, dimensions: number): TrialRecord[] {
  return search.trials.slice(0, count).map(({ values, score }, number) => ({
    number,
    state: 'complete',
    values,
    value: score,
    objectives: [score],
    constraints: {},
    reports: new Map(),
    attributes: {},
    failure: undefined,
    attempts: 1,
    worker: '',
    samplerState: { all: values, seedState: 0, drawn: Math.max(0, number - 9) * 50 * dimensions },
    startedAt: undefined,
    finishedAt: undefined,
  }));
}

test('both published searches replay: same acquisition values, same trials', (t) => {
  if (!existsSync(goldenFile)) return t.skip(`${goldenFile} is absent`);
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, GoldenSearch>;
  for (const [name, search] of Object.entries(golden)) {
    const space = Object.fromEntries(search.parameters.map((p) => [p.name, toParameter(p)]));
    const codes = search.parameters.map((p) => kerasTunerCode(space[p.name]!));
    const unit = (values: Values): Float64Array =>
      Float64Array.from(search.parameters, (p, i) =>
        codes[i]!.toProbability(values[p.name] ?? (p.type === 'choice' ? p.values![0]! : p.min)),
      );
    const sampler = kerasTunerSampler();
    const coder = spaceCoder(space);
    let reached = 0;
    let same = 0;
    const steps = reference.searches[name]!;
    for (const { trial, acquisition } of steps) {
      const trials = recorded(search, trial, search.parameters.length);
      const proposal = sampler.propose({
        coder,
        direction: 'maximize',
        trials,
        trialNumber: trial,
        studySeed: 23,
      })!;
      const { acquisition: ours } = proposal.state as { acquisition: number };
      if (ours <= acquisition + 1e-3) reached++;
      const theirs = unit(search.trials[trial]!.values);
      const mine = unit((proposal.state as State).all);
      if (theirs.every((u, i) => Math.abs(u - mine[i]!) < 1e-3)) same++;
    }
    t.diagnostic(
      `${name}: ${reached} of ${steps.length} reach the reference acquisition, ${same} decode equal`,
    );
    assert.ok(reached >= 0.95 * steps.length, `${name}: ${reached} of ${steps.length} reach the reference`);
    assert.ok(same >= 0.9 * steps.length, `${name}: ${same} of ${steps.length} decode to the same trial`);
  }
});

test('the Gaussian process has the length scales and likelihoods of scikit-learn', (t) => {
  if (!existsSync(goldenFile)) return t.skip(`${goldenFile} is absent`);
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, GoldenSearch>;
  for (const [name, search] of Object.entries(golden)) {
    const codes = search.parameters.map((p) => kerasTunerCode(toParameter(p)));
    for (const step of reference.searches[name]!.filter((_, i) => i % 7 === 0)) {
      const rows = search.trials.slice(0, step.trial);
      const points = rows.map(({ values }) =>
        Float64Array.from(search.parameters, (p, i) =>
          codes[i]!.toProbability(values[p.name] ?? (p.type === 'choice' ? p.values![0]! : p.min)),
        ),
      );
      const model = isotropicFit(
        points,
        rows.map(({ score }) => -score),
        23,
      );
      near(model.logMarginalLikelihood, step.logMarginalLikelihood, 1e-5);
    }
  }
});

test('the first model of the layer-normalisation run has the printed numbers', (t) => {
  if (!existsSync(goldenFile)) return t.skip(`${goldenFile} is absent`);
  const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, GoldenSearch>;
  const search = golden['layer normalisation, objective validation macro-F1']!;
  const codes = search.parameters.map((p) => kerasTunerCode(toParameter(p)));
  const rows = search.trials.slice(0, 10);
  const model = isotropicFit(
    rows.map(({ values }) =>
      Float64Array.from(search.parameters, (p, i) =>
        codes[i]!.toProbability(values[p.name] ?? (p.type === 'choice' ? p.values![0]! : p.min)),
      ),
    ),
    rows.map(({ score }) => -score),
    23,
  );
  near(model.lengthScale, 0.65610638, 1e-5);
  near(model.logMarginalLikelihood, -14.01690882, 1e-8);
  near(model.yMean, -0.439116243, 1e-8);
  near(model.yDeviation, 0.1748736396, 1e-8);
  const { mean, deviation } = model.predict([
    1, 0.60994, 0.5, 0.61855, 1, 0, 0.55747, 0.0523, 0.55855, 0.3956, 0.24563,
  ]);
  near(mean - 2.6 * deviation, -0.990722, 1e-6);
});
