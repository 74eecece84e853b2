import { evaluate, type CrossValidationResult, type Interval } from '../../evaluation';
import type { CollectionScores } from '../byCollection';
import type { RecipeChoice } from './chooseRecipe';
import { describeCandidates, describeRow, type FullRow } from './fullRows';

/** Scores of one row, both protocols. */
export interface ComparisonScores {
  readonly name: string;
  readonly features: string;
  readonly model: string;
  /** Corrected protocol: means over the repeats with 95 % intervals from resampling groups. */
  readonly macroF1: Interval;
  readonly accuracy: Interval;
  readonly uar: Interval;
  /** Standard deviation of macro-F1 over the repeats: seed and division; null for one. */
  readonly deviation: number | null;
  /** Macro-F1 of each repeat. */
  readonly repeats: readonly number[];
  /** The repeats' probabilities averaged: every recording scored by as many models, none of which met its group. */
  readonly averaged: { readonly macroF1: Interval; readonly macroRocAuc: number; readonly ece: number };
  /** Published protocol, mean over the repeats: threshold chosen on the test rows, micro-averaged areas. */
  readonly published: {
    readonly maxMacroF1: number;
    readonly rocAuc: number;
    readonly prAuc: number;
    readonly accuracy: number;
  };
  /** On collections that no model of the row has seen; only where the manifest names collections. */
  readonly byCollection?: CollectionScores;
  /** How often each recipe was chosen, where there was a choice: in folds by group, and in those by collection. */
  readonly chosen?: readonly {
    readonly recipe: string;
    readonly folds: number;
    readonly collectionFolds?: number;
  }[];
}

/** A row that has been scored. */
export interface FinishedRow {
  readonly scores: ComparisonScores;
  /** Names what it was computed from. */
  readonly key: string;
  /** Probabilities of each repeat (float32, recordings x classes), for paired comparisons and combined rows. */
  readonly repeats: readonly Float32Array[];
  /** The same by collection (scorable recordings x scorable classes); only where the manifest names collections. */
  readonly unseen?: readonly Float32Array[];
}

/** The scores of a cross-validated row. */
export function scoresOf(
  row: FullRow,
  result: CrossValidationResult,
  labels: Int32Array,
  classNames: readonly string[],
  choices: readonly RecipeChoice[],
  choicesByCollection: readonly RecipeChoice[],
): ComparisonScores {
  const published = result.repeats.map(
    ({ probabilities }) => evaluate({ labels, probabilities, classNames }).published,
  );
  const count = (own: readonly RecipeChoice[], recipe: number): number =>
    own.filter(({ chosen }) => chosen === recipe).length;
  const mean = (pick: (scores: (typeof published)[number]) => number): number =>
    published.reduce((sum, scores) => sum + pick(scores), 0) / published.length;
  const { corrected, intervals, calibration } = result.averaged;
  return {
    name: row.name,
    ...describeRow(row),
    ...result.mean,
    deviation: Number.isNaN(result.deviation.macroF1) ? null : result.deviation.macroF1,
    repeats: result.repeats.map(({ macroF1 }) => macroF1),
    averaged: {
      macroF1: intervals!.macroF1,
      macroRocAuc: corrected.macroRocAuc,
      ece: calibration.ece,
    },
    published: {
      maxMacroF1: mean(({ maxMacroF1 }) => maxMacroF1),
      rocAuc: mean(({ rocAuc }) => rocAuc),
      prAuc: mean(({ prAuc }) => prAuc),
      accuracy: mean(({ accuracy }) => accuracy),
    },
    ...(row.innerFolds === 0
      ? {}
      : {
          chosen: describeCandidates(row).map((recipe, i) => ({
            recipe,
            folds: count(choices, i),
            ...(choicesByCollection.length === 0 ? {} : { collectionFolds: count(choicesByCollection, i) }),
          })),
        }),
  };
}
