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
