import { minimizeBounded } from 'research-basics/numerics/lbfgsb';
import {
  choleskyInPlace,
  gramOfLower,
  invertLower,
  solveLower,
  solveLowerTransposed,
} from 'research-basics/numerics/linearSystem';
import {
  paddedColumns,
  sumSquaredDifferences,
  toColumns,
  writeDistances,
  type PointColumns,
} from './columns';
import type { Design, KernelParameters } from './kernel';
import { trendCovariance } from './trend';

const minNoise = 1e-6;

/** Normal priors on logarithms: mean and standard deviation. */
interface Priors {
  readonly lengthScale: readonly [number, number];
  readonly amplitude: readonly [number, number];
  readonly trend: readonly [number, number];
  readonly noise: readonly [number, number];
}

/**
 * Priors for d columns on the unit cube and standardised values. Length scales grow with sqrt(d), as the
 * distances between points do (Hvarfner et al. 2024), so that many columns start out as a simple function.
 * A trend is expected to make up a tenth of the variance, and may be absent or all of it. Noise is expected at
 * a hundredth of the deviation, and may be a thousandth or a tenth of it: expecting less, the model takes ten
 * noisy values for a rugged function; expecting more, a rugged function for noise.
 */
function priorsFor(d: number): Priors {
  return {
    lengthScale: [Math.log(0.5) + 0.5 * Math.log(d), 0.7],
    amplitude: [0, 0.5],
    trend: [Math.log(0.1), 1],
    noise: [Math.log(1e-4), 2],
  };
}

/** A process under given kernel parameters: their log posterior density, and what a prediction needs. */
export interface FittedGp {
  readonly design: Design;
  readonly parameters: KernelParameters;
  /** Constant mean, by generalised least squares. */
  readonly mean: number;
  /** K^-1 (y - mean). */
  readonly alpha: Float64Array;
  /** Inverse of the Cholesky factor of K + noise, n x n. */
  readonly inverseFactor: Float64Array;
  readonly logPosterior: number;
  readonly theta: Float64Array;
}

function toParameters(theta: Float64Array, d: number): KernelParameters {
  return {
    lengthScales: Float64Array.from({ length: d }, (_, k) => Math.exp(theta[k]!)),
    amplitude: Math.exp(theta[d]!),
    trend: Math.exp(theta[d + 1]!),
    noise: minNoise + Math.exp(theta[d + 2]!),
  };
}

interface Workspace {
  readonly design: Design;
  readonly columns: PointColumns;
  readonly priors: Priors;
  /** Of the pair i > j at i * n + j, as all pairs here: squared scaled distance, then covariance, factor, inverse. */
  readonly k: Float64Array;
  /** (5/3) (1 + s) exp(-s), the common factor of all length-scale derivatives, then that times their weight. */
  readonly factor: Float64Array;
  /** Inverse of the Cholesky factor. */
  readonly inverseFactor: Float64Array;
  /** Covariance of a trend of variance 1, at i * n + j for i >= j. */
  readonly trendUnit: Float64Array;
}

interface Solved {
  readonly parameters: KernelParameters;
  readonly mean: number;
  readonly alpha: Float64Array;
  readonly value: number;
}

const workspaces = new WeakMap<Design, Workspace>();

/** What depends on the design alone, and buffers: made once for all fits to it. */
function workspaceOf(design: Design): Workspace {
  const { n, d } = design;
  const work = workspaces.get(design) ?? {
    design,
    columns: toColumns(design.x, n, d, design.categorical),
    priors: priorsFor(d),
    k: new Float64Array(n * n),
    factor: new Float64Array(n * n),
    inverseFactor: new Float64Array(n * n),
    trendUnit: trendCovariance(design),
  };
  workspaces.set(design, work);
  return work;
}

/** Negative log posterior (up to constants) and, when asked for, its gradient in theta. */
function evaluate(
  theta: Float64Array,
  work: Workspace,
  y: Float64Array,
  gradient: Float64Array | undefined,
): Solved | undefined {
  const { design, columns, priors, k, factor, inverseFactor, trendUnit } = work;
  const { n, d } = design;
  const parameters = toParameters(theta, d);
  const { amplitude, trend, noise } = parameters;
  const weights = new Float64Array(paddedColumns(d));
  parameters.lengthScales.forEach((l, c) => (weights[c] = 1 / (l * l)));
  for (let i = 0; i < n; i++) {
    const row = i * n;
    writeDistances(columns, design.x, i * d, weights, i, k, row);
    for (let at = row; at < row + i; at++) {
      const r2 = k[at]!;
      const s = Math.sqrt(5 * r2);
      const e = Math.exp(-s);
      k[at] = amplitude * (1 + s + (5 / 3) * r2) * e + trend * trendUnit[at]!;
      factor[at] = (5 / 3) * amplitude * (1 + s) * e;
    }
    k[i * n + i] = amplitude + trend * trendUnit[i * n + i]! + noise;
  }
  if (!choleskyInPlace(k, n)) return undefined;
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) logDeterminant += Math.log(k[i * n + i]!);
  const ones = solveLower(k, n, new Float64Array(n).fill(1));
  const white = solveLower(k, n, y.slice());
  let oneOne = 0;
  let oneY = 0;
  for (let i = 0; i < n; i++) {
    oneOne += ones[i]! * ones[i]!;
    oneY += ones[i]! * white[i]!;
  }
  // A unit normal prior on the mean keeps it near the data's when few points say otherwise.
  const mean = oneY / (oneOne + 1);
  let quadratic = 0;
  for (let i = 0; i < n; i++) {
    white[i] = white[i]! - mean * ones[i]!;
    quadratic += white[i]! * white[i]!;
  }
  const alpha = solveLowerTransposed(k, n, white);
  let value = logDeterminant + 0.5 * (quadratic + mean * mean);
  const penalty = (log: number, [centre, spread]: readonly [number, number], at: number): void => {
    const z = (log - centre) / spread;
    value += 0.5 * z * z;
    if (gradient) gradient[at] = z / spread;
  };
  for (let c = 0; c < d; c++) penalty(theta[c]!, priors.lengthScale, c);
  penalty(theta[d]!, priors.amplitude, d);
  penalty(theta[d + 1]!, priors.trend, d + 1);
  penalty(theta[d + 2]!, priors.noise, d + 2);
  invertLower(k, n, inverseFactor);
  if (gradient) addLikelihoodGradient(work, parameters, alpha, quadratic, gradient);
  return { parameters, mean, alpha, value };
}

/** Adds -1/2 tr((a a^T - K^-1) dK) for each parameter. */
function addLikelihoodGradient(
  { design: { n, d }, columns, k, factor, inverseFactor, trendUnit }: Workspace,
  { noise, trend, lengthScales }: KernelParameters,
  alpha: Float64Array,
  quadratic: number,
  gradient: Float64Array,
): void {
  // K^-1 = R^T R for R the inverse factor.
  const inverse = gramOfLower(inverseFactor, n, k);
  let trace = 0;
  let fit = 0;
  let byTrend = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const at = i * n + j;
      const weight = alpha[i]! * alpha[j]! - inverse[at]!;
      byTrend += weight * trendUnit[at]!;
      factor[at] = weight * factor[at]!;
    }
    trace += inverse[i * n + i]!;
    fit += alpha[i]! * alpha[i]!;
    byTrend += 0.5 * (alpha[i]! * alpha[i]! - inverse[i * n + i]!) * trendUnit[i * n + i]!;
  }
  const byColumn = new Float64Array(paddedColumns(d));
  sumSquaredDifferences(columns, factor, byColumn);
  for (let c = 0; c < d; c++) {
    gradient[c] = gradient[c]! - byColumn[c]! / (lengthScales[c]! * lengthScales[c]!);
  }
  const diagonal = fit - trace;
  const trendPart = 2 * trend * byTrend;
  gradient[d + 1] = gradient[d + 1]! - 0.5 * trendPart;
  gradient[d + 2] = gradient[d + 2]! - 0.5 * (noise - minNoise) * diagonal;
  // The Matern part is K less the others, and tr((a a^T - K^-1) K) = a^T K a - n.
  gradient[d] = gradient[d]! - 0.5 * (quadratic - n - noise * diagonal - trendPart);
}

/** Logarithms of parameters to start a fit from: those of a `smooth` function with some noise, or a `rough` one with little. */
export function startOf(d: number, kind: 'smooth' | 'rough'): Float64Array {
  const [length, noise] =
    kind === 'smooth'
      ? [priorsFor(d).lengthScale[0], Math.log(1e-2)]
      : [Math.log(0.2) + 0.25 * Math.log(d), Math.log(1e-5)];
  return Float64Array.from([...new Array<number>(d).fill(length), 0, Math.log(0.3), noise]);
}

/**
 * Kernel parameters at a maximum of the posterior density, by L-BFGS-B with analytic gradients.
 *
 * @param y standardised values, one per row of the design.
 * @param start logarithms of parameters, see `FittedGp.theta`
 * @param iterations at most; 40 are enough to converge
 */
export function fitGp(design: Design, y: Float64Array, start: Float64Array, iterations = 40): FittedGp {
  const { d } = design;
  const work = workspaceOf(design);
  const { x } = minimizeBounded({
    objective: (theta, gradient) => {
      const solved = evaluate(theta, work, y, gradient);
      if (!solved) gradient.fill(0);
      return solved?.value ?? Infinity;
    },
    start,
    lower: [...new Array<number>(d).fill(Math.log(1e-3)), Math.log(1e-2), Math.log(1e-4), Math.log(1e-9)],
    upper: [...new Array<number>(d).fill(Math.log(1e3)), Math.log(1e2), Math.log(1e2), Math.log(10)],
    gtol: 1e-2,
    ftol: 1e-5,
    maxIterations: iterations,
  });
  return conditionGp(design, y, x);
}

/**
 * A Gaussian process with given parameters: `theta` holds the logarithms of the length scales, of the
 * amplitude, of the trend's variance and of the noise above its floor of 1e-6.
 */
export function conditionGp(design: Design, y: Float64Array, theta: Float64Array): FittedGp {
  const work = workspaceOf(design);
  // Repeated points with the least noise can be singular in floating point: then the noise is raised.
  const safe = theta.slice();
  for (;;) {
    const solved = evaluate(safe, work, y, undefined);
    if (solved)
      return {
        design,
        theta: safe,
        logPosterior: -solved.value,
        inverseFactor: work.inverseFactor.slice(),
        ...solved,
      };
    safe[safe.length - 1] = Math.max(safe.at(-1)!, Math.log(minNoise)) + Math.log(10);
  }
}

/**
 * The negative log posterior at `theta` (one value per hyperparameter); its gradient goes into `gradient`. For checks by
 * finite differences.
 */
export function negativeLogPosterior(
  design: Design,
  y: Float64Array,
  theta: Float64Array,
  gradient: Float64Array,
): number {
  return evaluate(theta, workspaceOf(design), y, gradient)?.value ?? Infinity;
}
