import { startLineSearch } from './lineSearch';
import { cauchyPoint, createMemory, subspaceMinimum } from './lbfgsbModel';

export interface MinimizeOptions {
  /** Returns the value at `x` and writes the gradient; must not keep or change `x`. */
  readonly objective: (x: Float64Array, gradient: Float64Array) => number;
  readonly start: ArrayLike<number>;
  /** Bounds, one per dimension; -Infinity and Infinity where there is none (the default everywhere). */
  readonly lower?: ArrayLike<number>;
  readonly upper?: ArrayLike<number>;
  /** Stop when the relative decrease of an iteration is at most this. Default 2.220446049250313e-9. */
  readonly ftol?: number;
  /** Stop when the largest component of the projected gradient is at most this. Default 1e-5. */
  readonly gtol?: number;
  /** Default 15000. */
  readonly maxIterations?: number;
  /** Corrections kept. Default 10. */
  readonly memory?: number;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly evaluations: number;
  readonly reason: 'gradient' | 'decrease' | 'iterations' | 'line search';
}

/**
 * Local minimum of a smooth function within bounds, by L-BFGS-B: a projected search along the quadratic
 * model's gradient path, a step in the free variables, and a line search. Defaults are SciPy's, and so is
 * the order of operations, so that paths agree to rounding.
 *
 * Source: Byrd, Lu, Nocedal & Zhu, SIAM J. Sci. Comput. 16 (1995); Morales & Nocedal, ACM TOMS 38 (2011).
 */
export function minimizeBounded(options: MinimizeOptions): Minimum {
  const { objective, ftol = 2.220446049250313e-9, gtol = 1e-5, maxIterations = 15000, memory = 10 } = options;
  const n = options.start.length;
  const lower = Float64Array.from({ length: n }, (_, i) => options.lower?.[i] ?? -Infinity);
  const upper = Float64Array.from({ length: n }, (_, i) => options.upper?.[i] ?? Infinity);
  const boxed = lower.every((low, i) => Number.isFinite(low) && Number.isFinite(upper[i]!));
  const constrained = lower.some((low, i) => Number.isFinite(low) || Number.isFinite(upper[i]!));
  const x = Float64Array.from({ length: n }, (_, i) =>
    Math.min(upper[i]!, Math.max(lower[i]!, options.start[i]!)),
  );
  const gradient = new Float64Array(n);
  const model = createMemory(n, memory);
  let value = objective(x, gradient);
  let evaluations = 1;
  let iterations = 0;

  const projectedNorm = (): number => {
    let norm = 0;
    for (let i = 0; i < n; i++) {
      const g = gradient[i]!;
      const p = g < 0 ? Math.max(x[i]! - upper[i]!, g) : Math.min(x[i]! - lower[i]!, g);
      norm = Math.max(norm, Math.abs(p));
    }
    return norm;
  };
  const finish = (reason: Minimum['reason']): Minimum => ({ x, value, iterations, evaluations, reason });

  const target = new Float64Array(n);
  const direction = new Float64Array(n);
  const xOld = new Float64Array(n);
  const gradientOld = new Float64Array(n);
  if (projectedNorm() <= gtol) return finish('gradient');
  while (iterations < maxIterations) {
    const cauchy = cauchyPoint(model, x, gradient, lower, upper, target);
    if (model.count > 0 && cauchy.free.length > 0) {
      if (!subspaceMinimum(model, x, gradient, lower, upper, target, cauchy)) {
        model.clear();
        continue;
      }
    }

    let slope = 0;
    let length = 0;
    for (let i = 0; i < n; i++) {
      const d = target[i]! - x[i]!;
      direction[i] = d;
      slope += d * gradient[i]!;
      length += d * d;
    }
    length = Math.sqrt(length);
    const maxStep = largestStep(x, direction, lower, upper, constrained, iterations === 0);
    const firstStep = iterations === 0 && !boxed ? Math.min(1 / length, maxStep) : 1;
    xOld.set(x);
    gradientOld.set(gradient);
    const valueOld = value;
    const slopeOld = slope;
    const giveUp = (): void => {
      x.set(xOld);
      gradient.set(gradientOld);
      value = valueOld;
    };

    let failed = slope >= 0;
    let step = firstStep;
    if (!failed) {
      const search = startLineSearch({ value, slope, step: firstStep, maxStep });
      for (let tries = 0; search.status === 'evaluate'; tries++) {
        if (tries >= 20) {
          failed = true;
          break;
        }
        step = search.step;
        for (let i = 0; i < n; i++) {
          x[i] =
            step === 1
              ? target[i]!
              : Math.min(upper[i]!, Math.max(lower[i]!, xOld[i]! + step * direction[i]!));
        }
        value = objective(x, gradient);
        evaluations++;
        slope = 0;
        for (let i = 0; i < n; i++) slope += gradient[i]! * direction[i]!;
        if (!Number.isFinite(value) || !Number.isFinite(slope)) {
          failed = true;
          break;
        }
        search.advance(value, slope);
      }
    }
    if (failed) {
      giveUp();
      if (model.count === 0) return finish('line search');
      model.clear();
      continue;
    }
    iterations++;
    if (projectedNorm() <= gtol) return finish('gradient');
    if (valueOld - value <= ftol * Math.max(Math.abs(valueOld), Math.abs(value), 1))
      return finish('decrease');

    let yy = 0;
    for (let i = 0; i < n; i++) {
      const y = gradient[i]! - gradientOld[i]!;
      gradientOld[i] = y;
      yy += y * y;
    }
    const sy = step === 1 ? slope - slopeOld : (slope - slopeOld) * step;
    if (step !== 1) for (let i = 0; i < n; i++) direction[i] = direction[i]! * step;
    if (sy > Number.EPSILON * -slopeOld * step) model.add(direction, gradientOld, sy, yy);
  }
  return finish('iterations');
}

function largestStep(
  x: Float64Array,
  direction: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  constrained: boolean,
  first: boolean,
): number {
  if (!constrained) return 1e10;
  if (first) return 1;
  let largest = 1e10;
  for (let i = 0; i < x.length; i++) {
    const d = direction[i]!;
    if (d < 0 && lower[i]! > -Infinity) {
      const room = lower[i]! - x[i]!;
      if (room >= 0) largest = 0;
      else if (d * largest < room) largest = room / d;
    } else if (d > 0 && upper[i]! < Infinity) {
      const room = upper[i]! - x[i]!;
      if (room <= 0) largest = 0;
      else if (d * largest > room) largest = room / d;
    }
  }
  return largest;
}
