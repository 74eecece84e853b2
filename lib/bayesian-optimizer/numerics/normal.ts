const logRootTwoPi = 0.5 * Math.log(2 * Math.PI);

/** Standard normal density. */
function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z - logRootTwoPi);
}

/**
 * c(t) of Laplace's continued fraction 1 / (t + c(t)) for the Mills ratio (1 - Phi(t)) / phi(t), t >= 1:
 * c = 1/(t + 2/(t + 3/(t + ...))).
 */
function millsRest(t: number): number {
  let c = 0;
  for (let k = Math.ceil(20 + 300 / (t * t)); k >= 1; k--) c = k / (t + c);
  return c;
}

/** Standard normal distribution function, relative error below 1e-13 for z > -30. */
export function normalCumulative(z: number): number {
  if (z < -1.5) return normalDensity(z) / (-z + millsRest(-z));
  if (z > 5) return 1 - normalDensity(z) / (z + millsRest(z));
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

/** Mass of the standard normal between two points, exact in both tails. */
export function normalMass(from: number, to: number): number {
  return from > 0
    ? normalCumulative(-from) - normalCumulative(-to)
    : normalCumulative(to) - normalCumulative(from);
}

/** log Phi(z), accurate in the lower tail. */
export function logNormalCumulative(z: number): number {
  return z < -1.5
    ? -0.5 * z * z - logRootTwoPi - Math.log(-z + millsRest(-z))
    : Math.log(normalCumulative(z));
}

/** Inverse of the distribution function, p in (0, 1), absolute error below 1e-9 (Acklam's start, one Halley step). */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p <= 0 ? -Infinity : Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  // Start from the tail's leading terms, then Newton on log Phi, which is concave and well scaled.
  let z = p > 0.02425 ? (p - 0.5) * 2.5066 : -Math.sqrt(-2 * Math.log(p));
  for (let i = 0; i < 60; i++) {
    const value = logNormalCumulative(z) - Math.log(p);
    const slope = Math.exp(-0.5 * z * z - logRootTwoPi - logNormalCumulative(z));
    const step = value / slope;
    z -= step;
    if (Math.abs(step) < 1e-13 * Math.max(1, Math.abs(z))) break;
  }
  return z;
}

/**
 * log h(z) for h(z) = phi(z) + z Phi(z), the expected improvement in standard units, and its derivative
 * Phi(z) / h(z). Exact to rounding for any z: in the tail h = phi c / (t + c) with t = -z.
 *
 * Source: Ament et al., "Unexpected improvements to expected improvement", NeurIPS 2023.
 */
export function logImprovement(z: number): { value: number; slope: number } {
  if (z > -1) {
    const cumulative = normalCumulative(z);
    const h = normalDensity(z) + z * cumulative;
    return { value: Math.log(h), slope: cumulative / h };
  }
  const t = -z;
  const c = millsRest(t);
  return { value: -0.5 * t * t - logRootTwoPi + Math.log(c / (t + c)), slope: 1 / c };
}
