import { inputError } from 'research-basics/errors';
import { classScale, CLASS_COLOURS, CLASS_DASHES, panelTitle, STROKE_LEGEND } from './theme';
import { compact, composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** How many filters lie where along one axis. */
export interface ProfileCurve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Quartiles, drawn above the curves. */
  readonly quartiles?: readonly [number, number, number];
}

/** Curves over one axis. */
export interface ProfilePanel {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly curves: readonly ProfileCurve[];
}

/** Input of `strfProfileFigure`. */
export interface StrfProfileInput extends FigureText {
  /** Row by row. */
  readonly panels: readonly ProfilePanel[];
  /** Default 2. */
  readonly perRow?: number;
  /** `lines` (default) for densities; `steps` for histograms: a y holds from its x to the next, so the last one stands twice. */
  readonly form?: 'lines' | 'steps';
  readonly remark: string;
}

/**
 * Profiles of filters along one axis at a time: densities over rate and scale, or histograms of how far
 * filters moved.
 *
 * @throws UserError (`input`) when there is no panel.
 */
export function strfProfileFigure(input: StrfProfileInput): FigureSpec {
  const { panels, perRow = 2, form = 'lines', remark } = input;
  if (panels.length === 0) throw inputError('filter profiles: none were given; train a layer that learns');
  const names = [...new Set(panels.flatMap(({ curves }) => curves.map(({ name }) => name)))];
  return composeFigure(
    {
      concat: panels.map((panel) => panelView(panel, names, form)),
      columns: perRow,
      spacing: 22,
    },
    { ...input, defaultTitle: 'Filters along one axis', remarks: [remark] },
  );
}

function panelView(panel: ProfilePanel, names: readonly string[], form: 'lines' | 'steps'): FigurePart {
  const { title, xTitle, yTitle, curves } = panel;
  const most = Math.max(...curves.flatMap(({ y }) => y), 1e-12);
  const marked = curves.filter(({ quartiles }) => quartiles !== undefined);
  const ends = curves.flatMap(({ x }) => [x[0]!, x.at(-1)!]);
  const x = (field: string): FigurePart => ({
    field,
    type: 'quantitative',
    scale: { domain: [Math.min(...ends), Math.max(...ends)], nice: false },
    axis: { title: xTitle, tickCount: 6, grid: false },
  });
  const y = {
    field: 'y',
    type: 'quantitative',
    scale: { domain: [0, compact(most * (1.06 + 0.08 * marked.length), 4)], nice: false },
    axis: { title: yTitle, tickCount: 4 },
  };
  const color = {
    field: 'name',
    type: 'nominal',
    scale: classScale(names, CLASS_COLOURS),
    legend: STROKE_LEGEND,
  };
  const values = curves.flatMap(({ name, x: xs, y: ys }) =>
    xs.map((at, i) => ({ name, x: compact(at, 4), y: compact(ys[i]!, 4) })),
  );
  const bars = marked.map(({ name, quartiles }, i) => ({
    name,
    low: compact(quartiles![0], 4),
    middle: compact(quartiles![1], 4),
    high: compact(quartiles![2], 4),
    y: compact(most * (1.06 + 0.08 * i), 4),
  }));
  return {
    width: 262,
    height: 150,
    title: panelTitle(title),
    layer: [
      {
        data: { values },
        mark: { type: 'line', ...(form === 'steps' ? { interpolate: 'step-after' } : {}) },
        encoding: {
          x: x('x'),
          y,
          color,
          strokeDash: {
            field: 'name',
            type: 'nominal',
            scale: classScale(names, CLASS_DASHES),
            legend: STROKE_LEGEND,
          },
        },
      },
      {
        data: { values: bars },
        mark: { type: 'rule', strokeWidth: 1.6, clip: true },
        encoding: { x: x('low'), x2: { field: 'high' }, y, color },
      },
      {
        data: { values: bars },
        mark: { type: 'point', filled: true, size: 34, opacity: 1, clip: true },
        encoding: { x: x('middle'), y, color },
      },
    ],
  };
}
