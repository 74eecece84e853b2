import { timesLower, timesLowerTransposed } from 'research-basics/numerics/linearSystem';
import { logImprovement } from '../numerics/normal';
import { addColumns, paddedColumns, sumColumns, toColumns, writeDistances } from './columns';
import type { FittedGp } from './fit';
import { trendFeatures, trendSlope, writeFeatures } from './trend';

/** A log acquisition with the posterior it comes from. */
export interface Acquisition {
  /** Larger is better. */
  value(x: Float64Array): number;
  /** The value, and its derivative in each column that has an order (0 for categorical ones). */
  valueAndGradient(x: Float64Array, gradient: Float64Array): number;
  /** Posterior mean and (noise-free) variance, standardised. */
  predict(x: Float64Array): { mean: number; variance: number };
}

const minVariance = 1e-12;

/**
 * Noise variance treated as zero: a hundredth of the losses' deviation. Below it the inferred noise is what
 * its prior and the floor of the fit say rather than what was seen, and a discount for it would keep the search
 * from the last digits of a smooth function.
 */
const negligibleNoise = 1e-4;

/**
 * Log of 1 - t / sqrt(s^2 + t^2), for variance s^2 and noise variance t^2: what an observation under noise is
 * worth of one without (without noise, all). `slope` is its derivative in the variance.
 */
function logWorth(variance: number, noise: number): { value: number; slope: number } {
  if (noise === 0) return { value: 0, slope: 0 };
  const r = variance / noise;
  const q = Math.sqrt(1 + r);
  return {
    value: Math.log(r / (q * (1 + q))),
    slope: (1 - r / (2 * q * q) - r / (2 * q * (1 + q))) / variance,
  };
}

/**
 * Log augmented expected improvement of a fitted process below `incumbent`, minimising: places whose value
 * is already known better than one observation would tell count little, so that under noise the search does
 * not sit on one of them. Buffers are reused: not for concurrent calls.
 *
 * Source: Huang et al. 2006 (augmented EI); Ament et al. 2023 (in logarithms).
 */
export function logExpectedImprovement(gp: FittedGp, incumbent: number): Acquisition {
  const { design, parameters, alpha, inverseFactor, mean: constant } = gp;
  const { n, d, x: points, categorical } = design;
  const { amplitude, trend } = parameters;
  const noise = Math.max(0, parameters.noise - negligibleNoise);
  const features = trendFeatures(design);
  const trendScale = trend / (2 * d);
  const choices = categorical.filter(Boolean).length;
  const weights = new Float64Array(paddedColumns(d));
  parameters.lengthScales.forEach((l, c) => (weights[c] = 1 / (l * l)));
  const k = new Float64Array(n);
  const slope = new Float64Array(n);
  const byK = new Float64Array(n);
  const white = new Float64Array(n);
  const solved = new Float64Array(n);
  const distances = new Float64Array(n);
  const shared = new Float64Array(n);
  const own = new Float64Array(paddedColumns(2 * d));
  const byFeature = new Float64Array(paddedColumns(2 * d));
  const columns = toColumns(points, n, d, categorical);

  const posterior = (x: Float64Array): { mean: number; variance: number } => {
    let mean = constant;
    writeFeatures(x, 0, categorical, own, 0, 1);
    let norm = 2 * choices;
    for (let f = 0; f < 2 * d; f++) norm += own[f]! * own[f]!;
    writeDistances(columns, x, 0, weights, n, distances, 0);
    shared.fill(0);
    for (let c = 0; c < d; c++)
      if (categorical[c])
        for (let i = 0; i < n; i++) if (columns.values[c * n + i] === x[c]) shared[i] = shared[i]! + 2;
    addColumns(features, own, shared);
    for (let i = 0; i < n; i++) {
      const r2 = distances[i]!;
      const s = Math.sqrt(5 * r2);
      const e = amplitude * Math.exp(-s);
      k[i] = (1 + s + (5 / 3) * r2) * e + trendScale * shared[i]!;
      slope[i] = (5 / 3) * (1 + s) * e;
      mean += k[i]! * alpha[i]!;
    }
    timesLower(inverseFactor, n, k, white);
    let explained = 0;
    for (let i = 0; i < n; i++) explained += white[i]! * white[i]!;
    return { mean, variance: Math.max(minVariance, amplitude + trendScale * norm - explained) };
  };

  return {
    predict: posterior,
    value: (x) => {
      const { mean, variance } = posterior(x);
      const deviation = Math.sqrt(variance);
      const worth = logWorth(variance, noise).value;
      return logImprovement((incumbent - mean) / deviation).value + Math.log(deviation) + worth;
    },
    valueAndGradient: (x, gradient) => {
      const { mean, variance } = posterior(x);
      const deviation = Math.sqrt(variance);
      const z = (incumbent - mean) / deviation;
      const improvement = logImprovement(z);
      timesLowerTransposed(inverseFactor, n, white, solved);
      // d value = slope dz + d log sd, with dz = (-d mean - z d sd) / sd and d sd = d variance / (2 sd).
      const byMean = -improvement.slope / deviation;
      const worth = logWorth(variance, noise);
      const byVariance = (1 - improvement.slope * z) / (2 * variance) + worth.slope;
      gradient.fill(0);
      for (let i = 0; i < n; i++) {
        byK[i] = byMean * alpha[i]! - 2 * byVariance * solved[i]!;
        slope[i] = -slope[i]! * byK[i]!;
      }
      sumColumns(features, byK, byFeature);
      for (let c = 0; c < d; c++) {
        if (categorical[c]) continue;
        let sum = 0;
        for (let i = 0; i < n; i++) sum += slope[i]! * (x[c]! - columns.values[c * n + i]!);
        const linear = byFeature[2 * c]! + 2 * byVariance * own[2 * c]!;
        const quadratic = byFeature[2 * c + 1]! + 2 * byVariance * own[2 * c + 1]!;
        gradient[c] = sum * weights[c]! + trendScale * trendSlope(x[c]!, linear, quadratic);
      }
      return improvement.value + Math.log(deviation) + worth.value;
    },
  };
}
