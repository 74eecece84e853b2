import { uniqueCodes } from '../base/codePoints';
import { inputError } from 'research-basics/errors';

/** What `groupKFold` divides. */
export interface GroupKFoldOptions {
  /** Group name of each row. */
  readonly groups: readonly string[];
  /** Number of folds; default 10. */
  readonly folds?: number;
}

/**
 * Fold of each row by size alone: groups from the largest to the smallest, each to the fold that has the
 * fewest rows so far (the first of equals). Labels play no part, and nothing is random.
 *
 * Groups of equal size are taken from the last name to the first. scikit-learn leaves that order to an
 * unstable sort that depends on the processor's vector instructions, so its `GroupKFold` gives the same
 * folds up to an exchange of groups of equal size.
 *
 * @returns int32, one fold 0 .. folds - 1 per row.
 * @throws UserError (`input`) when there are fewer groups than folds.
 */
export function groupKFold({ groups, folds = 10 }: GroupKFoldOptions): Int32Array {
  const { values, codes } = uniqueCodes(groups);
  if (!Number.isInteger(folds) || folds < 2) throw inputError(`folds is ${folds}: must be an integer from 2`);
  if (values.length < folds)
    throw inputError(
      `${values.length} groups cannot be divided into ${folds} folds; use at most ${values.length} folds (every "folds" in a preset of your own; notebook 08 writes one), or name groups more finely`,
    );
  const sizes = new Int32Array(values.length);
  for (const group of codes) sizes[group]!++;
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || b - a);
  const weight = new Float64Array(folds);
  const foldOfGroup = new Int32Array(values.length);
  for (const group of order) {
    let lightest = 0;
    for (let k = 1; k < folds; k++) if (weight[k]! < weight[lightest]!) lightest = k;
    weight[lightest]! += sizes[group]!;
    foldOfGroup[group] = lightest;
  }
  return Int32Array.from(codes, (group) => foldOfGroup[group]!);
}
