import { randomState } from '../base/random/mt19937';
import { fastNormals } from './random';

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

/**
 * Mixup (Zhang et al. 2018): each row of `x` becomes w x + (1 - w) x', x' another row of the same batch and
 * w from Beta(alpha, alpha), not below one half (the row keeps its main label).
 *
 * @param x rows x columns, overwritten.
 * @returns the blended targets, float32, rows x classes.
 */
export function mixRows(
  x: Float32Array,
  columns: number,
  labels: Int32Array,
  classes: number,
  alpha: number,
  seed: number,
): Float32Array {
  const rows = labels.length;
  const state = randomState(seed);
  const normal = fastNormals(seed, 'beta');
  const partners = state.permutation(rows);
  const original = x.slice();
  const targets = new Float32Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    const a = gammaDraw(alpha, state.double, normal);
    const b = gammaDraw(alpha, state.double, normal);
    const share = a + b > 0 ? Math.max(a, b) / (a + b) : 1;
    const partner = partners[r]!;
    for (let j = 0; j < columns; j++)
      x[r * columns + j] =
        share * original[r * columns + j]! + (1 - share) * original[partner * columns + j]!;
    targets[r * classes + labels[r]!]! += share;
    targets[r * classes + labels[partner]!]! += 1 - share;
  }
  return targets;
}
