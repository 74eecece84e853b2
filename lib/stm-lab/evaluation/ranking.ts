import { divergedError } from 'research-basics/errors';
import { meanDefined, type Predictions } from './predictions';

/** Scores of a binary problem in falling order, sorted once for any number of (weighted) areas. */
export interface Ranking {
  /** Row numbers by falling score. */
  readonly order: Uint32Array;
  /** 1 where the score at this place equals the one before it. */
  readonly tied: Uint8Array;
  /** 1 where the row at this place is positive. */
  readonly positive: Uint8Array;
}

/**
 * Sorts scores. Ties keep the order of the rows (which no area depends on).
 *
 * @param scores one per item; infinities are in order, NaN is not.
 * @param isPositive whether an item belongs to the positive class.
 * @throws UserError (`diverged`) naming the first score that is not a number: it has no rank.
 */
export function rankScores(scores: ArrayLike<number>, isPositive: (item: number) => boolean): Ranking {
  for (let i = 0; i < scores.length; i++)
    if (Number.isNaN(scores[i]!))
      throw divergedError(`ranking: score ${i} of ${scores.length} is not a number and has no rank`);
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  );
  const tied = new Uint8Array(order.length);
  const positive = new Uint8Array(order.length);
  order.forEach((item, place) => {
    tied[place] = place > 0 && scores[item] === scores[order[place - 1]!] ? 1 : 0;
    positive[place] = isPositive(item) ? 1 : 0;
  });
  return { order, tied, positive };
}

/** Exact areas under a ranking's curves. */
export interface ExactAreas {
  /** Probability that a positive outranks a negative, ties counting one half (Mann-Whitney). */
  readonly roc: number;
  /** Average precision: sum of precision times gain in recall over the distinct scores. */
  readonly ap: number;
}

/**
 * Exact areas, each item counted `weights` times (default once). NaN when positives or negatives (for
 * `ap`: positives) are missing.
 */
export function rankingAreas(
  { order, tied, positive }: Ranking,
  weightOf: (item: number) => number = () => 1,
): ExactAreas {
  let tp = 0;
  let fp = 0;
  let stepTp = 0;
  let stepFp = 0;
  let roc = 0;
  let ap = 0;
  const close = (): void => {
    roc += stepFp * (tp + stepTp / 2);
    tp += stepTp;
    fp += stepFp;
    if (stepTp > 0) ap += (stepTp * tp) / (tp + fp);
    stepTp = 0;
    stepFp = 0;
  };
  for (let place = 0; place < order.length; place++) {
    if (tied[place] === 0) close();
    const weight = weightOf(order[place]!);
    if (positive[place] === 1) stepTp += weight;
    else stepFp += weight;
  }
  close();
  return { roc: tp > 0 && fp > 0 ? roc / (tp * fp) : NaN, ap: tp > 0 ? ap / tp : NaN };
}

/** Exact areas in the three usual averages. */
export interface AreaReport {
  /** All rows x classes scores as one binary problem. */
  readonly micro: ExactAreas;
  /** Mean over the classes that have rows (and, for ROC, rows of other classes). */
  readonly macro: ExactAreas;
  /** One class against the rest; NaN for a class without rows. */
  readonly perClass: readonly ExactAreas[];
}

/** One-vs-rest ranking of each class. */
export function classRankings({ labels, probabilities, classes }: Predictions): Ranking[] {
  return Array.from({ length: classes }, (_, c) => {
    const scores = Float32Array.from({ length: labels.length }, (_, r) => probabilities[r * classes + c]!);
    return rankScores(scores, (row) => labels[row] === c);
  });
}

/** Macro average of areas. */
export function macroAreas(perClass: readonly ExactAreas[]): ExactAreas {
  return { roc: meanDefined(perClass.map(({ roc }) => roc)), ap: meanDefined(perClass.map(({ ap }) => ap)) };
}

/** Exact micro, macro and per-class areas. */
export function exactAreas(predictions: Predictions): AreaReport {
  const { labels, probabilities, classes } = predictions;
  const perClass = classRankings(predictions).map((ranking) => rankingAreas(ranking));
  const pooled = rankScores(probabilities, (i) => labels[Math.floor(i / classes)] === i % classes);
  return { micro: rankingAreas(pooled), macro: macroAreas(perClass), perClass };
}
