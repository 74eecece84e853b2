import { comparisonFigure, renderSvg } from '../../figures';
import type { ReportSection } from '../../report';
import type { RemoteRun } from 'mlflow-tracking-client';
import { measured, sourceOf, type TrackedResults } from './runs';

const COLUMNS = [
  { key: 'cv_mean_macro_f1', title: 'macro-F1, mean of repeats', best: 'highest' },
  { key: 'cv_macro_f1', title: 'macro-F1, repeats averaged', best: 'highest' },
  { key: 'cv_accuracy', title: 'accuracy', best: 'highest' },
  { key: 'cv_macro_roc_auc', title: 'ROC-AUC (macro)', best: 'highest' },
  { key: 'cv_published_roc_auc', title: 'ROC-AUC (micro)' },
  { key: 'cv_published_max_macro_f1', title: 'macro-F1, best threshold' },
] as const;

/** On collections that the model has not seen; only where the manifest names them. */
const BY_COLLECTION = {
  key: 'collection_macro_f1',
  title: 'macro-F1 by collection',
  best: 'highest',
} as const;

/** Whether a row's scores may stand beside the others': not where test rows lie in a basis of their own. */
export const isComparable = ({ params }: RemoteRun): boolean => params['basis'] !== 'each-part';

/** Features and models side by side. */
export async function comparisonSection(
  results: TrackedResults,
  note: string | undefined,
): Promise<ReportSection | undefined> {
  const run = results.latest('compare');
  if (run === undefined) return undefined;
  const rows = [...results.children(run), ...results.failedChildren(run)];
  const bars = rows.map((row) => {
    // Drawn as missing where a training failed.
    const { value = NaN, low, high } = measured(row, 'cv_mean_macro_f1') ?? {};
    return { name: row.name, metric: 'macro-F1', value, low, high };
  });
  if (bars.every(({ value }) => Number.isNaN(value))) return undefined;
  const source = sourceOf(run, ...rows);
  const columns = rows.some(({ metrics }) => metrics['collection_macro_f1'] !== undefined)
    ? [COLUMNS[0], BY_COLLECTION, ...COLUMNS.slice(1)]
    : COLUMNS;
  return {
    title: 'Features and models compared',
    paragraphs: [
      'All rows are scored on the same recordings by the same group-wise folds. The last two columns follow the published protocol, whose threshold is chosen on the scored recordings.',
    ],
    tables: [
      {
        id: 'comparison',
        caption:
          'Features and models, cross-validated. A row without numbers failed; one whose test rows are expressed in a basis of their own is not ranked.',
        columns: [{ key: 'row', title: 'row' }, ...columns],
        rows: rows.map((row) => ({
          row: row.name,
          ...Object.fromEntries(columns.map(({ key }) => [key, measured(row, key)])),
        })),
        incomparable: rows.flatMap((row, i) => (isComparable(row) ? [] : [i])),
        source,
      },
    ],
    figures: [
      {
        id: 'comparison',
        caption: 'Macro-F1 at the most probable class, mean of the repeats, with 95 % intervals.',
        svg: await renderSvg(comparisonFigure({ rows: bars, note })),
        source: sourceOf(run),
      },
    ],
  };
}
