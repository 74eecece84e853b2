/** Scores and truth of one family's fine tags. */
export interface FamilyScores {
  /** recordings x tags. */
  readonly scores: ArrayLike<number>;
  /** recordings x tags: 1 present, 0 absent, -1 not known (counts only in an incomplete recording). */
  readonly truth: ArrayLike<number>;
  /** Per recording whether the family's "other or unknown" tag is present: not 0. */
  readonly incomplete: ArrayLike<number>;
}

/**
 * Area under the precision-recall curve of one family's fine tags as the DCASE 2020 urban sound tagging
 * challenge counts: decisions of all tags are pooled, and in an incomplete recording any predicted tag that
 * is not known to be present makes the family found (one hit for all of them, unless a right tag is
 * predicted too), never a false alarm. Trapezoids, beginning at recall 0 with precision 1. The challenge
 * passes over scores below 0.01, here all count. NaN without positives.
 *
 * @param weightOf how often a recording counts; default once.
 */
export function familyPrecisionRecall(
  { scores, truth, incomplete }: FamilyScores,
  weightOf: (recording: number) => number = () => 1,
): number {
  const recordings = incomplete.length;
  const tags = scores.length / recordings;
  const present = (recording: number): boolean => {
    for (let t = 0; t < tags; t++) if (truth[recording * tags + t] === 1) return true;
    return false;
  };
  let [hits, alarms, misses] = [0, 0, 0];
  for (let r = 0; r < recordings; r++) {
    for (let t = 0; t < tags; t++) if (truth[r * tags + t] === 1) misses += weightOf(r);
    if (incomplete[r] !== 0 && !present(r)) misses += weightOf(r);
  }
  if (!(misses > 0)) return NaN;
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  );
  // Of each incomplete recording: nothing predicted yet, the family found, or a right tag found.
  const state = new Uint8Array(recordings);
  let area = 0;
  let before = { recall: 0, precision: 1 };
  order.forEach((item, place) => {
    const recording = Math.floor(item / tags);
    const weight = weightOf(recording);
    const known = truth[item]!;
    if (incomplete[recording] === 0) {
      if (known === 1) [hits, misses] = [hits + weight, misses - weight];
      else if (known === 0) alarms += weight;
    } else if (known === 1) {
      misses -= weight;
      // The family's own hit gives way to that of the tag.
      if (state[recording] !== 1) hits += weight;
      state[recording] = 2;
    } else if (state[recording] === 0) {
      hits += weight;
      if (!present(recording)) misses -= weight;
      state[recording] = 1;
    }
    if (scores[order[place + 1]!] === scores[item] || hits + alarms === 0) return;
    const now = { recall: hits / (hits + misses), precision: hits / (hits + alarms) };
    area += ((now.recall - before.recall) * (now.precision + before.precision)) / 2;
    before = now;
  });
  return area;
}
