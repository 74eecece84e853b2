/** The middle of sorted values, between the middle two when their number is even. */
export function medianOfSorted(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
