import { marginalOf, type Region } from '../../ablation';
import { ablationFigure, marginalsFigure, renderSvg, type FigureSpec } from '../../figures';
import type { ReportFigure, ReportSection } from '../../report';
import type { RemoteRun } from 'mlflow-tracking-client';
import { measured, sourceOf, type TrackedResults } from './runs';

const METRICS = [
  { metric: 'macro_f1', name: 'macro-F1' },
  { metric: 'macro_roc_auc', name: 'ROC-AUC (macro)' },
] as const;

interface Cell extends Region {
  readonly run: RemoteRun;
}

/** The ablation: its figures, every cell as a table, and what the corpus supports. */
export async function ablationSection(
  results: TrackedResults,
  note: string | undefined,
): Promise<ReportSection | undefined> {
  const run = results.latest('ablate');
  if (run === undefined) return undefined;
  const children = results.children(run);
  const reference = children.find(({ params }) => params['pass'] === 'all');
  const failed = results.failedChildren(run);
  const cells = [...children.filter((child) => child !== reference), ...failed].map(toCell);
  const source = sourceOf(run);
  const referenceScores = Object.fromEntries(
    METRICS.flatMap(({ metric, name }) => {
      const value = reference?.metrics[metric];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const figures: ReportFigure[] = [];
  const draw = async (id: string, caption: string, spec: FigureSpec | undefined): Promise<void> => {
    if (spec !== undefined) figures.push({ id, caption, svg: await renderSvg(spec), source });
  };
  const maps = (passes: readonly Region['pass'][]): FigureSpec | undefined => {
    const drawn = cells.flatMap(({ run: cell, pass, rateHz, scaleCycPerOct }) =>
      rateHz === undefined || scaleCycPerOct === undefined || !passes.includes(pass)
        ? []
        : METRICS.map(({ metric, name }) => {
            // Drawn as missing where the training failed.
            const { value = NaN, low, high } = measured(cell, metric) ?? {};
            return { pass, rateHz, scaleCycPerOct, metric: name, value, low, high };
          }),
    );
    return drawn.length === 0
      ? undefined
      : ablationFigure({ cells: drawn, reference: referenceScores, note });
  };
  await draw(
    'ablation',
    'Scores of networks that see one region of the modulation plane.',
    maps(['low', 'high']),
  );
  await draw(
    'ablation-complements',
    'Scores of the complements of these regions.',
    maps(['not-low', 'not-high']),
  );
  await draw(
    'ablation-marginals',
    'Modulation transfer functions: scores along one axis at a time.',
    marginals(cells, referenceScores, note),
  );
  const statements = (run.tags['mlflow.note.content'] ?? '')
    .split('\n')
    .map((line) => line.replace(/^- /, ''))
    .filter((line) => line !== '');
  const byCollection = reference?.metrics['collection_macro_f1'] !== undefined;
  return {
    title: 'Ablation of the modulation plane',
    paragraphs: [
      'Cells are trained on standardised features without PCA, as published; the reference is all features by the same protocol.',
      ...statements,
    ],
    tables: [
      {
        id: 'ablation-cells',
        caption:
          'Every cell, from best to worst; the first line has all features. A cell without numbers failed. The last two columns follow the published protocol.',
        columns: [
          { key: 'region', title: 'keeps' },
          { key: 'kept', title: 'features', decimals: 0 },
          { key: 'macro_f1', title: 'macro-F1', best: 'highest' },
          ...(byCollection
            ? ([{ key: 'collection_macro_f1', title: 'macro-F1 by collection', best: 'highest' }] as const)
            : []),
          { key: 'macro_roc_auc', title: 'ROC-AUC (macro)', best: 'highest' },
          { key: 'published_roc_auc', title: 'ROC-AUC (micro)' },
          { key: 'published_max_macro_f1', title: 'macro-F1, best threshold' },
        ],
        rows: [
          ...(reference === undefined ? [] : [reference]),
          ...cells
            .map((cell) => cell.run)
            .sort((a, b) => (b.metrics['macro_f1'] ?? 0) - (a.metrics['macro_f1'] ?? 0)),
        ].map((cell) => ({
          region: cell.tags['stm.region'] ?? cell.name,
          kept: cell.params['kept'] === undefined ? undefined : { value: Number(cell.params['kept']) },
          ...Object.fromEntries(
            [
              'macro_f1',
              'collection_macro_f1',
              'macro_roc_auc',
              'published_roc_auc',
              'published_max_macro_f1',
            ].map((metric) => [metric, measured(cell, metric)]),
          ),
        })),
        source,
      },
    ],
    figures,
  };
}

function toCell(run: RemoteRun): Cell {
  const { pass, rateHz, scaleCycPerOct, scaleCycPerKHz } = run.params;
  const number = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text);
  return {
    run,
    pass: pass as Region['pass'],
    rateHz: number(rateHz),
    scaleCycPerOct: number(scaleCycPerOct),
    scaleCycPerKHz: number(scaleCycPerKHz),
  };
}

function marginals(
  cells: readonly Cell[],
  reference: Readonly<Record<string, number>>,
  note: string | undefined,
): FigureSpec | undefined {
  const rows = cells.flatMap(({ run, ...region }) => {
    const place = marginalOf(region);
    if (place === undefined) return [];
    return METRICS.map(({ metric, name }) => {
      const { value = NaN, low, high } = measured(run, metric) ?? {};
      return { ...place, metric: name, value, low, high };
    });
  });
  return rows.length === 0 ? undefined : marginalsFigure({ rows, reference, note });
}
