import { randomState } from 'research-basics/random/mt19937';
import { fastNormals } from '../training/random';

/** Gamma(shape, 1) by Marsaglia & Tsang 2000, with the boost for shapes below 1. */
function gammaDraw(shape: number, uniform: () => number, normal: () => number): number {
  if (shape < 1) return gammaDraw(shape + 1, uniform, normal) * (1 - uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** How the rows of one batch are blended. */
export interface MixPlan {
  /** Weight of the row itself, one half to 1. */
  readonly shares: Float64Array;
  /** The row it is blended with. */
  readonly partners: ArrayLike<number>;
  /** Blended targets, rows x classes; each row's times its weight. */
  readonly targets: Float32Array;
}

/**
 * Mixup (Zhang et al. 2018): each row x becomes w x + (1 - w) x', x' another row of the same batch and
 * w from Beta(alpha, alpha), not below one half (the row keeps its main label).
 *
 * @param weights of the rows; default 1 for each.
 */
export function mixPlan(
  labels: Int32Array,
  classes: number,
  alpha: number,
  seed: number,
  weights?: Float32Array,
): MixPlan {
  const rows = labels.length;
  const state = randomState(seed);
  const normal = fastNormals(seed, 'beta');
  const partners = state.permutation(rows);
  const shares = new Float64Array(rows);
  const targets = new Float32Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    const a = gammaDraw(alpha, state.double, normal);
    const b = gammaDraw(alpha, state.double, normal);
    const share = a + b > 0 ? Math.max(a, b) / (a + b) : 1;
    shares[r] = share;
    const partner = partners[r]!;
    targets[r * classes + labels[r]!]! += share * (weights?.[r] ?? 1);
    targets[r * classes + labels[partner]!]! += (1 - share) * (weights?.[partner] ?? 1);
  }
  return { shares, partners, targets };
}

/** The same as a matrix: float32, rows x rows, for rows that are blended on the engine. */
export function mixingMatrix({ shares, partners }: MixPlan): Float32Array {
  const rows = shares.length;
  const matrix = new Float32Array(rows * rows);
  shares.forEach((share, r) => {
    matrix[r * rows + r]! += share;
    matrix[r * rows + partners[r]!]! += 1 - share;
  });
  return matrix;
}

/** Blends the rows of `x` (rows x columns) in place. */
export function mixRows(x: Float32Array, columns: number, { shares, partners }: MixPlan): void {
  const original = x.slice();
  shares.forEach((share, r) => {
    const [own, other] = [r * columns, partners[r]! * columns];
    for (let j = 0; j < columns; j++)
      x[own + j] = share * original[own + j]! + (1 - share) * original[other + j]!;
  });
}

/** Targets of rows that are not blended: class numbers, or with weights float32, rows x classes, the weight at the class. */
export function plainTargets(
  labels: Int32Array,
  classes: number,
  weights: Float32Array | undefined,
): Int32Array | Float32Array {
  if (weights === undefined) return labels;
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, r) => (targets[r * classes + label] = weights[r]!));
  return targets;
}
