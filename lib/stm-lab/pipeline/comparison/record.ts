import type { Comparison, Interval } from '../../evaluation';
import type { PublishedScore } from './choice';
import type { ComparisonScores } from './rowScores';

/** One row of the table. */
export interface ComparisonRowRecord extends ComparisonScores {
  /** Paired with the reference row, on the same recordings and resamples; absent for the reference itself, and without its result. */
  readonly against?: {
    /** Macro-F1 of this row less that of the reference. */
    readonly difference: Interval;
    /** Of so large a difference if models were exchanged at random group by group. */
    readonly pValue: number;
    /** The same on collections that no model has seen, resampled and exchanged collection by collection. */
    readonly byCollection?: Pick<Comparison, 'difference' | 'pValue'>;
  };
}

/** What `comparison.json` says. */
export interface ComparisonRecord {
  readonly folds: number;
  readonly seeds: number;
  readonly reference: string;
  readonly recordings: number;
  readonly groups: number;
  readonly classes: readonly string[];
  /** Recordings that not all rows have features of: none of the rows was scored on them. */
  readonly leftOut: readonly string[];
  readonly rows: readonly ComparisonRowRecord[];
  /** What others have published for the corpus, as the experiment states it. */
  readonly published?: readonly PublishedScore[];
}
