import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, CLASS_SHAPES, classScale } from './theme';
import { compact, composeFigure, type FigureSpec, type FigureText } from './spec';

/** A recording on the plane. */
export interface EmbeddingPoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  /** Shown on hovering, e.g. the path. */
  readonly name?: string | undefined;
}

/** Input of `embeddingFigure`. */
export interface EmbeddingInput extends FigureText {
  readonly points: readonly EmbeddingPoint[];
  /** Classes in the order of their colours. Default: as first seen. */
  readonly classes?: readonly string[] | undefined;
  /** What the labels are: title of the legend. Default "Class". */
  readonly groupTitle?: string | undefined;
  /** Recordings in all, where the points given are some of them; said below the figure. */
  readonly of?: number | undefined;
  /** How the plane was made: names its axes. For `PCA` give the variances in `axisTitles`. */
  readonly method: 'PCA' | 't-SNE' | 'UMAP';
  /** Default: "PC 1", "PC 2" for PCA, "… 1", "… 2" otherwise (their units mean nothing). */
  readonly axisTitles?: readonly [string, string] | undefined;
  /** More points than this are thinned evenly, in their order. Default 4000. */
  readonly maxPoints?: number | undefined;
}

/**
 * Recordings as points on a plane, coloured and shaped by class.
 *
 * @throws UserError (`input`) when there is no point.
 */
export function embeddingFigure(input: EmbeddingInput): FigureSpec {
  const { points, method } = input;
  if (points.length === 0) throw inputError('embedding figure: no points; give at least one');
  const most = input.maxPoints ?? 4000;
  const shown =
    points.length <= most
      ? points
      : Array.from({ length: most }, (_, i) => points[Math.floor((i * points.length) / most)]);
  const classes = input.classes ?? [...new Set(points.map((point) => point.label))];
  const titles = input.axisTitles ?? (method === 'PCA' ? ['PC 1', 'PC 2'] : [`${method} 1`, `${method} 2`]);
  const axis = (field: 'x' | 'y', title: string): Record<string, unknown> => ({
    field,
    type: 'quantitative',
    scale: { zero: false, nice: true, padding: 6 },
    // distances have no unit where neighbourhoods alone are kept
    axis: { title, tickCount: 6, ...(method === 'PCA' ? {} : { labels: false, ticks: false, grid: false }) },
  });
  const title = input.groupTitle ?? 'Class';
  const legend = { title, symbolOpacity: 1 };
  // Beyond as many as there are colours, each colour comes with another shape.
  const shapes = classes.map(
    (_, i) => CLASS_SHAPES[(i + Math.floor(i / CLASS_COLOURS.length)) % CLASS_SHAPES.length],
  );
  const all = input.of ?? points.length;
  return composeFigure(
    {
      width: 400,
      height: 360,
      view: { stroke: '#888888' },
      data: {
        values: shown.map(({ x, y, label, name }) => ({
          x: compact(x, 4),
          y: compact(y, 4),
          class: label,
          ...(name === undefined ? {} : { name }),
        })),
      },
      mark: {
        type: 'point',
        filled: true,
        size: shown.length > 1500 ? 10 : 26,
        opacity: 0.75,
        tooltip: { content: 'data' },
      },
      encoding: {
        x: axis('x', titles[0]),
        y: axis('y', titles[1]),
        color: { field: 'class', type: 'nominal', scale: classScale(classes, CLASS_COLOURS), legend },
        shape: { field: 'class', type: 'nominal', scale: { domain: [...classes], range: shapes }, legend },
      },
    },
    {
      ...input,
      defaultTitle: `${method} of the recordings`,
      remarks: shown.length < all ? [`${shown.length} of ${all} recordings shown.`] : [],
      widthPx: 560,
    },
  );
}
