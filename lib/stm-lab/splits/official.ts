import { compareCodePoints } from '../base/codePoints';
import { inputError } from 'research-basics/errors';
import { checkLeakage } from './leakage';
import { assignRoles, type Role } from './roles';
import { stratifiedGroupKFold } from './stratified';

/** Folds or parts that a corpus states itself. */
export interface OfficialColumn {
  /** Name of the column. */
  readonly column: string;
  /** What it says of each recording. */
  readonly values: readonly (string | undefined)[];
  /** What of a group in two folds: `refused` (default), or `allowed` for folds whose published scores have it so. */
  readonly sharedGroups?: 'refused' | 'allowed' | undefined;
}

/** Words for the parts of a corpus. */
const PARTS = new Map<string, Role>([
  ...['train', 'training'].map((word) => [word, 'train'] as const),
  ...['dev', 'devel', 'development', 'val', 'valid', 'validation'].map(
    (word) => [word, 'validation'] as const,
  ),
  ...['test', 'testing', 'eval', 'evaluation'].map((word) => [word, 'test'] as const),
]);

/** The part that a column's word names; undefined for folds and empty cells. */
const partOf = (text: string | undefined): Role | undefined => PARTS.get(text?.trim().toLowerCase() ?? '');

/**
 * Folds and roles as a column of the corpus states them. Words such as train, validation and test are roles; anything
 * else names folds, in ascending order: the last is for the test, the one before it for validation.
 *
 * @returns the fold (from 0) and role of each recording, and the number of folds.
 * @throws UserError (`input`) naming a recording without a value, a part that is missing, too few folds, or a group in
 *   two folds.
 */
export function officialFolds(
  rows: readonly { readonly path: string; readonly group: string }[],
  { column, values, sharedGroups }: OfficialColumn,
): { readonly fold: Int32Array; readonly roles: Role[]; readonly folds: number } {
  const texts = rows.map(({ path }, i) => {
    const text = values[i]?.trim() ?? '';
    if (text === '')
      throw inputError(`split.column "${column}": ${path} has no value; give every recording one`);
    return text;
  });
  const names = [...new Set(texts)].sort(
    areNumbers(texts) ? (a, b) => Number(a) - Number(b) : compareCodePoints,
  );
  const byRole = names.every((name) => partOf(name) !== undefined);
  const order: readonly Role[] = ['train', 'validation', 'test'];
  const fold = Int32Array.from(texts, (text) =>
    byRole ? order.indexOf(partOf(text)!) : names.indexOf(text),
  );
  if (sharedGroups !== 'allowed') checkLeakage({ groups: rows.map(({ group }) => group), fold });
  if (!byRole && names.length < 3)
    throw inputError(
      `split.column "${column}": holds ${names.length} folds (${names.join(', ')}); training, validation and test need at least 3, or the words train, validation and test`,
    );
  if (!byRole) return { fold, roles: assignRoles(fold, names.length), folds: names.length };
  const roles = Array.from(fold, (k) => order[k]!);
  const lacking = order.filter((role) => !roles.includes(role));
  if (lacking.length > 0)
    throw inputError(
      `split.column "${column}": names no recordings for ${lacking.join(' and ')} (it says ${names.join(', ')}); set apart some of the training groups`,
    );
  return { fold, roles, folds: 3 };
}

const areNumbers = (texts: readonly string[]): boolean =>
  texts.every((text) => Number.isFinite(Number(text)));

/** Whether a column names parts of the corpus instead of folds; recordings without a word are in no part. */
export const statesParts = (values: readonly (string | undefined)[]): boolean => {
  const words = values.filter((text) => Boolean(text?.trim()));
  return words.length > 0 && words.every((word) => partOf(word) !== undefined);
};

/**
 * What a corpus that states parts sets apart for training (its validation part, too) and for the test.
 *
 * @returns places in `rows`, recordings in no part left out; undefined where no parts are stated.
 * @throws UserError (`input`) when a part has no recordings or a group is in both.
 */
export function officialParts(
  rows: readonly { readonly path: string; readonly group: string }[],
  official: OfficialByPath | undefined,
): { readonly train: Int32Array; readonly test: Int32Array } | undefined {
  const values = rows.map(({ path }) => official?.values.get(path));
  if (official === undefined || !statesParts(values)) return undefined;
  const places = Int32Array.from(rows.keys());
  const test = places.filter((place) => partOf(values[place]) === 'test');
  const train = places.filter((place) => !['test', undefined].includes(partOf(values[place])));
  if (test.length === 0 || train.length === 0)
    throw inputError(
      `split.column "${official.column}": names no recordings to ${test.length === 0 ? 'test' : 'train on'}; compare needs both`,
    );
  const own = Int32Array.of(...train, ...test);
  if (official.sharedGroups !== 'allowed')
    checkLeakage({
      groups: Array.from(own, (place) => rows[place]!.group),
      fold: own.map((_, i) => Number(i >= train.length)),
    });
  return { train, test };
}

/** A column of the corpus by path of the recording. */
type OfficialByPath = Omit<OfficialColumn, 'values'> & { readonly values: ReadonlyMap<string, string> };

/**
 * Folds of a cross-validation: those that the corpus states, the same for every seed, or a division for each seed.
 *
 * @param official fold column by path of the recording; parts such as train and test are not folds.
 * @throws UserError (`input`) when the corpus states another number of folds.
 */
export function foldsFor(
  rows: readonly { readonly path: string; readonly label: string; readonly group: string }[],
  folds: number,
  official?: OfficialByPath,
): (seed: number) => Int32Array {
  const labels = rows.map(({ label }) => label);
  const groups = rows.map(({ group }) => group);
  const values = official === undefined ? [] : rows.map(({ path }) => official.values.get(path));
  if (official === undefined || statesParts(values))
    return (seed) => stratifiedGroupKFold({ labels, groups, folds, seed });
  const stated = officialFolds(rows, { ...official, values });
  if (stated.folds !== folds)
    throw inputError(
      `split.column "${official.column}": holds ${stated.folds} folds, and the cross-validation asks for ${folds}; set its "folds" to ${stated.folds}`,
    );
  return () => stated.fold;
}
