import { inputError } from 'research-basics/errors';
import { type BootstrapOptions, groupBootstrap, type Interval } from './bootstrap';
import { type Calibration, calibration } from './calibration';
import { argmaxScores, type ClassScores, confusionMatrix } from './confusion';
import { kerasF1, kerasMacroF1, kerasMicroAuc, sweepThresholds } from './kerasMetrics';
import { checkPredictions, mostProbable, type Predictions } from './predictions';
import { classRankings, exactAreas, macroAreas, rankingAreas } from './ranking';

/** What `evaluate` reads. */
export interface EvaluationTask {
  readonly labels: Int32Array;
  /** Float32, rows x classes. */
  readonly probabilities: Float32Array;
  /** Name of each class, in output order. */
  readonly classNames: readonly string[];
  /** Group of each row; without it there are no intervals. */
  readonly groups?: Int32Array;
  /** Predictions on the validation rows, from which the corrected protocol takes its threshold. */
  readonly validation?: { readonly labels: Int32Array; readonly probabilities: Float32Array };
  readonly bootstrap?: BootstrapOptions;
  /** Bins of the reliability diagram. Default 15. */
  readonly calibrationBins?: number;
}

/** The paper's numbers, computed the paper's way. */
export interface PublishedScores {
  /** Micro average, 200 bins. */
  readonly rocAuc: number;
  readonly prAuc: number;
  /** Largest macro-F1 over 19 thresholds chosen on these very rows. */
  readonly maxMacroF1: number;
  readonly threshold: number;
  /** F1 of each class at that threshold. */
  readonly perClassF1: readonly number[];
  readonly accuracy: number;
  /** Macro-F1 over the thresholds 0.05 .. 0.95. */
  readonly macroF1ByThreshold: readonly number[];
}

/** Numbers that choose nothing on the rows they score. */
export interface CorrectedScores {
  /** At the most probable class. */
  readonly macroF1: number;
  readonly accuracy: number;
  /** Unweighted average recall. */
  readonly uar: number;
  /** Exact one-vs-rest areas, mean over classes. */
  readonly macroRocAuc: number;
  readonly macroAp: number;
  /** Exact pooled areas. */
  readonly microRocAuc: number;
  readonly microAp: number;
  /** Macro-F1 (several labels allowed) at the threshold that was best on the validation rows. */
  readonly validationThreshold?: { readonly threshold: number; readonly macroF1: number };
  readonly perClass: readonly (ClassScores & {
    readonly name: string;
    readonly rocAuc: number;
    readonly ap: number;
  })[];
}

/** Statistics that have intervals. */
export type IntervalName = 'macroF1' | 'accuracy' | 'uar' | 'macroRocAuc' | 'macroAp';

/** Both protocols on one set of predictions: plain JSON (NaN becomes null when written). */
export interface EvaluationReport {
  readonly rows: number;
  readonly groups?: number;
  readonly classNames: readonly string[];
  /** Classes without rows: left out of the corrected macro averages. */
  readonly absentClasses: readonly string[];
  readonly published: PublishedScores;
  readonly corrected: CorrectedScores;
  /** Group-bootstrap intervals of the corrected scores. */
  readonly intervals?: Readonly<Record<IntervalName, Interval>>;
  /** Row = true, column = predicted class. */
  readonly confusion: readonly (readonly number[])[];
  readonly calibration: Calibration;
}

/**
 * Evaluates predictions by the published and by the corrected protocol.
 *
 * @throws UserError (`input`) when sizes disagree or a value is out of range.
 */
export function evaluate(task: EvaluationTask): EvaluationReport {
  const { labels, probabilities, classNames, groups, validation } = task;
  const classes = classNames.length;
  const predictions = checkPredictions({ labels, probabilities, classes });
  const matrix = confusionMatrix(predictions);
  const scores = argmaxScores(matrix);
  const areas = exactAreas(predictions);
  const corrected: CorrectedScores = {
    macroF1: scores.macroF1,
    accuracy: scores.accuracy,
    uar: scores.uar,
    macroRocAuc: areas.macro.roc,
    macroAp: areas.macro.ap,
    microRocAuc: areas.micro.roc,
    microAp: areas.micro.ap,
    ...(validation === undefined
      ? {}
      : { validationThreshold: atValidationThreshold(predictions, { ...validation, classes }) }),
    perClass: scores.perClass.map((own, c) => ({
      name: classNames[c]!,
      ...own,
      rocAuc: areas.perClass[c]!.roc,
      ap: areas.perClass[c]!.ap,
    })),
  };
  return {
    rows: labels.length,
    ...(groups === undefined ? {} : { groups: new Set(groups).size }),
    classNames,
    absentClasses: classNames.filter((_, c) => scores.perClass[c]!.support === 0),
    published: publishedScores(predictions),
    corrected,
    ...(groups === undefined ? {} : { intervals: intervalsOf(predictions, groups, task.bootstrap) }),
    confusion: classNames.map((_, c) => [...matrix.counts.subarray(c * classes, (c + 1) * classes)]),
    calibration: calibration(predictions, task.calibrationBins),
  };
}

function publishedScores(predictions: Predictions): PublishedScores {
  const { roc, pr } = kerasMicroAuc(predictions);
  const sweep = sweepThresholds(predictions);
  return {
    rocAuc: roc,
    prAuc: pr,
    maxMacroF1: sweep.best.macroF1,
    threshold: sweep.best.threshold,
    perClassF1: [...kerasF1(predictions, sweep.best.threshold)],
    accuracy: argmaxScores(confusionMatrix(predictions)).accuracy,
    macroF1ByThreshold: sweep.macroF1,
  };
}

function atValidationThreshold(
  predictions: Predictions,
  validation: Predictions,
): { threshold: number; macroF1: number } {
  const { threshold } = sweepThresholds(checkPredictions(validation)).best;
  return { threshold, macroF1: kerasMacroF1(predictions, threshold) };
}

/** Rankings are sorted once; a resample only weighs them again. */
function intervalsOf(
  predictions: Predictions,
  groups: Int32Array,
  options: BootstrapOptions | undefined,
): Record<IntervalName, Interval> {
  const { labels, classes } = predictions;
  if (groups.length !== labels.length)
    throw inputError(`evaluation: ${groups.length} groups for ${labels.length} rows`);
  const predicted = mostProbable(predictions.probabilities, classes);
  const rankings = classRankings(predictions);
  return groupBootstrap(
    { groups, labels },
    (weights) => {
      const counts = new Float64Array(classes * classes);
      for (let r = 0; r < labels.length; r++) counts[labels[r]! * classes + predicted[r]!]! += weights[r]!;
      const { macroF1, accuracy, uar } = argmaxScores({ classes, counts });
      const { roc, ap } = macroAreas(
        rankings.map((ranking) => rankingAreas(ranking, (row) => weights[row]!)),
      );
      return { macroF1, accuracy, uar, macroRocAuc: roc, macroAp: ap };
    },
    options,
  );
}
