/** A stretch of time, seconds; `end` is after `begin`. */
export interface Segment {
  readonly begin: number;
  readonly end: number;
}

/** Joins segments that overlap or touch, sorted: each instant counts once, whoever speaks. */
export function unionOf(segments: readonly Segment[]): Segment[] {
  const joined: { begin: number; end: number }[] = [];
  for (const { begin, end } of [...segments].sort((a, b) => a.begin - b.begin)) {
    const last = joined.at(-1);
    if (end <= begin) continue;
    if (last !== undefined && begin <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ begin, end });
  }
  return joined;
}

/** What two lists share, sorted. Both are joined first. */
export function intersectionOf(first: readonly Segment[], second: readonly Segment[]): Segment[] {
  const [a, b] = [unionOf(first), unionOf(second)];
  const shared: Segment[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const begin = Math.max(a[i]!.begin, b[j]!.begin);
    const end = Math.min(a[i]!.end, b[j]!.end);
    if (end > begin) shared.push({ begin, end });
    if (a[i]!.end < b[j]!.end) i++;
    else j++;
  }
  return shared;
}

/** Seconds covered, overlaps counted once. */
export function durationOf(segments: readonly Segment[]): number {
  return unionOf(segments).reduce((sum, { begin, end }) => sum + end - begin, 0);
}
