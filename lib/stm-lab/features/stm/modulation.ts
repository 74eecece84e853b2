const circles = new Map<number, { cos: Float64Array; sin: Float64Array }>();

/** Cosine and sine of `n` equal steps around the circle; computed once for each `n`. */
export function circle(n: number): { cos: Float64Array; sin: Float64Array } {
  let entry = circles.get(n);
  if (entry === undefined) {
    const angle = (i: number): number => (2 * Math.PI * i) / n;
    entry = {
      cos: Float64Array.from({ length: n }, (_, i) => Math.cos(angle(i))),
      sin: Float64Array.from({ length: n }, (_, i) => Math.sin(angle(i))),
    };
    circles.set(n, entry);
  }
  return entry;
}

/**
 * Features of a recording from the mean of its excerpts' modulation spectra: 10 log10, then scaled so that the
 * smallest value is 0 and the largest 1.
 *
 * @param mean 20 x 121 magnitudes, above 0, not all equal
 * @returns 2,420 values in [0, 1], Float32Array, row-major (row = scale).
 */
export function modulationToFeatures(mean: Float64Array): Float32Array {
  const decibels = mean.map((value) => 10 * Math.log10(value));
  let low = Infinity;
  let high = -Infinity;
  for (const value of decibels) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return Float32Array.from(decibels, (value) => (value - low) / (high - low));
}
