import { normalQuantile } from '../numerics/normal';

function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Divided by the largest magnitude, so that squares stay within the range of a double. */
export function scaleToUnit(values: Float64Array): Float64Array {
  const largest = values.reduce((high, v) => Math.max(high, Math.abs(v)), 0);
  return largest > 0 ? values.map((v) => v / largest) : values.slice();
}

/** Zero mean, unit (population) deviation; all zeros for constant values. */
export function standardise(values: Float64Array): Float64Array {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  return values.map((v) => (deviation > 0 ? (v - mean) / deviation : 0));
}

/**
 * Losses worse than the median replaced by what a normal distribution fitted to the better half would
 * give at their rank, so that a few terrible configurations do not flatten the differences among the good
 * ones. The better half keeps its spacing.
 *
 * Source: the half-rank warping of Vizier's Gaussian process bandit (Song et al. 2024).
 */
export function halfRank(losses: Float64Array): Float64Array {
  const sorted = [...losses].sort((a, b) => a - b);
  const n = sorted.length;
  const centre = median(sorted);
  const good = sorted.filter((v) => v <= centre);
  const spread = Math.sqrt(good.reduce((sum, v) => sum + (v - centre) ** 2, 0) / good.length);
  if (!(spread > 0)) return losses.slice();
  return losses.map((loss) => {
    if (loss <= centre) return loss;
    let below = 0;
    let equal = 0;
    for (const other of sorted) {
      if (other < loss) below++;
      else if (other === loss) equal++;
    }
    return centre + spread * normalQuantile((below + 0.5 * equal) / n);
  });
}
