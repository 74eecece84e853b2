import type { Ranking } from './ranking';

/**
 * Equal error rate of ranked trials: where false acceptances and false rejections are equally frequent,
 * by linear interpolation between the two thresholds around it.
 *
 * @param weightOf how often a trial counts; default once.
 */
export function equalErrorRate(
  { order, tied, positive }: Ranking,
  weightOf: (trial: number) => number = () => 1,
): number {
  let targets = 0;
  let others = 0;
  for (let place = 0; place < order.length; place++)
    if (positive[place] === 1) targets += weightOf(order[place]!);
    else others += weightOf(order[place]!);
  if (!(targets > 0 && others > 0)) return NaN;
  let accepted = 0;
  let found = 0;
  let before = { far: 0, frr: 1 };
  for (let place = 0; place < order.length; place++) {
    const weight = weightOf(order[place]!);
    if (positive[place] === 1) found += weight;
    else accepted += weight;
    if (tied[place + 1] === 1) continue;
    const now = { far: accepted / others, frr: 1 - found / targets };
    if (now.far >= now.frr) {
      const [d0, d1] = [before.frr - before.far, now.far - now.frr];
      const share = d0 + d1 > 0 ? d0 / (d0 + d1) : 0;
      return before.far + share * (now.far - before.far);
    }
    before = now;
  }
  return NaN;
}

/** What errors of a verification cost. */
export interface DetectionCosts {
  /** Share of target trials that is expected in use. Default 0.01, as for VoxCeleb. */
  readonly targetShare?: number;
  /** Cost of a target that is rejected. Default 1. */
  readonly miss?: number;
  /** Cost of another speaker who is accepted. Default 1. */
  readonly falseAlarm?: number;
}

/**
 * Smallest detection cost of ranked trials over all thresholds (minDCF of NIST's evaluations), relative to
 * the cheaper of accepting and rejecting everything: 0 .. 1. NaN without trials of both kinds.
 *
 * @param weightOf how often a trial counts; default once.
 */
export function minimumDetectionCost(
  { order, tied, positive }: Ranking,
  { targetShare = 0.01, miss = 1, falseAlarm = 1 }: DetectionCosts = {},
  weightOf: (trial: number) => number = () => 1,
): number {
  const counts = [0, 0];
  for (let place = 0; place < order.length; place++) counts[positive[place]!]! += weightOf(order[place]!);
  const [others, targets] = counts as [number, number];
  if (!(targets > 0 && others > 0)) return NaN;
  const [missing, alarming] = [miss * targetShare, falseAlarm * (1 - targetShare)];
  let best = Math.min(missing, alarming);
  const found = [0, 0];
  for (let place = 0; place < order.length; place++) {
    found[positive[place]!]! += weightOf(order[place]!);
    if (tied[place + 1] === 1) continue;
    best = Math.min(best, missing * (1 - found[1]! / targets) + alarming * (found[0]! / others));
  }
  return best / Math.min(missing, alarming);
}
