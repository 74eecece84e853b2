import { randomState } from 'research-basics/random/mt19937';
import { minimizeBounded } from 'research-basics/numerics/lbfgsb';
import {
  choleskyInPlace,
  invertLower,
  solveLower,
  solveLowerTransposed,
} from 'research-basics/numerics/linearSystem';

/** Gaussian process of keras-tuner: Matern 5/2, one length scale, fixed noise 1e-4. */
export interface IsotropicModel {
  readonly lengthScale: number;
  readonly logMarginalLikelihood: number;
  readonly yMean: number;
  readonly yDeviation: number;
  /** Mean and standard deviation (noise-free) in the units of the losses. */
  predict(x: ArrayLike<number>): { mean: number; deviation: number };
}

const noise = 1e-4;
const lengthBounds = [Math.log(1e-5), Math.log(1e5)] as const;
const restarts = 20;

/**
 * Fits the length scale by maximum marginal likelihood, from 1 and 20 random restarts.
 *
 * @param points unit-cube points, all of one length.
 * @param losses to be minimised, one per point; normalised inside (population deviation).
 * @param seed of the restarts: NumPy's RandomState(seed), created again for each fit.
 * Source: scikit-learn 1.4 GaussianProcessRegressor(Matern(nu=2.5), alpha=1e-4, normalize_y=True).
 */
export function isotropicFit(
  points: readonly Float64Array[],
  losses: readonly number[],
  seed: number,
): IsotropicModel {
  const n = points.length;
  const yMean = losses.reduce((sum, y) => sum + y, 0) / n;
  const variance = losses.reduce((sum, y) => sum + (y - yMean) ** 2, 0) / n;
  const yDeviation = Math.sqrt(variance) || 1;
  const y = Float64Array.from(losses, (loss) => (loss - yMean) / yDeviation);
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const d = Math.sqrt(squaredDistance(points[i]!, points[j]!, 1));
      distances[i * n + j] = d;
      distances[j * n + i] = d;
    }
  }

  const factorise = (logLength: number): Float64Array | undefined => {
    const l = Math.exp(logLength);
    const k = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) k[i * n + j] = matern(distances[i * n + j]! / l);
      k[i * n + i] = 1 + noise;
    }
    return choleskyInPlace(k, n) ? k : undefined;
  };
  const negativeLikelihood = (theta: Float64Array, gradient: Float64Array): number => {
    const l = Math.exp(theta[0]!);
    const factor = factorise(theta[0]!);
    gradient[0] = 0;
    if (!factor) return Infinity;
    const inverse = invertLower(factor, n, new Float64Array(n * n));
    const alpha = solveLowerTransposed(factor, n, solveLower(factor, n, y.slice()));
    let likelihood = -0.5 * n * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) likelihood -= 0.5 * y[i]! * alpha[i]! + Math.log(factor[i * n + i]!);
    let slope = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        let kInverse = 0;
        for (let m = i; m < n; m++) kInverse += inverse[m * n + i]! * inverse[m * n + j]!;
        const d = distances[i * n + j]! / l;
        const s = Math.sqrt(5) * d;
        slope += (alpha[i]! * alpha[j]! - kInverse) * (5 / 3) * d * d * (1 + s) * Math.exp(-s);
      }
    }
    gradient[0] = -slope;
    return -likelihood;
  };

  const random = randomState(seed);
  let best = { theta: 0, value: Infinity };
  for (let attempt = 0; attempt <= restarts; attempt++) {
    const start = attempt === 0 ? 0 : random.uniform(lengthBounds[0], lengthBounds[1], 1)[0]!;
    const { x, value } = minimizeBounded({
      objective: negativeLikelihood,
      start: [start],
      lower: [lengthBounds[0]],
      upper: [lengthBounds[1]],
    });
    if (value < best.value) best = { theta: x[0]!, value };
  }
  const lengthScale = Math.exp(best.theta);
  const factor = factorise(best.theta) ?? new Float64Array(n * n);
  const alpha = solveLowerTransposed(factor, n, solveLower(factor, n, y.slice()));
  const k = new Float64Array(n);
  return {
    lengthScale,
    logMarginalLikelihood: -best.value,
    yMean,
    yDeviation,
    predict: (x) => {
      let mean = 0;
      for (let i = 0; i < n; i++) {
        k[i] = matern(Math.sqrt(squaredDistance(points[i]!, x, lengthScale)));
        mean += k[i]! * alpha[i]!;
      }
      solveLower(factor, n, k);
      let explained = 0;
      for (let i = 0; i < n; i++) explained += k[i]! * k[i]!;
      return {
        mean: mean * yDeviation + yMean,
        deviation: Math.sqrt(Math.max(0, 1 - explained) * yDeviation * yDeviation),
      };
    },
  };
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>, scale: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! / scale - b[i]! / scale;
    sum += d * d;
  }
  return sum;
}

function matern(distance: number): number {
  const s = Math.sqrt(5) * distance;
  return (1 + s + (s * s) / 3) * Math.exp(-s);
}

/** Step of SciPy's absolute finite differences. */
const differenceStep = 1e-8;
const beta = 2.6;

/**
 * The lowest point of mean - 2.6 sd over the starts, each followed by L-BFGS-B in the unit cube with
 * forward differences (backward at the upper bound). The first of equals wins.
 */
export function lowerBoundMinimum(
  model: IsotropicModel,
  seeds: readonly Float64Array[],
): { x: Float64Array; value: number } {
  const bound = (x: Float64Array): number => {
    const { mean, deviation } = model.predict(x);
    return mean - beta * deviation;
  };
  const objective = (x: Float64Array, gradient: Float64Array): number => {
    const value = bound(x);
    const probe = x.slice();
    for (let i = 0; i < x.length; i++) {
      const at = x[i]!;
      probe[i] = at + differenceStep <= 1 ? at + differenceStep : at - differenceStep;
      gradient[i] = (bound(probe) - value) / (probe[i]! - at);
      probe[i] = at;
    }
    return value;
  };
  let best = { x: seeds[0]!, value: Infinity };
  for (const start of seeds) {
    const d = start.length;
    const { x, value } = minimizeBounded({
      objective,
      start,
      lower: new Float64Array(d),
      upper: new Float64Array(d).fill(1),
    });
    if (value < best.value) best = { x, value };
  }
  return best;
}
