import type { Interval } from '../../evaluation';
import type { FigureSpec } from '../../figures';
import type { IndexRow } from '../featureFolder';

/** One line of a study's scores. */
export type StudyRow = Readonly<Record<string, string | number>>;

/** What a study found. */
export interface StudyOutcome {
  /** Scores, one record each: what `scores.csv` holds. */
  readonly rows: readonly StudyRow[];
  /** Recordings that were scored, where not all were. */
  readonly recordings?: readonly IndexRow[];
  /** The answer in sentences, made of the numbers. */
  readonly verdict: readonly string[];
  readonly figure: FigureSpec;
  /** Of the run; names are made readable for MLflow. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A number as verdicts print it, with its interval. */
export const ranged = ({ value, low, high }: Interval): string =>
  `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;

/** Columns of an interval. */
export const columnsOf = (name: string, { value, low, high }: Interval): StudyRow => ({
  [name]: value,
  [`${name} low`]: low,
  [`${name} high`]: high,
});

/** What the interval of a difference says. */
export const beyondChance = ({ low, high }: Interval): 'more' | 'less' | 'neither' =>
  low > 0 ? 'more' : high < 0 ? 'less' : 'neither';

/** The interval that `columnsOf` wrote. */
export const intervalOf = (row: StudyRow, name: string): Interval => ({
  value: Number(row[name]),
  low: Number(row[`${name} low`]),
  high: Number(row[`${name} high`]),
});

/** Intervals by name as metrics of a run. */
export const metricsOf = (
  intervals: readonly (readonly [name: string, interval: Interval])[],
): Record<string, number> =>
  Object.fromEntries(
    intervals.flatMap(([name, { value, low, high }]) => [
      [name, value],
      [`${name}_low`, low],
      [`${name}_high`, high],
    ]),
  );
