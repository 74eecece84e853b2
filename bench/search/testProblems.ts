import type { Space, Values } from 'bayesian-optimizer';
import { box, hartmann, tableProblem, vector, type Problem } from './problems';

/*
 * Problems that no sampler of ours was tuned on. Optima in the middle of a box are moved away from it.
 */

const sum = (x: readonly number[], f: (v: number, i: number) => number): number =>
  x.reduce((total, v, i) => total + f(v, i), 0);

const camel = (values: Values): number => {
  const [x = 0, y = 0] = vector(values);
  return (4 - 2.1 * x * x + x ** 4 / 3) * x * x + x * y + (4 * y * y - 4) * y * y;
};
const camelSpace: Space = {
  x0: { type: 'float', min: -3, max: 3 },
  x1: { type: 'float', min: -2, max: 2 },
};

const shekelCentres = [
  [4, 4, 4, 4], [1, 1, 1, 1], [8, 8, 8, 8], [6, 6, 6, 6], [3, 7, 3, 7],
  [2, 9, 2, 9], [5, 3, 5, 3], [8, 1, 8, 1], [6, 2, 6, 2], [7, 3.6, 7, 3.6],
]; // prettier-ignore
const shekelWidths = [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5];
const shekel = (values: Values): number => {
  const x = vector(values);
  return -sum(shekelWidths, (width, i) => 1 / (width + sum(x, (v, j) => (v - shekelCentres[i]![j]!) ** 2)));
};

const styblinskiTang = (values: Values): number =>
  sum(vector(values), (v) => v ** 4 - 16 * v * v + 5 * v) / 2;
const styblinskiTangOptimum = -39.16616570377142;

const rastrigin = (values: Values): number =>
  sum(vector(values), (v) => v * v - 10 * Math.cos(2 * Math.PI * v) + 10);

const dixonPrice = (values: Values): number => {
  const x = vector(values);
  return (x[0]! - 1) ** 2 + sum(x.slice(1), (v, i) => (i + 2) * (2 * v * v - x[i]!) ** 2);
};

const zakharov = (values: Values): number => {
  const x = vector(values);
  const slope = sum(x, (v, i) => 0.5 * (i + 1) * v);
  return sum(x, (v) => v * v) + slope ** 2 + slope ** 4;
};

const griewank = (values: Values): number => {
  const x = vector(values);
  const product = x.reduce((all, v, i) => all * Math.cos(v / Math.sqrt(i + 1)), 1);
  return sum(x, (v) => v * v) / 4000 - product + 1;
};

/** Flat steps that tell a search nothing between their edges. */
const plateaus = (values: Values): number =>
  sum(vector(values), (v, i) => Math.floor(6 * Math.abs(v - (0.15 + 0.1 * i))));

/** An optimiser with parameters of its own, a schedule that one of them needs, and whole numbers that interact. */
const optimiser: Problem = {
  name: 'optimiser',
  space: {
    method: { type: 'categorical', choices: ['sgd', 'adam', 'lamb'] },
    logRate: { type: 'float', min: -6, max: 0 },
    momentum: { type: 'float', min: 0, max: 0.99, when: { parameter: 'method', in: ['sgd'] } },
    beta: { type: 'float', min: 0.5, max: 0.999, when: { parameter: 'method', in: ['adam', 'lamb'] } },
    batch: { type: 'int', min: 8, max: 512, scale: 'log' },
    warmUp: { type: 'int', min: 0, max: 20 },
    warmUpShape: {
      type: 'categorical',
      choices: ['linear', 'cosine', 'constant'],
      when: { parameter: 'warmUp', atLeast: 5 },
    },
    decay: { type: 'float', min: 1e-6, max: 1e-1, scale: 'log' },
  },
  noise: 0,
  optimum: 0,
  truth: (v) => {
    const method = v['method'] as 'sgd' | 'adam' | 'lamb';
    const batch = Math.log2(Number(v['batch']) / 64);
    const rate = Number(v['logRate']) - { sgd: -1, adam: -3, lamb: -2 }[method] - 0.2 * batch;
    const memory = method === 'sgd' ? Number(v['momentum']) - 0.9 : Number(v['beta']) - 0.95;
    const shape = { linear: 0, cosine: 0.05, constant: 0.4 }[(v['warmUpShape'] ?? 'constant') as 'linear'];
    return (
      { sgd: 0.1, adam: 0, lamb: 0.3 }[method] +
      Math.min(2, 0.5 * rate ** 2 + 0.3 * Math.abs(rate)) +
      2 * memory ** 2 +
      0.05 * batch ** 2 +
      0.01 * Math.abs(Number(v['warmUp']) - 8) +
      shape +
      0.1 * (Math.log10(Number(v['decay'])) + 4) ** 2
    );
  },
};

/** Problems never used for tuning. */
export function testProblems(): Problem[] {
  return [
    { name: 'camel', space: camelSpace, truth: camel, optimum: -1.031628453489877, noise: 0 },
    { name: 'noisy camel', space: camelSpace, truth: camel, optimum: -1.031628453489877, noise: 0.3 },
    { name: 'shekel4', space: box(0, 10, 4), truth: shekel, optimum: -10.536443153483534, noise: 0 },
    {
      name: 'noisy styblinski-tang4',
      space: box(-5, 5, 4),
      truth: styblinskiTang,
      optimum: 4 * styblinskiTangOptimum,
      noise: 5,
    },
    { name: 'rastrigin5', space: box(-3.12, 7.12, 5), truth: rastrigin, optimum: 0, noise: 0 },
    { name: 'zakharov6', space: box(-5, 10, 6), truth: zakharov, optimum: 0, noise: 0 },
    { name: 'griewank6', space: box(-40, 80, 6), truth: griewank, optimum: 0, noise: 0 },
    { name: 'plateaus8', space: box(0, 1, 8), truth: plateaus, optimum: 0, noise: 0 },
    {
      name: 'styblinski-tang12',
      space: box(-5, 5, 12),
      truth: styblinskiTang,
      optimum: 12 * styblinskiTangOptimum,
      noise: 0,
    },
    { name: 'dixon-price20', space: box(-10, 10, 20), truth: dixonPrice, optimum: 0, noise: 0 },
    {
      name: 'hartmann6 of 30',
      space: box(0, 1, 30),
      truth: (values) => hartmann(Object.fromEntries(Object.entries(values).filter((_, i) => i % 5 === 2))),
      optimum: -3.3223680114155147,
      noise: 0,
    },
    optimiser,
    tableProblem('svm table', 'svmTable.json'),
    tableProblem('trees table', 'treesTable.json'),
  ];
}
