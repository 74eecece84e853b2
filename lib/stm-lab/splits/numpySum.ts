/**
 * Sum of `count` values in NumPy's order (pairwise summation of a contiguous axis: plain below 8,
 * eight running sums up to 128, halves above). Fold choices compare such sums, so the order of the
 * roundings is part of the published split.
 */
export function numpySum(values: Float64Array, start: number, count: number): number {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[start + i]!;
    return sum;
  }
  if (count > 128) {
    const half = (count >> 1) - ((count >> 1) % 8);
    return numpySum(values, start, half) + numpySum(values, start + half, count - half);
  }
  const r = values.slice(start, start + 8);
  const whole = count - (count % 8);
  for (let i = 8; i < whole; i++) r[i & 7]! += values[start + i]!;
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (let i = whole; i < count; i++) sum += values[start + i]!;
  return sum;
}
