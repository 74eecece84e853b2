import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, classScale, INK } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** One score of one system. */
export interface ComparisonRow {
  /** What is compared, e.g. a feature set. */
  readonly name: string;
  /** Name of the score, e.g. "macro-F1"; each is a panel. */
  readonly metric: string;
  readonly value: number;
  /** Interval of the value. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Bars of one name side by side, e.g. protocol; at most eight kinds. Default: one bar a name. */
  readonly group?: string | undefined;
}

/** Input of `comparisonFigure`. */
export interface ComparisonInput extends FigureText {
  readonly rows: readonly ComparisonRow[];
  /** What the intervals are. Default "95 % interval"; printed when any row has one. */
  readonly intervalName?: string | undefined;
  /** Scores run from here. Default 0 (bars without 0 mislead). */
  readonly from?: number | undefined;
}

/**
 * Scores of systems as bars with intervals and printed values, one panel per metric.
 *
 * @throws UserError (`input`) when there is no row.
 */
export function comparisonFigure(input: ComparisonInput): FigureSpec {
  const { rows } = input;
  if (rows.length === 0) throw inputError('comparison figure: no scores; give at least one');
  const from = input.from ?? 0;
  const names = [...new Set(rows.map((row) => row.name))];
  const metrics = [...new Set(rows.map((row) => row.metric))];
  const groups = [...new Set(rows.map((row) => row.group ?? ''))];
  const top = Math.max(...rows.map((row) => row.high ?? row.value).filter(Number.isFinite));
  const scale = { domain: [from, top <= 1 ? 1 : top * 1.05], nice: false };
  const step = groups.length > 1 ? 15 : 22;
  const width = metrics.length === 1 ? 400 : metrics.length === 2 ? 230 : 190;
  const panels = metrics.map((metric, i) => {
    const values = rows
      .filter((row) => row.metric === metric)
      .map(({ name, group, value, low, high }) => ({
        name,
        group: group ?? '',
        value: compact(value),
        low: compact(low ?? NaN),
        high: compact(high ?? NaN),
        text: Number.isFinite(value) ? value.toFixed(3) : '–',
        from,
        end: compact(high ?? value) ?? from,
      }));
    const y = {
      field: 'name',
      type: 'nominal',
      scale: { domain: names, paddingInner: groups.length > 1 ? 0.25 : 0.3 },
      axis: { title: null, ticks: false, domain: false, labels: i === 0, labelPadding: 6 },
    };
    const offset =
      groups.length > 1 ? { yOffset: { field: 'group', type: 'nominal', scale: { domain: groups } } } : {};
    return {
      width,
      height: { step },
      data: { values },
      encoding: { y, ...offset },
      layer: [
        {
          mark: { type: 'bar', tooltip: true },
          encoding: {
            x: { field: 'value', type: 'quantitative', scale, axis: { title: metric, tickCount: 5 } },
            x2: { field: 'from' },
            color:
              groups.length > 1
                ? {
                    field: 'group',
                    type: 'nominal',
                    scale: classScale(groups, CLASS_COLOURS),
                    legend: { title: null, orient: 'bottom', direction: 'horizontal' },
                  }
                : { value: CLASS_COLOURS[0] },
          },
        },
        {
          transform: [{ filter: 'isValid(datum.low) && isValid(datum.high)' }],
          mark: { type: 'rule', color: INK, strokeWidth: 1.3 },
          encoding: { x: { field: 'low', type: 'quantitative', scale }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4, fontSize: 9 },
          encoding: {
            x: { field: 'end', type: 'quantitative', scale },
            text: { field: 'text' },
          },
        },
      ],
    };
  });
  const withIntervals = rows.some((row) => row.low !== undefined && row.high !== undefined);
  return composeFigure(
    { hconcat: panels, spacing: 34 },
    {
      ...input,
      defaultTitle: 'Comparison of features',
      remarks: withIntervals ? [`Lines: ${input.intervalName ?? '95 % interval'}.`] : [],
      widthPx: metrics.length === 1 ? 480 : 640,
    },
  );
}
