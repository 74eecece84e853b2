import { uniqueCodes } from '../base/codePoints';
import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { numpySum } from './numpySum';

/** What `stratifiedGroupKFold` divides, and how. */
export interface StratifiedGroupKFoldOptions {
  /** Class name of each row. */
  readonly labels: readonly string[];
  /** Group name of each row; a group never parts. */
  readonly groups: readonly string[];
  /** Number of folds; default 10. */
  readonly folds?: number;
  /** Seed of NumPy's `RandomState`, used when shuffled; integer 0 .. 2^32 - 1; default 23 (the paper's). */
  readonly seed?: number;
  /** `shuffled` (default): groups of equal spread are placed in random order; `in-order`: by name. */
  readonly shuffle?: 'shuffled' | 'in-order';
  /**
   * `fixed` (default): the balancing is done on the groups that are placed, as in scikit-learn after 1.7.
   * `published`: as in scikit-learn 1.0 to 1.7, which the paper used. There the class counts are shuffled
   * but the groups they belong to are not, so each group gets the fold that was balanced for another:
   * folds stay disjoint in groups but are neither stratified nor of equal size. The same as `fixed`
   * when `in-order`.
   */
  readonly flavour?: 'published' | 'corrected';
}

/**
 * Fold of each row by greedy stratified group division: groups in order of falling class imbalance, each
 * to the fold that leaves the class shares of the folds most even. Bit-identical to scikit-learn's
 * `StratifiedGroupKFold`, including the order of its floating-point operations.
 *
 * @returns int32, one fold 0 .. folds - 1 per row; all rows of a group have the same.
 * @throws UserError (`input`) when there are fewer groups than folds, or no class has as many rows as
 *   there are folds.
 */
export function stratifiedGroupKFold(options: StratifiedGroupKFoldOptions): Int32Array {
  const { labels, groups, folds = 10, seed = 23, shuffle = 'shuffled', flavour = 'corrected' } = options;
  if (labels.length !== groups.length)
    throw new RangeError(`${labels.length} labels for ${groups.length} groups; one each per row`);
  const { values: classNames, codes: classOf } = uniqueCodes(labels);
  const { values: groupNames, codes: groupOf } = uniqueCodes(groups);
  checkCounts(folds, groupNames.length);
  const classes = classNames.length;

  const counts = new Float64Array(groupNames.length * classes);
  const totals = new Float64Array(classes);
  for (let row = 0; row < labels.length; row++) {
    counts[groupOf[row]! * classes + classOf[row]!]!++;
    totals[classOf[row]!]!++;
  }
  if (totals.every((total) => total < folds))
    throw inputError(
      `no class has ${folds} recordings (the largest has ${Math.max(...totals)}), so ${folds} folds cannot be made; use fewer folds`,
    );

  const order = Int32Array.from({ length: groupNames.length }, (_, i) => i);
  if (shuffle === 'shuffled') randomState(seed).shuffle(order);
  // `order[i]` is the group whose counts stand in shuffled row i.
  const spread = Float64Array.from(order, (group) => populationStd(counts, group * classes, classes));
  const walk = Array.from(order.keys()).sort((a, b) => spread[b]! - spread[a]!);

  const foldOfGroup = new Int32Array(groupNames.length);
  const place = greedyPlacer(counts, totals, folds);
  for (const shuffledRow of walk) {
    const balanced = order[shuffledRow]!;
    const assigned = flavour === 'published' ? shuffledRow : balanced;
    foldOfGroup[assigned] = place(balanced);
  }
  return Int32Array.from(groupOf, (group) => foldOfGroup[group]!);
}

function checkCounts(folds: number, groups: number): void {
  if (!Number.isInteger(folds) || folds < 2) throw inputError(`folds is ${folds}: must be an integer from 2`);
  if (groups < folds)
    throw inputError(
      `${groups} groups cannot be divided into ${folds} folds; use at most ${groups} folds (every "folds" in a preset of your own; notebook 08 writes one), or name groups more finely`,
    );
}

/** Population standard deviation of `count` values, summed in NumPy's order. */
function populationStd(values: Float64Array, start: number, count: number): number {
  const mean = numpySum(values, start, count) / count;
  const squares = new Float64Array(count);
  for (let i = 0; i < count; i++) squares[i] = (values[start + i]! - mean) ** 2;
  return Math.sqrt(numpySum(squares, 0, count) / count);
}

/**
 * Places groups one after the other, remembering the class counts of each fold.
 *
 * For a candidate fold only that fold's class shares change, so its shares are put in and taken out
 * again; the sums over folds are still made in full, because a running sum would round differently.
 */
function greedyPlacer(counts: Float64Array, totals: Float64Array, folds: number): (group: number) => number {
  const classes = totals.length;
  const inFold = new Float64Array(folds * classes);
  const rowsInFold = new Float64Array(folds);
  // Class-major, so that the folds of one class lie together.
  const share = new Float64Array(classes * folds);
  const deviations = new Float64Array(classes);
  const squares = new Float64Array(folds);
  const deviationOf = classes === 1 ? pairwiseDeviation : sequentialDeviation;

  function sequentialDeviation(start: number): number {
    let sum = 0;
    for (let k = 0; k < folds; k++) sum += share[start + k]!;
    const mean = sum / folds;
    let square = 0;
    for (let k = 0; k < folds; k++) {
      const d = share[start + k]! - mean;
      square += d * d;
    }
    return Math.sqrt(square / folds);
  }
  // With a single class NumPy reduces one contiguous run, which it sums pairwise.
  function pairwiseDeviation(start: number): number {
    const mean = numpySum(share, start, folds) / folds;
    for (let k = 0; k < folds; k++) squares[k] = (share[start + k]! - mean) ** 2;
    return Math.sqrt(numpySum(squares, 0, folds) / folds);
  }

  return (group) => {
    let bestSpread = Infinity;
    let bestRows = Infinity;
    let best = 0;
    for (let fold = 0; fold < folds; fold++) {
      for (let c = 0; c < classes; c++) {
        const at = c * folds + fold;
        const kept = share[at]!;
        share[at] = (inFold[fold * classes + c]! + counts[group * classes + c]!) / totals[c]!;
        deviations[c] = deviationOf(c * folds);
        share[at] = kept;
      }
      const spread = numpySum(deviations, 0, classes) / classes;
      const isTie =
        bestSpread !== Infinity && Math.abs(spread - bestSpread) <= 1e-8 + 1e-5 * Math.abs(bestSpread);
      if (spread < bestSpread || (isTie && rowsInFold[fold]! < bestRows)) {
        bestSpread = spread;
        bestRows = rowsInFold[fold]!;
        best = fold;
      }
    }
    for (let c = 0; c < classes; c++) {
      inFold[best * classes + c]! += counts[group * classes + c]!;
      rowsInFold[best]! += counts[group * classes + c]!;
      share[c * folds + best] = inFold[best * classes + c]! / totals[c]!;
    }
    return best;
  };
}
