import {
  calibration,
  crossValidate,
  domainF1,
  type CrossValidationResult,
  type CrossValidationTask,
  type FoldTask,
  type Interval,
} from '../evaluation';
import {
  scorableByCollection,
  stratifiedGroupKFold,
  withoutSharedGroups,
  type ScorableRows,
} from '../splits';
import { classNumbers, type IndexRow } from './featureFolder';

/** Scores on recordings of collections that the model has not seen. */
export interface CollectionScores {
  readonly folds: number;
  readonly collections: number;
  readonly recordings: number;
  /** Classes of a single collection, left out: held out, nothing of them is left to learn from. */
  readonly notScorable: readonly string[];
  /** Means over the repeats, with 95 % intervals from resampling collections. */
  readonly macroF1: Interval;
  readonly accuracy: Interval;
  readonly uar: Interval;
  /** Macro-F1 of the part of the label before ":", where labels have one. */
  readonly domainMacroF1?: number;
  /** Macro-F1 of each repeat. */
  readonly repeats: readonly number[];
  /** Expected calibration error, mean over the repeats. */
  readonly ece: number;
}

/** Recordings, divided by collection. */
export interface CollectionDesign extends ScorableRows {
  /** Collection of each row of the whole index, by which test rows are held out. */
  readonly names: readonly string[];
  /** Group of each row of the whole index. */
  readonly groups: readonly string[];
  readonly folds: number;
  /** Scorable classes. */
  readonly classes: readonly string[];
  /** Class of every row of the whole index; -1 where it is not scorable. */
  readonly y: Int32Array;
  /** Class of each scorable row. */
  readonly labels: Int32Array;
}

/**
 * How recordings are divided by collection.
 *
 * @param folds at most so many folds; never more than there are collections.
 * @param repeats divisions that will be scored: seeds 1 .. `repeats`.
 * @param warn called when groups that spread over collections make scoring impossible.
 * @returns undefined where no collections are named, fewer than two classes have more than one, or a fold leaves fewer
 *   than two classes to train on once the groups of its test recordings are left out.
 */
export function collectionDesign(
  index: readonly IndexRow[],
  folds: number,
  repeats: number,
  warn?: (line: string) => void,
): CollectionDesign | undefined {
  if (index.every(({ collection }) => collection === undefined)) return undefined;
  const labels = index.map(({ label }) => label);
  const names = index.map(({ collection }) => collection ?? '');
  const design = scorableByCollection(labels, names);
  const { classes, y: own } = classNumbers(Array.from(design.rows, (row) => labels[row]!));
  if (classes.length < 2) return undefined;
  const y = new Int32Array(labels.length).fill(-1);
  design.rows.forEach((row, i) => (y[row] = own[i]!));
  const groups = index.map(({ group }) => group);
  const whole = {
    ...{ ...design, names, groups, classes, y, labels: own },
    folds: Math.min(folds, design.collections),
  };
  for (let seed = 1; seed <= repeats; seed++) {
    const foldOf = foldsByCollection(whole, seed);
    for (let fold = 0; fold < whole.folds; fold++) {
      const rows = (test: boolean): Int32Array => design.rows.filter((_, i) => (foldOf[i] === fold) === test);
      const left = withoutSharedGroups(rows(false), rows(true), groups);
      if (new Set(Array.from(left, (row) => y[row])).size >= 2) continue;
      warn?.(
        'not scored by collection: groups spread over collections, and without those of a test fold fewer than two classes are left to train on; use more folds, or groups within collections',
      );
      return undefined;
    }
  }
  return whole;
}

/** The scorable rows with their collections, by which models are compared in pairs. */
export function collectionRows({ labels, names, rows, classes }: CollectionDesign): {
  readonly labels: Int32Array;
  readonly groups: Int32Array;
  readonly classes: number;
} {
  const groups = classNumbers(Array.from(rows, (row) => names[row]!)).y;
  return { labels, groups, classes: classes.length };
}

/** Fold of each scorable row, collections held together. */
function foldsByCollection(
  { names, rows, folds, classes, labels }: CollectionDesign,
  seed: number,
): Int32Array {
  return stratifiedGroupKFold({
    labels: Array.from(labels, (c) => classes[c]!),
    groups: Array.from(rows, (row) => names[row]!),
    folds,
    seed,
  });
}

/**
 * Cross-validates by collection; `fitFold` is given rows of the whole index. Recordings of a group that also lies in the
 * test collections are left out of training.
 */
export function crossValidateByCollection(
  design: CollectionDesign,
  task: Pick<CrossValidationTask, 'seeds' | 'fitFold' | 'onFold' | 'resume' | 'bootstrap' | 'signal'>,
): Promise<CrossValidationResult> {
  const { groups, rows, classes, labels } = design;
  return crossValidate({
    ...task,
    labels,
    classNames: classes,
    groups: collectionRows(design).groups,
    folds: (seed) => foldsByCollection(design, seed),
    fitFold: (fold: FoldTask) => {
      const testRows = fold.testRows.map((place) => rows[place]!);
      const trainRows = withoutSharedGroups(
        fold.trainRows.map((place) => rows[place]!),
        testRows,
        groups,
      );
      return task.fitFold({ ...fold, trainRows, testRows });
    },
  });
}

/** The scores of a cross-validation by collection. */
export function collectionScores(
  { folds, collections, rows, notScorable, classes, labels }: CollectionDesign,
  result: CrossValidationResult,
): CollectionScores {
  const sets = result.repeats.map(({ probabilities }) => probabilities);
  const domain = domainF1(labels, sets, classes);
  return {
    folds,
    collections,
    recordings: rows.length,
    notScorable,
    ...result.mean,
    ...(domain === undefined ? {} : { domainMacroF1: domain }),
    repeats: result.repeats.map(({ macroF1 }) => macroF1),
    ece: meanCalibrationError(labels, sets, classes.length),
  };
}

/** Expected calibration error, mean over sets of predictions of the same rows. */
export function meanCalibrationError(
  labels: Int32Array,
  sets: readonly Float32Array[],
  classes: number,
): number {
  return sets.reduce(
    (sum, probabilities) => sum + calibration({ labels, probabilities, classes }).ece / sets.length,
    0,
  );
}

/** The scores by collection as metrics of a run. */
export const collectionMetrics = ({
  macroF1,
  domainMacroF1,
  ece,
}: CollectionScores): Record<string, number> => ({
  collection_macro_f1: macroF1.value,
  collection_macro_f1_low: macroF1.low,
  collection_macro_f1_high: macroF1.high,
  collection_ece: ece,
  ...(domainMacroF1 === undefined ? {} : { collection_domain_macro_f1: domainMacroF1 }),
});

/** Scores by collection in words, for a terminal; names what could not be scored. */
export function collectionSentence(scores: CollectionScores): string {
  const { macroF1, domainMacroF1, ece, collections, folds, repeats, notScorable } = scores;
  const interval = `${macroF1.value.toFixed(3)} [${macroF1.low.toFixed(3)}, ${macroF1.high.toFixed(3)}]`;
  const domain = domainMacroF1 === undefined ? '' : `, of the part before ":" ${domainMacroF1.toFixed(3)}`;
  const left =
    notScorable.length === 0
      ? ''
      : `; not scorable by collection, since all recordings come from one: ${notScorable.join(', ')}`;
  return `by collection: macro-F1 ${interval}${domain}, calibration error ${ece.toFixed(3)}; mean of ${repeats.length} repeat(s) of ${folds} folds over ${collections} collections${left}`;
}
