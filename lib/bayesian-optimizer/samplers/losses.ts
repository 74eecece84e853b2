import type { Direction } from '../journal/records';
import { medianOfSorted } from '../numerics/median';
import type { TrialRecord } from '../sampler';

/** Losses of the trials that say something: failed ones count as the worst, pruned ones as no better than the median. */
export function lossesOf(
  trials: readonly TrialRecord[],
  direction: Direction,
): { trials: TrialRecord[]; losses: Float64Array } {
  const sign = direction === 'maximize' ? -1 : 1;
  const complete = trials.flatMap((t) => (t.state === 'complete' ? [sign * t.value!] : []));
  if (complete.length === 0) return { trials: [], losses: new Float64Array(0) };
  const sorted = complete.sort((a, b) => a - b);
  const worst = sorted.at(-1)!;
  const middle = medianOfSorted(sorted);
  const used = trials.filter((t) => t.state === 'complete' || t.state === 'failed' || t.state === 'pruned');
  const losses = Float64Array.from(used, (t) => {
    if (t.state === 'complete') return sign * t.value!;
    if (t.state === 'failed') return worst;
    return Math.max(middle, t.value === undefined ? middle : sign * t.value);
  });
  return { trials: used, losses };
}
