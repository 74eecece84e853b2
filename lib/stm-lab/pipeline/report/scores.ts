import { compareCodePoints } from '../../base/codePoints';
import { comparisonFigure, renderSvg } from '../../figures';
import type { ReportCell, ReportSection, ReportTable } from '../../report';
import type { RemoteRun } from 'mlflow-tracking-client';
import { labelOf } from '../../stages/labels';
import { readPublished } from '../published';
import { measured, sourceOf, type TrackedResults } from './runs';

/** How a scored set of rows is named, and the prefix of its metrics. */
const SCORED = [
  { stage: 'evaluate', prefix: 'test', name: 'test fold, trained network' },
  { stage: 'cross-validate', prefix: 'cv', name: 'all folds, cross-validated' },
] as const;

const SCORES = [
  { metric: 'macro_f1', title: 'macro-F1' },
  { metric: 'accuracy', title: 'accuracy' },
  { metric: 'uar', title: 'unweighted recall' },
  { metric: 'macro_roc_auc', title: 'ROC-AUC (macro)' },
  { metric: 'macro_average_precision', title: 'PR-AUC (macro)' },
] as const;

/** Those drawn: more panels would be too narrow. */
const DRAWN: readonly string[] = ['macro_f1', 'uar', 'macro_roc_auc'];

const PUBLISHED = [
  { metric: 'published_roc_auc', title: 'ROC-AUC (micro)' },
  { metric: 'published_pr_auc', title: 'PR-AUC (micro)' },
  { metric: 'published_max_macro_f1', title: 'macro-F1, best threshold' },
] as const;

/** Scores of the trained network and of the cross-validation, by both protocols, beside the published ones. */
export async function scoresSection(
  results: TrackedResults,
  note: string | undefined,
): Promise<ReportSection | undefined> {
  const scored = SCORED.flatMap(({ stage, prefix, name }) => {
    const run = results.latest(stage);
    return run === undefined ? [] : [{ run, prefix, name }];
  });
  if (scored.length === 0) return undefined;
  const source = sourceOf(...scored.map(({ run }) => run));
  const rowsOf = (scores: readonly { readonly metric: string }[]): Record<string, ReportCell>[] =>
    scored.map(({ run, prefix, name }) => ({
      scored: name,
      ...Object.fromEntries(scores.map(({ metric }) => [metric, measured(run, `${prefix}_${metric}`)])),
    }));
  const columnsOf = (
    scores: readonly { readonly metric: string; readonly title: string }[],
  ): ReportTable['columns'] => [
    { key: 'scored', title: 'scored on' },
    // The rows are scored on different recordings: none of them is the best.
    ...scores.map(({ metric, title }) => ({ key: metric, title })),
  ];
  const paper = readPublished().main.find(
    ({ features, undersampled }) => features === 'STM' && undersampled === 'no',
  )!;
  const bars = scored.flatMap(({ run, prefix, name }) =>
    SCORES.filter(({ metric }) => DRAWN.includes(metric)).flatMap(({ metric, title }) => {
      const found = measured(run, `${prefix}_${metric}`);
      return found === undefined
        ? []
        : [{ name, metric: title, value: found.value, low: found.low, high: found.high }];
    }),
  );
  return {
    title: 'Scores',
    paragraphs: [
      'Intervals are 95 %, from resampling whole groups (speakers, artists, places) within classes. The test fold is small where the corpus is; the cross-validation scores every recording by a network that has not seen its group.',
      'The published protocol averages over pairs of recording and class (micro), where the largest class decides, and takes the best of 19 thresholds on the scored recordings themselves. It is given to compare with the paper, not as an estimate.',
    ],
    tables: [
      {
        id: 'scores',
        caption: 'Scores at the most probable class, and exact areas.',
        columns: columnsOf(SCORES),
        rows: rowsOf(SCORES),
        source,
      },
      {
        id: 'published-scores',
        caption: 'Scores of the published protocol, with those that the paper prints for its own corpus.',
        columns: columnsOf(PUBLISHED),
        rows: [
          ...rowsOf(PUBLISHED),
          {
            scored: 'paper: 105,975 test recordings',
            published_roc_auc: { value: paper.rocAuc },
            published_pr_auc: { value: paper.prAuc },
            published_max_macro_f1: { value: paper.maxMacroF1 },
          },
        ],
        source,
      },
      ...collectionTable(results),
      ...classTable(scored),
    ],
    figures:
      bars.length === 0
        ? []
        : [
            {
              id: 'scores',
              caption: 'Scores with 95 % intervals.',
              svg: await renderSvg(comparisonFigure({ rows: bars, title: 'Scores', note })),
              source,
            },
          ],
  };
}

/** The cross-validation on groups and on collections that the network has not seen. */
function collectionTable(results: TrackedResults): ReportTable[] {
  const run = results.latest('cross-validate');
  if (run?.metrics['collection_macro_f1'] === undefined) return [];
  return [
    {
      id: 'scores-by-collection',
      caption:
        'The same network and recordings, held out by group and by collection, mean of the repeats. New collections differ in microphones, rooms and codecs too: expect the second row on recordings made by others. Classes of a single collection are left out of it.',
      columns: [
        { key: 'held', title: 'held out together' },
        { key: 'macro_f1', title: 'macro-F1' },
        { key: 'ece', title: 'calibration error' },
      ],
      rows: [
        { held: 'groups', macro_f1: measured(run, 'cv_mean_macro_f1'), ece: measured(run, 'cv_ece') },
        {
          held: 'collections',
          macro_f1: measured(run, 'collection_macro_f1'),
          ece: measured(run, 'collection_ece'),
        },
      ],
      source: sourceOf(run),
    },
  ];
}

/** F1 of each class. */
function classTable(
  scored: readonly { readonly run: RemoteRun; readonly prefix: string; readonly name: string }[],
): ReportTable[] {
  const classes = new Map(
    scored.flatMap(({ run, prefix }) =>
      Object.keys(run.metrics).flatMap((metric): [string, string][] => {
        if (!metric.startsWith(`${prefix}_f1/`)) return [];
        const name = metric.slice(prefix.length + '_f1/'.length);
        return [[name, labelOf(run, name)]];
      }),
    ),
  );
  const ordered = [...classes].sort(([, a], [, b]) => compareCodePoints(a, b));
  if (ordered.length === 0) return [];
  return [
    {
      id: 'class-f1',
      caption: 'F1 of each class at the most probable class.',
      columns: [
        { key: 'class', title: 'class' },
        ...scored.map(({ prefix, name }) => ({ key: prefix, title: name })),
      ],
      rows: ordered.map(([own, label]) => ({
        class: label,
        ...Object.fromEntries(
          scored.map(({ run, prefix }) => [prefix, measured(run, `${prefix}_f1/${own}`)]),
        ),
      })),
      source: sourceOf(...scored.map(({ run }) => run)),
    },
  ];
}
