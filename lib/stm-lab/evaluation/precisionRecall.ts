import { type Ranking } from './ranking';

/**
 * Area under the precision-recall curve by the trapezoid rule over the distinct scores, beginning at
 * recall 0 with precision 1. It interpolates where precision does not, so it is kept apart from average
 * precision (the sum of steps, `rankingAreas`), and is here because published urban results use it. NaN
 * without positives.
 *
 * @param weightOf how often an item counts; default once.
 */
export function trapezoidPrecisionRecall(
  { order, tied, positive }: Ranking,
  weightOf: (item: number) => number = () => 1,
): number {
  let positives = 0;
  for (let place = 0; place < order.length; place++) positives += positive[place]! * weightOf(order[place]!);
  if (!(positives > 0)) return NaN;
  let hits = 0;
  let taken = 0;
  let area = 0;
  let before = { recall: 0, precision: 1 };
  for (let place = 0; place < order.length; place++) {
    const weight = weightOf(order[place]!);
    hits += positive[place]! * weight;
    taken += weight;
    if (tied[place + 1] === 1 || taken === 0) continue;
    const now = { recall: hits / positives, precision: hits / taken };
    area += ((now.recall - before.recall) * (now.precision + before.precision)) / 2;
    before = now;
  }
  return area;
}
