import { inputError } from 'research-basics/errors';
import { stratifiedGroupKFold } from '../../splits';
import type { StrfDevelopment, StrfTraining, TrainedStrf } from '../train';
import type { CellOutcome, TaskMeasure } from './task';

/** Parts that a development part is one of. */
const PARTS = 5;

/**
 * Parts training rows for a best record: about a fifth of them, whole groups and spread over the classes, are held out.
 * A group without which a class would be lost trains.
 *
 * @param rows row numbers; `labels` and `groups` are looked up by them.
 * @returns all rows to train on where `epoch` is not `best`.
 * @throws UserError (`input`) when no group can be held out.
 */
export function holdOut(
  { epoch }: StrfTraining,
  rows: readonly number[],
  labels: ArrayLike<number>,
  groups: ArrayLike<number>,
): { readonly train: readonly number[]; readonly development: readonly number[] } {
  if (epoch !== 'best') return { train: rows, development: [] };
  const perClass = new Map<number, number>();
  for (const row of rows) perClass.set(labels[row]!, (perClass.get(labels[row]!) ?? 0) + 1);
  const folds = Math.min(PARTS, new Set(rows.map((row) => groups[row])).size, Math.max(...perClass.values()));
  const foldOf =
    folds < 2
      ? undefined
      : stratifiedGroupKFold({
          labels: rows.map((row) => String(labels[row])),
          groups: rows.map((row) => String(groups[row])),
          folds,
        });
  const held = new Set(rows.filter((_, i) => foldOf?.[i] === 0).map((row) => groups[row]));
  const knownWithout = new Set(rows.filter((row) => !held.has(groups[row])).map((row) => labels[row]));
  for (const row of rows) if (!knownWithout.has(labels[row])) held.delete(groups[row]);
  const development = rows.filter((row) => held.has(groups[row]));
  if (development.length === 0)
    throw inputError(
      'training option epoch is "best": no group can be held out to choose it on without losing a class; give more groups, or "last"',
    );
  return { train: rows.filter((row) => !held.has(groups[row])), development };
}

/** A task's development score, in the direction of its measure. */
export const developmentOf = ({ better }: TaskMeasure, value: StrfDevelopment['value']): StrfDevelopment => ({
  direction: better === 'higher' ? 'maximise' : 'minimise',
  value,
});

/** What is left of a training that was made for its development score: that of the best record, and no test score. */
export function developmentOutcome({ records }: TrainedStrf): CellOutcome {
  const { development } = records.find(({ chosen }) => chosen)!;
  return { records, outputs: {}, metrics: { development: development! } };
}

/** One sentence on which values are scored. */
export function epochRemark({ epoch = 'last' }: StrfTraining, { title }: TaskMeasure): string {
  return epoch === 'last'
    ? 'Scores are of the last update.'
    : `Scores are of the record with the best ${title} on a development part, which shares no recordings with the scored ones.`;
}
