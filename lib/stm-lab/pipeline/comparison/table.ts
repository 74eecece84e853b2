import { writeCsv } from '../../base/csv';
import type { Comparison, Interval } from '../../evaluation';
import { comparisonFigure, type ComparisonRow, type FigureSpec } from '../../figures';
import type { StageFailure } from '../../stages/stageRecord';
import type { RowCost } from './cost';
import type { ComparisonRecord } from './record';

/** A comparison with the rows that it lacks. */
type ComparisonWithGaps = ComparisonRecord & { readonly failed: readonly StageFailure[] };

/** A row of the comparison as reports and the terminal print it. */
export interface ComparisonTableRow {
  readonly [column: string]: string;
  readonly row: string;
  /** Mean of single repeats with 95 % interval. */
  readonly 'macro-F1': string;
  /** Mean of single repeats with 95 % interval. */
  readonly accuracy: string;
  /** Of the repeats' averaged probabilities, with interval. */
  readonly averaged: string;
  /** On collections that no model has seen; a dash where the manifest names none. */
  readonly 'by collection': string;
  /** Against the reference, with interval and p. */
  readonly difference: string;
  /** Published protocol: macro-F1 at the threshold best on the test rows, and micro ROC-AUC. */
  readonly published: string;
}

const shown = (value: number): string => value.toFixed(3);
const ranged = ({ value, low, high }: Interval): string => `${shown(value)} [${shown(low)}, ${shown(high)}]`;

/** Where the manifest names collections. */
const BY_COLLECTION = 'difference by collection';

const differenceText = ({ difference, pValue }: Pick<Comparison, 'difference' | 'pValue'>): string =>
  `${ranged(difference)}, p ${pValue.toFixed(4)}`;

/** Cost of a row's features, where the comparison knows any; the network behind them, where a row has one. */
function costColumns(
  costs: Readonly<Record<string, RowCost>>,
): (name: string) => Readonly<Record<string, string>> {
  const all = Object.values(costs);
  const isTimed = all.some(({ secondsPerHour }) => secondsPerHour !== undefined);
  const isPretrained = all.some(({ pretrainedWeights }) => pretrainedWeights !== 0);
  const million = (weights: number): string =>
    weights === 0 ? '0' : `${Number((weights / 1e6).toPrecision(2))} million`;
  return (name) => {
    const { secondsPerHour, pretrainedWeights, trainedOn } = costs[name] ?? {};
    return {
      ...(isTimed ? { 'cost (s/h)': secondsPerHour?.toFixed(0) ?? '-' } : {}),
      ...(isPretrained
        ? {
            'pretrained weights': pretrainedWeights === undefined ? '-' : million(pretrainedWeights),
            'trained on': trainedOn ?? '-',
          }
        : {}),
    };
  };
}

/** Repeats and folds in words; one fold is the test part that a corpus states. */
export const divisionText = ({ seeds, folds }: Pick<ComparisonRecord, 'seeds' | 'folds'>): string =>
  folds === 1
    ? `${seeds} training(s) on the stated training part, scored on the test part`
    : `${seeds} repeat(s) of ${folds} group-wise folds`;

/** The comparison as a table; a row that failed says so instead of its scores. */
export function comparisonTable(
  record: ComparisonWithGaps & { readonly costs?: Readonly<Record<string, RowCost>> },
): ComparisonTableRow[] {
  const costOf = costColumns(record.costs ?? {});
  const hasCollections = record.rows.some(({ against }) => against?.byCollection !== undefined);
  const scored = record.rows.map((row) => ({
    row: row.name,
    features: row.features,
    model: row.model,
    'macro-F1': ranged(row.macroF1),
    accuracy: ranged(row.accuracy),
    averaged: ranged(row.averaged.macroF1),
    'by collection': row.byCollection === undefined ? '-' : ranged(row.byCollection.macroF1),
    difference:
      row.name === record.reference
        ? 'reference'
        : row.against === undefined
          ? '-'
          : differenceText(row.against),
    ...(hasCollections
      ? {
          [BY_COLLECTION]:
            row.against?.byCollection === undefined ? '-' : differenceText(row.against.byCollection),
        }
      : {}),
    published: `${shown(row.published.maxMacroF1)}, ROC ${shown(row.published.rocAuc)}`,
    ...costOf(row.name),
  }));
  const nothing = { accuracy: '-', averaged: '-', 'by collection': '-', difference: '-', published: '-' };
  const gaps = record.failed.map(({ name }) => ({
    ...{ row: name, features: '-', model: '-', 'macro-F1': 'diverged' },
    ...nothing,
    ...(hasCollections ? { [BY_COLLECTION]: '-' } : {}),
    ...costOf(name),
  }));
  return [...scored, ...gaps];
}

/** The comparison as numbers, one record per row; those that failed have a name and no numbers. */
export function comparisonRows(
  record: ComparisonWithGaps,
): Readonly<Record<string, string | number | undefined>>[] {
  const interval = (name: string, range: Interval | undefined): Record<string, number | undefined> => ({
    [name]: range?.value,
    [`${name}_low`]: range?.low,
    [`${name}_high`]: range?.high,
  });
  const lines = record.rows.map((row) => ({
    name: row.name,
    features: row.features,
    model: row.model,
    ...interval('macro_f1', row.macroF1),
    macro_f1_sd: row.deviation ?? undefined,
    ...interval('accuracy', row.accuracy),
    ...interval('uar', row.uar),
    ...interval('averaged_macro_f1', row.averaged.macroF1),
    averaged_macro_roc_auc: row.averaged.macroRocAuc,
    averaged_ece: row.averaged.ece,
    ...interval('collection_macro_f1', row.byCollection?.macroF1),
    collection_domain_macro_f1: row.byCollection?.domainMacroF1,
    collection_ece: row.byCollection?.ece,
    ...interval('difference', row.against?.difference),
    p_value: row.against?.pValue,
    ...interval('collection_difference', row.against?.byCollection?.difference),
    collection_p_value: row.against?.byCollection?.pValue,
    published_max_macro_f1: row.published.maxMacroF1,
    published_roc_auc: row.published.rocAuc,
    published_pr_auc: row.published.prAuc,
    published_accuracy: row.published.accuracy,
  }));
  return [...lines, ...record.failed.map(({ name }) => ({ name }))];
}

/** Writes the comparison as numbers. */
export function writeComparisonCsv(file: string, record: ComparisonWithGaps): void {
  const rows = comparisonRows(record);
  writeCsv(file, Object.keys(rows[0]!), rows);
}

/** Macro-F1 of every row by both protocols, with the corrected one's intervals; a row that failed has a dash. */
export function comparisonFigureOf(record: ComparisonWithGaps, note?: string): FigureSpec {
  return comparisonFigure({
    title: 'Features and models compared',
    note: [
      ...(note === undefined ? [] : [note]),
      `${record.recordings} recordings of ${record.groups} groups; ${divisionText(record)}`,
    ].join('; '),
    rows: [
      ...record.rows.flatMap((row) => barsOf(row.name, row.macroF1, row.published.maxMacroF1)),
      ...record.failed.flatMap(({ name }) => barsOf(name, { value: NaN }, NaN)),
    ],
  });
}

/** One row's bars; NaN is drawn as a dash. */
function barsOf(
  name: string,
  corrected: Pick<Interval, 'value'> & Partial<Interval>,
  published: number,
): ComparisonRow[] {
  const metric = 'macro-F1';
  return [
    { name, metric, group: 'corrected (most probable class)', ...corrected },
    { name, metric, group: 'published (threshold chosen on the test rows)', value: published },
  ];
}
