import { inputError } from 'research-basics/errors';
import { fromDataFrame, isDataFrame, type DataFrame, type TableRow } from '../frames';
import { CLASS_COLOURS, classScale, INK, PLOT_HEIGHT, PLOT_WIDTH } from './theme';
import { composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** Which columns are drawn, and how. */
export interface PlotOptions extends FigureText {
  /** Column along the horizontal axis; its name is the axis title. */
  readonly x: string;
  /** Column of numbers along the vertical axis. */
  readonly y: string;
  /** Column that tells lines, points or bars apart by colour. Default: all alike. */
  readonly colour?: string;
  /** Default `line`. */
  readonly mark?: 'line' | 'point' | 'bar';
  /** Columns of an interval around `y`: a band behind lines, a rule otherwise. */
  readonly low?: string;
  readonly high?: string;
  /** Scale of the horizontal axis when it holds numbers. Default `linear`. */
  readonly xScale?: 'linear' | 'log';
  /** A vertical rule at this value of `x`. */
  readonly markX?: number;
  /** Further rows with the columns `x` and `y`, drawn as black points. */
  readonly points?: DataFrame | readonly TableRow[];
}

/**
 * A plain plot of the columns of a data frame, or of rows: for looking at what was computed just now.
 *
 * @throws UserError (`input`) for a column that the table does not have, or a table without rows.
 */
export function plotFigure(table: DataFrame | readonly TableRow[], options: PlotOptions): FigureSpec {
  const { x, y, colour, mark = 'line', low, high } = options;
  const rows = rowsOf(table);
  const named = [x, y, colour, low, high].filter((name) => name !== undefined);
  check(rows, named);
  const points = options.points === undefined ? [] : rowsOf(options.points);
  if (points.length > 0) check(points, [x, y]);
  const numbers = rows.every((row) => typeof row[x] === 'number');
  const groups = colour === undefined ? [] : [...new Set(rows.map((row) => String(row[colour])))];
  const escaped = (name: string): string => name.replace(/([.[\]\\])/g, '\\$1');
  const along: FigurePart = {
    field: escaped(x),
    type: numbers && mark !== 'bar' ? 'quantitative' : 'nominal',
    title: numbers ? x : null,
    sort: null,
    ...(numbers && mark !== 'bar' ? { scale: { type: options.xScale ?? 'linear', zero: false } } : {}),
  };
  const up = (field: string): FigurePart => ({
    ...{ field: escaped(field), type: 'quantitative', title: y },
    ...(mark === 'bar' ? {} : { scale: { zero: false } }),
  });
  const color: FigurePart =
    colour === undefined
      ? { value: CLASS_COLOURS[0] }
      : {
          ...{ field: escaped(colour), type: 'nominal', scale: classScale(groups, CLASS_COLOURS) },
          legend: { title: colour, orient: 'bottom', direction: 'horizontal' },
        };
  const beside: FigurePart =
    mark === 'bar' && colour !== undefined
      ? { xOffset: { field: escaped(colour), type: 'nominal', scale: { domain: groups } } }
      : {};
  const interval: FigurePart[] =
    low === undefined || high === undefined
      ? []
      : [
          {
            mark: mark === 'line' ? { type: 'area', opacity: 0.2 } : { type: 'rule' },
            encoding: {
              ...{ x: along, y: up(low), y2: { field: escaped(high) }, ...beside },
              color: mark === 'bar' ? { value: INK } : color,
            },
          },
        ];
  const main = {
    mark: { type: mark, tooltip: { content: 'data' }, ...(mark === 'point' ? { filled: true } : {}) },
    encoding: {
      ...{ x: along, y: up(y), color },
      ...beside,
    },
  };
  const rule: FigurePart[] =
    options.markX === undefined
      ? []
      : [
          {
            mark: { type: 'rule', color: INK, strokeDash: [4, 3] },
            encoding: { x: { datum: options.markX, type: 'quantitative' } },
          },
        ];
  const further: FigurePart[] =
    points.length === 0
      ? []
      : [
          {
            data: { values: points },
            mark: { type: 'point', filled: true, color: INK, size: 36, opacity: 1 },
            encoding: { x: along, y: up(y) },
          },
        ];
  return composeFigure(
    {
      ...{ width: PLOT_WIDTH, height: PLOT_HEIGHT - 40, data: { values: rows } },
      layer:
        mark === 'line' ? [...interval, main, ...rule, ...further] : [main, ...interval, ...rule, ...further],
    },
    { ...options, defaultTitle: `${y} by ${x}`, widthPx: PLOT_WIDTH },
  );
}

const rowsOf = (table: DataFrame | readonly TableRow[]): readonly TableRow[] =>
  isDataFrame(table) ? fromDataFrame(table) : table;

function check(rows: readonly TableRow[], columns: readonly string[]): void {
  if (rows.length === 0) throw inputError('plot: the table has no rows');
  const missing = columns.find((name) => !rows.some((row) => name in row));
  if (missing !== undefined)
    throw inputError(
      `plot: the table has no column "${missing}" (its columns: ${Object.keys(rows[0]!).join(', ')})`,
    );
}
