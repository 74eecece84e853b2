import { uniqueCodes } from '../base/codePoints';
import { inputError } from 'research-basics/errors';

/** Which recordings a division by collection can score. */
export interface ScorableRows {
  /** Rows of the classes that can be scored, ascending. */
  readonly rows: Int32Array;
  /** Number of collections among these rows. */
  readonly collections: number;
  /** Classes that lie in a single collection: held out, nothing of them is left to learn from. */
  readonly notScorable: readonly string[];
}

/**
 * Which rows can be scored when whole collections are held out.
 *
 * @param labels class name of each row.
 * @param collections name of each row's collection; empty names are one collection.
 * @throws UserError (`input`) when the lengths differ.
 */
export function scorableByCollection(
  labels: readonly string[],
  collections: readonly string[],
): ScorableRows {
  if (collections.length !== labels.length)
    throw inputError(`collections: ${collections.length} for ${labels.length} labels; one each per row`);
  const collectionsOf = new Map<string, Set<string>>();
  labels.forEach((label, row) => {
    const own = collectionsOf.get(label) ?? new Set<string>();
    collectionsOf.set(label, own.add(collections[row]!));
  });
  const notScorable = uniqueCodes(labels).values.filter((label) => collectionsOf.get(label)!.size < 2);
  const left = new Set(notScorable);
  const rows = Int32Array.from(labels.keys()).filter((row) => !left.has(labels[row]!));
  return { rows, collections: new Set(Array.from(rows, (row) => collections[row]!)).size, notScorable };
}

/**
 * Training rows less those of a group that also has test rows: a speaker or place may lie in two collections, and no
 * model is tested on a group it was trained on.
 *
 * @param groups group of each row, by the numbers that the rows are called by.
 */
export function withoutSharedGroups(
  trainRows: Int32Array,
  testRows: Int32Array,
  groups: readonly string[],
): Int32Array {
  const tested = new Set(Array.from(testRows, (row) => groups[row]!));
  return trainRows.filter((row) => !tested.has(groups[row]!));
}
