/**
 * Place of the largest number among `length` values from `start` on, counted from `start`; of equal ones the first.
 * NaN never wins.
 *
 * @param length default: all values from `start` on.
 * @returns 0 .. length - 1, or -1 when none of the values is a number.
 */
export function argMax(values: ArrayLike<number>, start = 0, length = values.length - start): number {
  let best = -1;
  for (let i = 0; i < length; i++)
    if (!Number.isNaN(values[start + i]!) && (best < 0 || values[start + i]! > values[start + best]!))
      best = i;
  return best;
}

/** Place of the first value that is infinite or not a number, or -1. */
export function firstNotFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return i;
  return -1;
}
