import { meanDefined, mostProbable, type Predictions } from './predictions';

/** Counts, row = true class, column = predicted class (row-major, classes x classes). */
export interface Confusion {
  readonly classes: number;
  readonly counts: Float64Array;
}

/** Counts true against predicted classes, each row `weights[row]` times (default once). */
export function countConfusion(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): Confusion {
  const counts = new Float64Array(classes * classes);
  for (let r = 0; r < labels.length; r++)
    counts[labels[r]! * classes + predicted[r]!]! += weights === undefined ? 1 : weights[r]!;
  return { classes, counts };
}

/** Counts true against most probable classes, each row `weights[row]` times (default once). */
export function confusionMatrix(predictions: Predictions, weights?: ArrayLike<number>): Confusion {
  const { labels, probabilities, classes } = predictions;
  return countConfusion(labels, mostProbable(probabilities, classes), classes, weights);
}

/** What a confusion matrix says of one class. */
export interface ClassScores {
  /** Rows of the class. */
  readonly support: number;
  /** Share of its predictions that are right; NaN when it is never predicted. */
  readonly precision: number;
  /** Share of its rows found; NaN when it has none. */
  readonly recall: number;
  /** 2 hits / (rows + predictions); NaN when it has no rows. */
  readonly f1: number;
}

/** Scores at the most probable class. */
export interface ArgmaxScores {
  readonly accuracy: number;
  /** Unweighted average recall over the classes that have rows. */
  readonly uar: number;
  /** Mean F1 over the classes that have rows. */
  readonly macroF1: number;
  readonly perClass: readonly ClassScores[];
}

/** Accuracy, UAR, macro-F1 and per-class scores of a confusion matrix. */
export function argmaxScores({ classes, counts }: Confusion): ArgmaxScores {
  let right = 0;
  const perClass = Array.from({ length: classes }, (_, c) => {
    let [support, predicted] = [0, 0];
    for (let other = 0; other < classes; other++) {
      support += counts[c * classes + other]!;
      predicted += counts[other * classes + c]!;
    }
    const hits = counts[c * classes + c]!;
    right += hits;
    return {
      support,
      precision: predicted > 0 ? hits / predicted : NaN,
      recall: support > 0 ? hits / support : NaN,
      f1: support > 0 ? (2 * hits) / (support + predicted) : NaN,
    };
  });
  const total = perClass.reduce((sum, { support }) => sum + support, 0);
  return {
    accuracy: right / total,
    uar: meanDefined(perClass.map(({ recall }) => recall)),
    macroF1: meanDefined(perClass.map(({ f1 }) => f1)),
    perClass,
  };
}

/** Macro-F1 at the most probable class. */
export function macroF1(predictions: Predictions): number {
  return argmaxScores(confusionMatrix(predictions)).macroF1;
}
