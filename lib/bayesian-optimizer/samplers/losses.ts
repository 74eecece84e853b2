import type { Direction } from '../journal/records';
import { medianOfSorted } from '../numerics/median';
import type { TrialRecord } from '../sampler';

/** Trials, oldest first, and the loss of each. */
export interface Observed {
  readonly trials: readonly TrialRecord[];
  readonly losses: Float64Array;
}

/** Losses of the trials that say something: failed ones count as the worst, pruned ones as no better than the median. */
export function lossesOf(trials: readonly TrialRecord[], direction: Direction): Observed {
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

/**
 * At most `most` of the trials: a third the best, a third the newest of the others, and the last spread evenly over what
 * is left in order of loss, so that a model still knows where not to look.
 */
export function representatives({ trials, losses }: Observed, most: number): Observed {
  if (trials.length <= most) return { trials, losses };
  const third = Math.floor(most / 3);
  const byLoss = [...losses.keys()].sort((a, b) => losses[a]! - losses[b]! || a - b);
  const chosen = new Set(byLoss.slice(0, third));
  for (let i = trials.length - 1; chosen.size < 2 * third; i--) chosen.add(i);
  const left = byLoss.filter((i) => !chosen.has(i));
  const wanted = most - chosen.size;
  for (let k = 0; k < wanted; k++) chosen.add(left[Math.floor(((k + 0.5) * left.length) / wanted)]!);
  const order = [...chosen].sort((a, b) => a - b);
  return { trials: order.map((i) => trials[i]!), losses: Float64Array.from(order, (i) => losses[i]!) };
}
