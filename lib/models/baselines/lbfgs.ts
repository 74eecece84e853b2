/** A smooth function with its gradient, which is written into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Result of `minimise`. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** `converged`: the largest gradient entry fell below the tolerance; `stalled`: no further descent is possible in float64. */
  readonly status: 'converged' | 'stalled' | 'iterations';
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const largest = (a: Float64Array): number => a.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/**
 * Minimises a smooth function by limited-memory BFGS (Nocedal & Wright, algorithms 7.4 and 7.5) with a
 * line search for the weak Wolfe conditions by bisection.
 *
 * @param options `memory` pairs kept (default 10), `tolerance` on the largest gradient entry (1e-6),
 *   `maxIterations` (500).
 */
export function minimise(
  objective: Objective,
  start: Float64Array,
  options: { memory?: number; tolerance?: number; maxIterations?: number } = {},
): Minimum {
  const { memory = 10, tolerance = 1e-6, maxIterations = 500 } = options;
  let x: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (largest(gradient) <= tolerance) return { x, value, iterations: iteration, status: 'converged' };
    let direction = descentDirection(gradient, pairs);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
      slope = dot(direction, gradient);
    }
    const first = pairs.length === 0 ? Math.min(1, 1 / largest(gradient)) : 1;
    const found = lineSearch(objective, x, value, direction, slope, first);
    if (found === undefined) return { x, value, iterations: iteration, status: 'stalled' };
    const s = found.x.map((v, i) => v - x[i]!);
    const y = found.gradient.map((g, i) => g - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    ({ x, gradient, value } = found);
  }
  return { x, value, iterations: maxIterations, status: 'iterations' };
}

function descentDirection(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k]!;
    alphas[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i]! -= alphas[k]! * y[i]!;
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  pairs.forEach(({ s, y, rho }, k) => {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += (alphas[k]! - beta) * s[i]!;
  });
  return q;
}

function lineSearch(
  objective: Objective,
  x: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
  first: number,
): { x: Float64Array; gradient: Float64Array; value: number } | undefined {
  let low = 0;
  let high = Infinity;
  let step = first;
  for (let attempt = 0; attempt < 60; attempt++) {
    const next = x.map((v, i) => v + step * direction[i]!);
    const gradient = new Float64Array(x.length);
    const reached = objective(next, gradient);
    if (!(reached <= value + 1e-4 * step * slope)) high = step;
    else if (dot(gradient, direction) < 0.9 * slope) low = step;
    else return { x: next, gradient, value: reached };
    step = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return undefined;
}
