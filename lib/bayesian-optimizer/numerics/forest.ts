import type { RandomState } from 'research-basics/random/mt19937';

/** A leaf of a regression tree over the unit cube: its box and the mean of the values in it. */
export interface Leaf {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly value: number;
}

export interface TreeOptions {
  /** Smallest number of points in a leaf. Default 1. */
  readonly minLeaf?: number;
  /** Default 64. */
  readonly maxDepth?: number;
}

interface Split {
  readonly column: number;
  readonly threshold: number;
  readonly gain: number;
}

function bestSplit(
  x: readonly Float64Array[],
  y: readonly number[],
  rows: readonly number[],
  minLeaf: number,
): Split | undefined {
  const total = rows.reduce((sum, i) => sum + y[i]!, 0);
  const n = rows.length;
  let best: Split | undefined;
  for (let column = 0; column < x[0]!.length; column++) {
    const sorted = [...rows].sort((a, b) => x[a]![column]! - x[b]![column]!);
    let left = 0;
    for (let k = 1; k < n; k++) {
      left += y[sorted[k - 1]!]!;
      const below = x[sorted[k - 1]!]![column]!;
      const above = x[sorted[k]!]![column]!;
      if (below === above || k < minLeaf || n - k < minLeaf) continue;
      // Reduction of the squared error, up to terms that no split changes.
      const gain = (left * left) / k + ((total - left) * (total - left)) / (n - k) - (total * total) / n;
      if (!best || gain > best.gain) best = { column, threshold: (below + above) / 2, gain };
    }
  }
  return best && best.gain > 1e-12 * Math.max(1e-300, Math.abs((total * total) / n)) ? best : undefined;
}

/**
 * The leaves of a regression tree (least squares, all columns tried at each split) grown on a bootstrap
 * sample of points in the unit cube.
 */
export function growTree(
  x: readonly Float64Array[],
  y: readonly number[],
  random: RandomState,
  { minLeaf = 1, maxDepth = 64 }: TreeOptions = {},
): Leaf[] {
  const n = x.length;
  const d = x[0]!.length;
  const leaves: Leaf[] = [];
  const grow = (rows: readonly number[], lower: Float64Array, upper: Float64Array, depth: number): void => {
    const split = depth < maxDepth ? bestSplit(x, y, rows, minLeaf) : undefined;
    if (!split) {
      leaves.push({ lower, upper, value: rows.reduce((sum, i) => sum + y[i]!, 0) / rows.length });
      return;
    }
    const { column, threshold } = split;
    const below = upper.slice();
    const above = lower.slice();
    below[column] = threshold;
    above[column] = threshold;
    grow(
      rows.filter((i) => x[i]![column]! <= threshold),
      lower,
      below,
      depth + 1,
    );
    grow(
      rows.filter((i) => x[i]![column]! > threshold),
      above,
      upper,
      depth + 1,
    );
  };
  const sample = Array.from({ length: n }, () => random.interval(n - 1));
  grow(sample, new Float64Array(d), new Float64Array(d).fill(1), 0);
  return leaves;
}

/**
 * The share of a tree's variance over the unit cube that each column explains alone: the variance of the
 * tree's mean over all other columns. All zeros for a constant tree.
 *
 * Source: functional ANOVA, Hutter, Hoos & Leyton-Brown, ICML 2014.
 */
export function varianceShares(leaves: readonly Leaf[]): Float64Array {
  const d = leaves[0]!.lower.length;
  const volumes = leaves.map(({ lower, upper }) => lower.reduce((v, low, k) => v * (upper[k]! - low), 1));
  const mean = leaves.reduce((sum, leaf, i) => sum + volumes[i]! * leaf.value, 0);
  const variance = leaves.reduce((sum, leaf, i) => sum + volumes[i]! * (leaf.value - mean) ** 2, 0);
  const shares = new Float64Array(d);
  if (!(variance > 0)) return shares;
  for (let k = 0; k < d; k++) {
    const cuts = [...new Set(leaves.flatMap(({ lower, upper }) => [lower[k]!, upper[k]!]))].sort(
      (a, b) => a - b,
    );
    for (let c = 1; c < cuts.length; c++) {
      const from = cuts[c - 1]!;
      const to = cuts[c]!;
      let marginal = 0;
      leaves.forEach(({ lower, upper, value }, i) => {
        if (lower[k]! <= from && upper[k]! >= to) {
          marginal += (value * volumes[i]!) / (upper[k]! - lower[k]!);
        }
      });
      shares[k] = shares[k]! + ((to - from) * (marginal - mean) ** 2) / variance;
    }
  }
  return shares;
}
