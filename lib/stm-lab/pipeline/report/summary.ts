import type { ReportNumber } from '../../report';
import type { RemoteRun } from 'mlflow-tracking-client';
import { isComparable } from './comparison';
import { measured, type TrackedResults } from './runs';

/** "0.655 (95 % interval 0.581 to 0.722)", in the digits of the tables. */
function scoreText({ value, low, high }: ReportNumber): string {
  const interval =
    low === undefined || high === undefined ? '' : ` (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)})`;
  return `${value.toFixed(3)}${interval}`;
}

/**
 * Five sentences: the score, the comparison, the ablation, the runs that hold these numbers, the caveats.
 *
 * @param note about the recordings, e.g. "synthetic demo corpus".
 */
export function summarySentences(results: TrackedResults, note: string | undefined): string[] {
  const crossValidation = results.latest('cross-validate');
  const [evaluation, comparison, ablation] = ['evaluate', 'compare', 'ablate'].map(results.latest);
  const used = [crossValidation, evaluation, comparison, ablation].filter((run) => run !== undefined);
  return [
    scoreSentence(crossValidation, evaluation),
    comparisonSentence(results, comparison),
    ablationSentence(ablation),
    used.length === 0
      ? 'No run holds scores yet.'
      : `These numbers are held by the runs ${used.map(({ name, id }) => `${name} ${id}`).join(', ')}.`,
    caveatSentence(crossValidation, comparison, note),
  ];
}

function scoreSentence(crossValidation: RemoteRun | undefined, evaluation: RemoteRun | undefined): string {
  const folds = crossValidation && measured(crossValidation, 'cv_mean_macro_f1');
  const test = evaluation && measured(evaluation, 'test_macro_f1');
  const collections = crossValidation && measured(crossValidation, 'collection_macro_f1');
  const parts = [
    ...(folds === undefined ? [] : [`${scoreText(folds)} in cross-validation on unseen groups`]),
    ...(collections === undefined ? [] : [`${scoreText(collections)} on unseen collections`]),
    ...(test === undefined ? [] : [`${scoreText(test)} on the one test fold`]),
  ];
  return parts.length === 0
    ? 'No network has been scored.'
    : `The network's macro-F1 is ${parts.join('; ')}.`;
}

function comparisonSentence(results: TrackedResults, comparison: RemoteRun | undefined): string {
  const rows = (comparison === undefined ? [] : results.children(comparison)).flatMap((run) => {
    const score = measured(run, 'cv_mean_macro_f1');
    return score === undefined || !isComparable(run) ? [] : [{ name: run.name, score }];
  });
  const best = [...rows].sort((a, b) => b.score.value - a.score.value)[0];
  return best === undefined
    ? 'Features and models were not compared.'
    : `Of ${rows.length} comparable rows of features and models, "${best.name}" scores highest: ${scoreText(best.score)}.`;
}

function ablationSentence(ablation: RemoteRun | undefined): string {
  const [cells, below, above, all] = [
    'cells',
    'cells_below_reference',
    'cells_above_reference',
    'reference_macro_f1',
  ].map((metric) => ablation?.metrics[metric]);
  return cells === undefined || below === undefined || above === undefined || all === undefined
    ? 'No part of the modulation plane was ablated.'
    : `Of ${cells} networks trained on parts of the modulation plane, ${below} score below the one trained on all features (macro-F1 ${all.toFixed(3)}) and ${above} above it, by differences whose 95 % intervals exclude 0.`;
}

function caveatSentence(
  crossValidation: RemoteRun | undefined,
  comparison: RemoteRun | undefined,
  note: string | undefined,
): string {
  const seeds = crossValidation?.params['crossValidation.seeds'];
  const caveats = [
    ...(note === undefined ? [] : [note]),
    'intervals come from resampling groups of these recordings, not from recordings made elsewhere',
    ...(seeds === '1' ? ['each fold was trained with one seed, and another may score differently'] : []),
    ...(comparison === undefined ? [] : ['the highest of many scores tends to be too high']),
    'scores of the published protocol take the best threshold on the scored recordings themselves',
  ];
  return `Caveats: ${caveats.join('; ')}.`;
}
