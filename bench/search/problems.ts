import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomState } from 'research-basics/random/mt19937';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Space, Values } from 'bayesian-optimizer';

/** A test problem, to be minimised. */
export interface Problem {
  readonly name: string;
  readonly space: Space;
  /** Noise-free value. */
  truth(values: Values): number;
  /** Smallest noise-free value. */
  readonly optimum: number;
  /** Standard deviation of the noise added to what the search sees. */
  readonly noise: number;
}

/** What a search sees: the same noise for the same problem, seed and trial, whatever the method. */
export function observe(problem: Problem, values: Values, seed: number, trial: number): number {
  const truth = problem.truth(values);
  if (problem.noise === 0) return truth;
  return truth + problem.noise * randomState(deriveSeed(seed, problem.name, trial)).normal();
}

export function box(lower: number, upper: number, dimensions: number): Space {
  return Object.fromEntries(
    Array.from({ length: dimensions }, (_, i) => [
      `x${i}`,
      { type: 'float' as const, min: lower, max: upper },
    ]),
  );
}

export const vector = (values: Values): number[] => Object.values(values).map(Number);

const branin = (values: Values): number => {
  const [x = 0, y = 0] = vector(values);
  const valley = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
  return valley * valley + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
};

const braninSpace: Space = {
  x0: { type: 'float', min: -5, max: 10 },
  x1: { type: 'float', min: 0, max: 15 },
};

const hartmannA = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const hartmannP = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];
export const hartmann = (values: Values): number => {
  const x = vector(values);
  return -[1, 1.2, 3, 3.2].reduce((sum, weight, i) => {
    const distance = x.reduce((d, v, j) => d + hartmannA[i]![j]! * (v - hartmannP[i]![j]!) ** 2, 0);
    return sum + weight * Math.exp(-distance);
  }, 0);
};

const ackley = (values: Values): number => {
  const x = vector(values);
  const mean = (f: (v: number) => number): number => x.reduce((sum, v) => sum + f(v), 0) / x.length;
  return (
    -20 * Math.exp(-0.2 * Math.sqrt(mean((v) => v * v))) -
    Math.exp(mean((v) => Math.cos(2 * Math.PI * v))) +
    20 +
    Math.E
  );
};

const levy = (values: Values): number => {
  const w = vector(values).map((v) => 1 + (v - 1) / 4);
  const last = w.at(-1)!;
  const inner = w
    .slice(0, -1)
    .reduce((sum, v) => sum + (v - 1) ** 2 * (1 + 10 * Math.sin(Math.PI * v + 1) ** 2), 0);
  return Math.sin(Math.PI * w[0]!) ** 2 + inner + (last - 1) ** 2 * (1 + Math.sin(2 * Math.PI * last) ** 2);
};

const rosenbrock = (values: Values): number => {
  const x = vector(values);
  return x.slice(1).reduce((sum, v, i) => sum + 100 * (v - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0);
};

/** Whole numbers that interact, two choices of which one changes where the best number lies, and a log scale. */
const mixed: Problem = {
  name: 'mixed',
  space: {
    depth: { type: 'int', min: 1, max: 12 },
    width: { type: 'int', min: 8, max: 512, scale: 'log' },
    kernel: { type: 'categorical', choices: ['a', 'b', 'c', 'd'] },
    norm: { type: 'categorical', choices: ['none', 'batch', 'layer'] },
    rate: { type: 'float', min: 1e-5, max: 1, scale: 'log' },
    drop: { type: 'float', min: 0, max: 0.8 },
  },
  noise: 0,
  optimum: 0,
  truth: (v) => {
    const depth = Number(v['depth']);
    const width = Math.log2(Number(v['width']) / 96);
    const rate = Math.log10(Number(v['rate'])) + 2.7;
    const bestDepth = { a: 3, b: 7, c: 10, d: 5 }[v['kernel'] as string]!;
    const penalty = { a: 0.5, b: 0, c: 0.3, d: 0.8 }[v['kernel'] as string]!;
    const norm = { none: 0.6, batch: 0.15, layer: 0 }[v['norm'] as string]!;
    return (
      penalty +
      norm +
      0.06 * (depth - bestDepth) ** 2 +
      0.2 * width ** 2 +
      0.5 * (rate + 0.15 * width) ** 2 +
      3 * (Number(v['drop']) - 0.25 - 0.02 * (depth - bestDepth)) ** 2
    );
  },
};

/** A network's shape: each further layer brings its own width and dropout, and pays off up to three. */
const layerSpace = Object.fromEntries(
  [1, 2, 3, 4].flatMap((layer) => {
    const when = layer === 1 ? {} : { when: { parameter: 'layers', atLeast: layer } };
    return [
      [`units${layer}`, { type: 'int' as const, min: 32, max: 512, step: 32, ...when }],
      [`drop${layer}`, { type: 'float' as const, min: 0, max: 0.5, ...when }],
    ];
  }),
);
const conditional: Problem = {
  name: 'conditional',
  space: {
    layers: { type: 'int', min: 1, max: 4 },
    lr: { type: 'float', min: 1e-5, max: 1e-1, scale: 'log' },
    ...layerSpace,
  },
  noise: 0,
  optimum: 0,
  truth: (v) => {
    const layers = Number(v['layers']);
    let loss = [1.2, 0.5, 0, 0.3][layers - 1]!;
    loss += 0.4 * (Math.log10(Number(v['lr'])) + 3 + 0.2 * (layers - 3)) ** 2;
    for (let i = 1; i <= layers; i++) {
      loss += 2 * ((Number(v[`units${i}`]) - [384, 256, 160, 96][i - 1]!) / 512) ** 2;
      loss += 4 * (Number(v[`drop${i}`]) - [0.1, 0.2, 0.3, 0.2][i - 1]!) ** 2;
    }
    return loss;
  },
};

interface TrainingTable {
  readonly space: Space;
  readonly direction: 'minimize' | 'maximize';
  readonly rows: readonly { readonly values: Values; readonly score: number }[];
}

/**
 * Real training results, recorded over a whole grid of configurations: a file of `bench/data` that holds
 * `{ space, direction, rows: [{ values, score }] }` with a row for every configuration of the space.
 */
export function tableProblem(name: string, table: string): Problem {
  const file = join(__dirname, '..', 'data', table);
  const { space, direction, rows } = JSON.parse(readFileSync(file, 'utf8')) as TrainingTable;
  const sign = direction === 'maximize' ? -1 : 1;
  const key = (values: Values): string => JSON.stringify(Object.keys(space).map((one) => values[one]));
  const scores = new Map(rows.map(({ values, score }) => [key(values), sign * score]));
  return {
    name,
    space,
    noise: 0,
    optimum: Math.min(...scores.values()),
    truth: (values) => {
      const score = scores.get(key(values));
      if (score === undefined) throw new Error(`${file}: no row for ${JSON.stringify(values)}`);
      return score;
    },
  };
}

/** The problems that samplers were tuned on. Boxes around a central optimum are shifted: no method may profit from trying the middle. */
export function problems(): Problem[] {
  return [
    { name: 'branin', space: braninSpace, truth: branin, optimum: 0.39788735772973816, noise: 0 },
    { name: 'hartmann6', space: box(0, 1, 6), truth: hartmann, optimum: -3.3223680114155147, noise: 0 },
    { name: 'ackley10', space: box(-20, 44, 10), truth: ackley, optimum: 0, noise: 0 },
    { name: 'levy8', space: box(-10, 10, 8), truth: levy, optimum: 0, noise: 0 },
    { name: 'rosenbrock5', space: box(-5, 10, 5), truth: rosenbrock, optimum: 0, noise: 0 },
    mixed,
    conditional,
    { name: 'noisy branin', space: braninSpace, truth: branin, optimum: 0.39788735772973816, noise: 1 },
    {
      name: 'noisy hartmann6',
      space: box(0, 1, 6),
      truth: hartmann,
      optimum: -3.3223680114155147,
      noise: 0.1,
    },
    tableProblem('training table', 'trainingTable.json'),
  ];
}
