import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { logExpectedImprovement } from '../../lib/bayesian-optimizer/dist/gp/acquisition';
import { conditionGp, fitGp, startOf, negativeLogPosterior } from '../../lib/bayesian-optimizer/dist/gp/fit';
import { logOutcome, plainOutcome } from '../../lib/bayesian-optimizer/dist/gp/outcome';
import { minimizeBounded } from 'research-basics/numerics/lbfgsb';
import {
  choleskyInPlace,
  gramOfLower,
  invertLower,
  generalSolver,
  solveLower,
  solveLowerTransposed,
  timesLower,
  timesLowerTransposed,
} from 'research-basics/numerics/linearSystem';
import {
  logImprovement,
  logNormalCumulative,
  normalCumulative,
  normalQuantile,
} from '../../lib/bayesian-optimizer/dist/numerics/normal';
import { sobolSequence } from '../../lib/bayesian-optimizer/dist/numerics/sobol';

function close(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual} is not ${expected}`);
}

interface Case {
  name: 'rosenbrock' | 'quartic';
  start: number[];
  lower: (number | null)[];
  upper: (number | null)[];
  x: number[];
  value: number;
  iterations: number;
  evaluations: number;
}

const functions = {
  rosenbrock: (x: Float64Array, g: Float64Array): number => {
    let f = 0;
    g.fill(0);
    for (let i = 0; i < x.length - 1; i++) {
      const a = x[i + 1]! - x[i]! ** 2;
      const b = 1 - x[i]!;
      f += 100 * a * a + b * b;
      g[i] = g[i]! - 400 * x[i]! * a - 2 * b;
      g[i + 1] = g[i + 1]! + 200 * a;
    }
    return f;
  },
  quartic: (x: Float64Array, g: Float64Array): number => {
    const n = x.length;
    let f = x[0]! * x[n - 1]!;
    for (let i = 0; i < n; i++) {
      const d = x[i]! - (i + 1) / 3;
      f += d ** 4 + 0.1 * d * d;
      g[i] = 4 * d ** 3 + 0.2 * d;
    }
    g[0] = g[0]! + x[n - 1]!;
    g[n - 1] = g[n - 1]! + x[0]!;
    return f;
  },
};

test('L-BFGS-B takes the path of SciPy: same point, same numbers of iterations and evaluations', () => {
  const { cases } = JSON.parse(
    readFileSync(join(__dirname, '..', 'golden', 'search', 'lbfgsb.json'), 'utf8'),
  ) as { cases: Case[] };
  assert.equal(cases.length, 18);
  for (const c of cases) {
    const found = minimizeBounded({
      objective: functions[c.name],
      start: c.start,
      lower: c.lower.map((v) => v ?? -Infinity),
      upper: c.upper.map((v) => v ?? Infinity),
    });
    const what = `${c.name} in ${c.start.length} dimensions:`;
    close(found.value, c.value, 1e-8 * Math.max(1, Math.abs(c.value)), what);
    c.x.forEach((v, i) => close(found.x[i]!, v, 1e-4, what));
    close(found.iterations, c.iterations, 1, `${what} iterations`);
    close(found.evaluations, c.evaluations, 2, `${what} evaluations`);
  }
});

test('L-BFGS-B stops at a start that is optimal, keeps to the bounds and survives an infinite value', () => {
  const bowl = (x: Float64Array, g: Float64Array): number => {
    g[0] = 2 * x[0]!;
    return x[0]! ** 2;
  };
  assert.equal(minimizeBounded({ objective: bowl, start: [0] }).evaluations, 1);
  assert.equal(minimizeBounded({ objective: bowl, start: [5], lower: [2], upper: [9] }).x[0], 2);
  const wall = (x: Float64Array, g: Float64Array): number => {
    g[0] = 2 * (x[0]! - 3);
    return x[0]! > 2 ? Infinity : (x[0]! - 3) ** 2;
  };
  const { value } = minimizeBounded({ objective: wall, start: [0] });
  assert.ok(Number.isFinite(value) && value < 9);
});

test('Cholesky, triangular and general solves invert what they factor', () => {
  const random = randomState(4);
  // Loops take several rows and columns at a time: every remainder.
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 13, 14]) {
    const b = random.uniform(-1, 1, n * n);
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) a[i * n + j]! += b[i * n + k]! * b[j * n + k]!;
      }
      a[i * n + i]! += 0.1;
    }
    const x = random.uniform(-1, 1, n);
    const right = Float64Array.from({ length: n }, (_, i) => x.reduce((s, v, j) => s + a[i * n + j]! * v, 0));
    const factor = a.slice();
    assert.ok(choleskyInPlace(factor, n));
    solveLowerTransposed(factor, n, solveLower(factor, n, right.slice())).forEach((v, i) =>
      close(v, x[i]!, 1e-9),
    );
    const inverse = invertLower(factor, n, new Float64Array(n * n));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = j; k <= i; k++) sum += factor[i * n + k]! * inverse[k * n + j]!;
        close(sum, i === j ? 1 : 0, 1e-9);
      }
    }
    const image = new Float64Array(n);
    timesLower(inverse, n, right, image);
    const back = new Float64Array(n);
    timesLowerTransposed(inverse, n, image, back);
    back.forEach((v, i) => close(v, x[i]!, 1e-9));
    const gram = gramOfLower(inverse, n, new Float64Array(n * n));
    for (let i = 0; i < n; i++) {
      const column = Float64Array.from({ length: n }, (_, k) => gram[Math.max(i, k) * n + Math.min(i, k)]!);
      close(
        column.reduce((sum, v, k) => sum + v * right[k]!, 0),
        x[i]!,
        1e-9,
      );
    }
    const general = right.slice();
    generalSolver(a.slice(), n)!(general);
    general.forEach((v, i) => close(v, x[i]!, 1e-9));
  }
  assert.equal(choleskyInPlace(Float64Array.of(1, 2, 2, 1), 2), false);
  assert.equal(generalSolver(Float64Array.of(1, 2, 2, 4), 2), undefined);
});

test('normal distribution: known values, far tails, and the quantile undoes it', () => {
  close(normalCumulative(1.959963984540054), 0.975, 1e-14);
  close(normalCumulative(-10) / 7.619853024160527e-24, 1, 1e-12);
  close(logNormalCumulative(-40), -804.6084420137539, 1e-9);
  close(normalCumulative(0), 0.5, 1e-16);
  for (const p of [1e-300, 1e-9, 0.02, 0.31, 0.5, 0.9, 1 - 1e-9]) {
    const z = normalQuantile(p);
    close(Math.exp(logNormalCumulative(z)) / p, 1, 1e-9, `quantile of ${p}:`);
  }
  assert.equal(normalQuantile(0), -Infinity);
  assert.equal(normalQuantile(1), Infinity);
});

test('log improvement: joins smoothly, matches its asymptote, and has the slope of differences', () => {
  close(logImprovement(-1 - 1e-9).value, logImprovement(-1 + 1e-9).value, 1e-8);
  close(logImprovement(0).value, -0.5 * Math.log(2 * Math.PI), 1e-14);
  // h(z) ~ phi(z) / z^2 (1 - 3 / z^2) far below.
  close(logImprovement(-1000).value, -500000 - 0.5 * Math.log(2 * Math.PI) - 2 * Math.log(1000) - 3e-6, 1e-9);
  assert.ok(Number.isFinite(logImprovement(-1e6).value));
  for (const z of [-30, -3, -0.5, 0.7, 4]) {
    const slope = (logImprovement(z + 1e-6).value - logImprovement(z - 1e-6).value) / 2e-6;
    close(logImprovement(z).slope / slope, 1, 1e-6, `slope at ${z}:`);
  }
});

test('Sobol points: every dimension is a permutation of equal cells, pairs fill every elementary box', () => {
  for (const seed of [1, 2]) {
    const sequence = sobolSequence(64, seed);
    const points = Array.from({ length: 256 }, (_, i) => sequence.at(i));
    for (let d = 0; d < 64; d++) {
      assert.equal(new Set(points.map((p) => Math.floor(p[d]! * 256))).size, 256, `dimension ${d}`);
    }
    const boxes = new Set(points.map((p) => Math.floor(p[0]! * 16) * 16 + Math.floor(p[1]! * 16)));
    assert.equal(boxes.size, 256);
  }
  assert.notDeepEqual(sobolSequence(3, 1).at(5), sobolSequence(3, 2).at(5));
  const wide = sobolSequence(80, 1).at(7);
  assert.ok(wide.length === 80 && wide.every((v) => v >= 0 && v < 1));
});

test('the posterior density and the acquisition have the gradients of finite differences', () => {
  const random = randomState(3);
  const n = 23;
  // Four columns are taken at a time, unless one of them has no order.
  const d = 6;
  const x = random.uniform(0, 1, n * d);
  for (let i = 0; i < n; i++) x[i * d + 3] = Math.floor(x[i * d + 3]! * 3);
  const y = Float64Array.from({ length: n }, () => random.normal());
  const design = { n, d, x, categorical: [false, false, false, true, false, false] };
  const theta = Float64Array.from([-0.5, 0.3, -1, 0.2, 0.6, -0.2, 0.1, -0.7, -3]);
  const gradient = new Float64Array(d + 3);
  const unused = new Float64Array(d + 3);
  negativeLogPosterior(design, y, theta, gradient);
  for (let i = 0; i < d + 3; i++) {
    const up = theta.slice();
    const down = theta.slice();
    up[i] = up[i]! + 1e-6;
    down[i] = down[i]! - 1e-6;
    const slope =
      (negativeLogPosterior(design, y, up, unused) - negativeLogPosterior(design, y, down, unused)) / 2e-6;
    close(gradient[i]! / slope, 1, 1e-6, `parameter ${i}:`);
  }
  const acquisition = logExpectedImprovement(conditionGp(design, y, theta), -1);
  const point = Float64Array.from([0.3, 0.6, 0.2, 1, 0.7, 0.4]);
  const byX = new Float64Array(d);
  acquisition.valueAndGradient(point, byX);
  for (const i of [0, 1, 2, 4, 5]) {
    const up = point.slice();
    const down = point.slice();
    up[i] = up[i]! + 1e-6;
    down[i] = down[i]! - 1e-6;
    close(byX[i]! / ((acquisition.value(up) - acquisition.value(down)) / 2e-6), 1, 1e-5, `column ${i}:`);
  }
  assert.equal(byX[3], 0);
});

test('a place seen ten times under noise is worth less than one of the same mean seen once', () => {
  const x = Float64Array.from([...new Array<number>(10).fill(0.2), 0.8]);
  const design = { n: 11, d: 1, x, categorical: [false] };
  const theta = Float64Array.of(Math.log(0.1), 0, Math.log(1e-3), Math.log(0.1));
  const { value } = logExpectedImprovement(conditionGp(design, new Float64Array(11), theta), 0);
  assert.ok(value(Float64Array.of(0.2)) < value(Float64Array.of(0.8)) - 1.5);
});

test('noise too small to matter discounts nothing: the value is the expected improvement itself', () => {
  const design = { n: 3, d: 1, x: Float64Array.of(0.1, 0.4, 0.9), categorical: [false] };
  const y = Float64Array.of(1, -1, 0.5);
  const at = (noise: number): number => {
    const theta = Float64Array.of(Math.log(0.3), 0, Math.log(1e-3), Math.log(noise));
    const { predict, value } = logExpectedImprovement(conditionGp(design, y, theta), -1);
    const point = Float64Array.of(0.55);
    const { mean, variance } = predict(point);
    const deviation = Math.sqrt(variance);
    return value(point) - logImprovement((-1 - mean) / deviation).value - Math.log(deviation);
  };
  close(at(5e-5), 0, 1e-12);
  assert.ok(at(1e-2) < -0.1, `${at(1e-2)}`);
});

test('a fitted process finds the columns that matter and the noise', () => {
  const random = randomState(8);
  const n = 60;
  const d = 3;
  const x = random.uniform(0, 1, n * d);
  const clean = Float64Array.from({ length: n }, (_, i) => Math.sin(6 * x[i * d]!));
  const { y } = plainOutcome(clean.map((v) => v + 0.2 * random.normal()));
  const { parameters } = fitGp({ n, d, x, categorical: [false, false, false] }, y, startOf(d, 'smooth'));
  const [first = 0, ...others] = parameters.lengthScales;
  assert.ok(
    others.every((l) => l > 3 * first),
    `length scales ${parameters.lengthScales.join(', ')}`,
  );
  const spread = 0.2 ** 2 / 0.5;
  assert.ok(parameters.noise > spread / 3 && parameters.noise < spread * 3, `noise ${parameters.noise}`);
});

test('a trend in every column is recognised from few points, and none is seen where there is none', () => {
  const random = randomState(12);
  const d = 9;
  const categorical = Array.from({ length: d }, (_, c) => c === d - 1);
  const sample = (n: number): Float64Array =>
    random.uniform(0, 1, n * d).map((v, at) => (at % d === d - 1 ? Math.floor(3 * v) : v));
  const values = (x: Float64Array, f: (row: Float64Array) => number): Float64Array =>
    Float64Array.from({ length: x.length / d }, (_, i) => f(x.subarray(i * d, (i + 1) * d)));
  const bowl = (row: Float64Array): number =>
    row.reduce((sum, v, c) => sum + (c < d - 1 ? (c + 1) * (v - 0.1 * c) ** 2 : [2, 0, 3][v]!), 0);
  // A product of waves has no mean along any column.
  const waves = (row: Float64Array): number => Math.sin(7 * row[0]!) * Math.sin(8 * row[1]! + 1);

  const x = sample(40);
  const design = { n: 40, d, x, categorical };
  const losses = values(x, bowl);
  const { y } = plainOutcome(losses);
  const gp = fitGp(design, y, startOf(d, 'smooth'));
  const { trend, amplitude, noise } = gp.parameters;
  assert.ok(trend > 4 * (amplitude + noise), `trend ${trend}, amplitude ${amplitude}, noise ${noise}`);

  const { predict } = logExpectedImprovement(gp, 0);
  const without = conditionGp(
    design,
    y,
    gp.theta.map((v, at) => (at === d + 1 ? Math.log(1e-6) : at === d ? 0 : v)),
  );
  const stationary = logExpectedImprovement(without, 0).predict;
  const mean = losses.reduce((a, b) => a + b, 0) / 40;
  const deviation = Math.sqrt(losses.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 40);
  const fresh = sample(200);
  const truth = values(fresh, bowl).map((v) => (v - mean) / deviation);
  const error = (of: typeof predict): number =>
    Math.sqrt(
      truth.reduce((sum, v, i) => sum + (of(fresh.subarray(i * d, (i + 1) * d)).mean - v) ** 2, 0) / 200,
    );
  assert.ok(error(predict) < 0.15 && error(predict) < error(stationary) / 2, `${error(predict)}`);

  const rough = fitGp(design, plainOutcome(values(x, waves)).y, startOf(d, 'rough')).parameters;
  assert.ok(rough.trend < 0.3 * rough.amplitude, `trend ${rough.trend}, amplitude ${rough.amplitude}`);
});

test('outcome scales: standardised, order kept, the log one compresses the bad, Jacobians as by differences', () => {
  const losses = Float64Array.of(1, 2, 3, 4, 5, 1e3, 1e4, 6, 7);
  const plain = plainOutcome(losses);
  const log = logOutcome(losses)!;
  for (const { y } of [plain, log]) {
    close(
      y.reduce((a, b) => a + b, 0),
      0,
      1e-12,
    );
    close(
      y.reduce((a, b) => a + b * b, 0),
      9,
      1e-12,
    );
    const order = (v: Float64Array): number[] => [...v.keys()].sort((a, b) => v[a]! - v[b]!);
    assert.deepEqual(order(y), order(losses));
  }
  assert.ok(log.y[6]! - log.y[4]! < 11 * (log.y[4]! - log.y[0]!));
  // dy / dloss of the log scale at loss 3, with the spread that standardising divides by.
  const spread = (log.y[1]! - log.y[0]!) / (Math.log1p(1 / 4) - Math.log1p(0));
  const slopes = [...losses].reduce((sum, v) => sum + Math.log(spread / (4 + v - 1)), 0);
  close(log.logJacobian, slopes, 1e-9);
  assert.equal(logOutcome(Float64Array.of(2, 2, 2)), undefined);
});

test('L-BFGS without bounds finds the minimum of the Rosenbrock valley', () => {
  const { x, reason } = minimizeBounded({
    objective: (p, g) => {
      const [a, b] = [p[0]!, p[1]!];
      g[0] = -2 * (1 - a) - 400 * a * (b - a * a);
      g[1] = 200 * (b - a * a);
      return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    },
    start: [-1.2, 1],
    ftol: 0,
    gtol: 1e-6,
  });
  assert.equal(reason, 'gradient');
  assert.ok(Math.abs(x[0]! - 1) < 1e-5 && Math.abs(x[1]! - 1) < 1e-5);
});
