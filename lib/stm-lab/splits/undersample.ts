import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';

/** Which class to thin out, and how far. */
export interface UndersampleOptions {
  readonly labels: readonly string[];
  /** The class. Published: the 635,219 recordings of "speech: non-tonal". */
  readonly label: string;
  /** Rows of it to be kept, 1 or more. Published: 100,000. */
  readonly keep: number;
  /** Seed of the choice. Default 23, the published one. */
  readonly seed?: number;
}

/**
 * The published undersampling: of the rows of one class, `keep` are drawn without replacement
 * (`numpy.random.seed(seed)`, `choice(rows, keep, replace=False)`); all others stay. It is done before the
 * split, so training, validation and test rows shrink alike, and scores on them are not to be compared with
 * scores on all rows.
 *
 * @returns numbers of the rows that stay, rising. All rows when the class has no more than `keep`.
 * @throws UserError (`input`) when no row has the label or `keep` is out of range.
 */
export function undersample({ labels, label, keep, seed = 23 }: UndersampleOptions): Int32Array {
  if (!Number.isInteger(keep) || keep < 1)
    throw inputError(`undersampling: keep ${keep} must be a whole number from 1`);
  const rows = Int32Array.from(labels.keys()).filter((row) => labels[row] === label);
  if (rows.length === 0)
    throw inputError(
      `undersampling: no recording has the label "${label}"; labels are ${[...new Set(labels)].sort().join(', ')}`,
    );
  if (rows.length <= keep) return Int32Array.from(labels.keys());
  const chosen = new Set(Array.from(randomState(seed).choice(rows.length, keep), (i) => rows[i]!));
  return Int32Array.from(labels.keys()).filter((row) => labels[row] !== label || chosen.has(row));
}
