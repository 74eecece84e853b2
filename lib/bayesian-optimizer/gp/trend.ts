import { paddedColumns } from './columns';
import type { Design } from './kernel';

/*
 * The trend of a Gaussian process: a sum of one quadratic for each column with an order, and of one constant
 * for each choice of the others, all coefficients normal with mean zero. With few trials in many columns no
 * point has neighbours to learn from, and two coefficients per column are what there is to be learnt; where
 * the values follow no such trend, its inferred variance is small.
 *
 * Sources: Blight and Ott 1975 (a polynomial trend beside a stationary process); Duvenaud et al. 2011 (additive
 * over columns).
 */

const root3 = Math.sqrt(3);
const root5 = Math.sqrt(5);

/**
 * Features of one of `n` points into out[feature * n + i], two per column: the Legendre polynomials of degree 1 and 2 on
 * 0 .. 1, of unit variance under a uniform distribution. Categorical columns have none; theirs are left as they are (0).
 *
 * @param x its units from `from` on.
 */
export function writeFeatures(
  x: Float64Array,
  from: number,
  categorical: readonly boolean[],
  out: Float64Array,
  i: number,
  n: number,
): void {
  for (let c = 0; c < categorical.length; c++) {
    if (categorical[c]) continue;
    const t = 2 * x[from + c]! - 1;
    out[2 * c * n + i] = root3 * t;
    out[(2 * c + 1) * n + i] = root5 * (1.5 * t * t - 0.5);
  }
}

/** Derivative in x of `linear` times the first feature of a column plus `quadratic` times the second. */
export function trendSlope(x: number, linear: number, quadratic: number): number {
  return 2 * root3 * linear + 6 * root5 * (2 * x - 1) * quadratic;
}

/** Features of all points of a design: 2d columns (padded with zeros) of n values. */
export function trendFeatures({ n, d, x, categorical }: Design): Float64Array {
  const out = new Float64Array(n * paddedColumns(2 * d));
  for (let i = 0; i < n; i++) writeFeatures(x, i * d, categorical, out, i, n);
  return out;
}

/**
 * Covariances of a trend of variance 1 between the points i >= j of a design, at i * n + j: the mean over columns
 * of half the product of their features, or of 1 for equal choices and 0 for unequal ones.
 */
export function trendCovariance(design: Design): Float64Array {
  const { n, d, x, categorical } = design;
  const features = trendFeatures(design);
  const out = new Float64Array(n * n);
  for (let f = 0; f < 2 * d; f++)
    for (let i = 0; i < n; i++) {
      const own = features[f * n + i]!;
      for (let j = 0; j <= i; j++) out[i * n + j] = out[i * n + j]! + own * features[f * n + j]!;
    }
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = out[i * n + j]!;
      for (let c = 0; c < d; c++) if (categorical[c] && x[i * d + c] === x[j * d + c]) sum += 2;
      out[i * n + j] = sum / (2 * d);
    }
  return out;
}
