/** Points of a mixed space for the Gaussian process: rows of units, and which columns have no order. */
export interface Design {
  readonly n: number;
  readonly d: number;
  /** n x d, row-major. Categorical columns hold any code that is equal for equal choices. */
  readonly x: Float64Array;
  readonly categorical: readonly boolean[];
}

/** Kernel parameters: a Matern 5/2 product over the columns, a quadratic trend in each of them, and noise. */
export interface KernelParameters {
  /** Variance of the Matern part. */
  readonly amplitude: number;
  /** Length scale of each column in the Matern part. */
  readonly lengthScales: Float64Array;
  /** Variance of the trend, averaged over the unit cube. */
  readonly trend: number;
  readonly noise: number;
}

/** Squared differences of all pairs i > j, pair-major: at (pair * d + column). Unequal choices are 1 apart. */
export function pairDifferences({ n, d, x, categorical }: Design): Float64Array {
  const out = new Float64Array(((n * (n - 1)) / 2) * d);
  let at = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) {
      for (let k = 0; k < d; k++) {
        const difference = x[i * d + k]! - x[j * d + k]!;
        out[at++] = categorical[k] ? (difference === 0 ? 0 : 1) : difference * difference;
      }
    }
  }
  return out;
}
