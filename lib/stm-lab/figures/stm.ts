import { inputError } from 'research-basics/errors';
import { isEven, planeCells, planeRows, type PlaneAxes } from '../features';
import type { ColourScale } from './colour';
import { colourBar, namedTicks, rasterView, type Raster, type RasterAxis } from './raster';
import { composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** One map of a figure. */
export interface StmPanel {
  readonly title: string;
  /** Row-major, one row per scale, e.g. 20 x 121. NaN is grey. */
  readonly values: ArrayLike<number>;
}

/** Input of `stmGridFigure`. */
export interface StmGridInput extends FigureText {
  readonly panels: readonly StmPanel[];
  readonly axes: PlaneAxes;
  /** Default: sequential over the range of all values. */
  readonly colour?: ColourScale | undefined;
  /** What the colours mean, with unit. */
  readonly colourTitle: string;
  /** Maps side by side. Default 3. */
  readonly perRow?: number | undefined;
}

/** An axis in cells of equal size; where its steps are uneven, each cell is marked with its value. */
function cellAxis(centres: readonly number[], title: string, tickCount: number): RasterAxis {
  const last = centres.length - 1;
  if (isEven(centres)) {
    const step = last > 0 ? (centres[last] - centres[0]) / last : 1;
    return { edges: [centres[0] - step / 2, centres[last] + step / 2], title, axis: { tickCount } };
  }
  const every = Math.ceil(centres.length / (2 * tickCount));
  const marked = [...centres.keys()].filter((i) => i % every === 0);
  const labels = marked.map((i) => String(Number(centres[i].toPrecision(3))).replace('-', '−'));
  return { edges: [-0.5, last + 0.5], title, axis: namedTicks(marked, labels) };
}

/** The raster of one modulation matrix on its true axes (cell centres at the axis values). */
export function stmRaster(
  values: ArrayLike<number>,
  axes: PlaneAxes,
  place: Pick<Raster, 'width' | 'height' | 'colour'> & {
    title?: string;
  },
): Raster {
  const rows = planeRows(axes);
  return {
    values,
    rows: rows.values.length,
    columns: axes.rateHz.length,
    x: cellAxis(axes.rateHz, 'Rate (Hz)', 7),
    y: cellAxis(rows.values, rows.title, place.height < 150 ? 4 : 8),
    colour: place.colour,
    width: place.width,
    height: place.height,
    ...(place.title === undefined ? {} : { title: place.title }),
  };
}

/** Smallest and largest finite value over several matrices; 0 .. 1 when there is none. */
export function valueRange(matrices: readonly ArrayLike<number>[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const matrix of matrices) {
    for (let i = 0; i < matrix.length; i++) {
      if (!Number.isFinite(matrix[i])) continue;
      low = Math.min(low, matrix[i]);
      high = Math.max(high, matrix[i]);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A panel for each plane. */
function planesOf({ title, values }: StmPanel, axes: PlaneAxes): StmPanel[] {
  const { planes } = axes;
  if (planes === undefined) return [{ title, values }];
  const cells = planeCells(axes);
  if (values.length !== planes.length * cells)
    throw inputError(`"${title}": ${values.length} values are not ${planes.length} planes of ${cells}`);
  return planes.map((plane, i) => ({
    title: `${title}, ${plane}`,
    values: Array.from({ length: cells }, (_, cell) => values[i * cells + cell]),
  }));
}

/**
 * Modulation matrices as small multiples on one colour scale, rate across and scale upwards: mean features
 * of classes, occlusion maps, components of a PCA.
 *
 * @throws UserError (`input`) when there is no panel or a matrix does not match the axes.
 */
export function stmGridFigure(
  input: StmGridInput & { readonly defaultTitle?: string; readonly remarks?: readonly string[] },
): FigureSpec {
  const { axes, colourTitle } = input;
  const panels = input.panels.flatMap((panel) => planesOf(panel, axes));
  if (panels.length === 0) throw inputError('a figure of modulation matrices needs at least one matrix');
  const perRow = Math.min(input.perRow ?? 3, panels.length);
  const colour = input.colour ?? { palette: 'sequential', domain: valueRange(panels.map((p) => p.values)) };
  const width = perRow === 1 ? 420 : perRow === 2 ? 250 : 164;
  const height = perRow === 1 ? 200 : perRow === 2 ? 130 : 105;
  const rowCount = Math.ceil(panels.length / perRow);
  const rows: FigurePart[] = [];
  for (let row = 0; row < rowCount; row++) {
    const views = panels.slice(row * perRow, (row + 1) * perRow).map((panel, column) => {
      const raster = stmRaster(panel.values, axes, {
        width,
        height,
        colour,
        title: panel.title,
      });
      // the outer panels carry the names, the inner ones only numbers
      const lastInColumn = row * perRow + column + perRow >= panels.length;
      return rasterView({
        ...raster,
        x: { ...raster.x, title: lastInColumn ? raster.x.title : null },
        y: { ...raster.y, title: column === 0 ? raster.y.title : null },
      });
    });
    rows.push({ hconcat: views, spacing: 14 });
  }
  const bar = colourBar(colour, colourTitle, rowCount > 1 ? 1.7 * height : height);
  return composeFigure(
    { hconcat: [{ vconcat: rows, spacing: 14 }, bar], spacing: 16 },
    {
      ...input,
      defaultTitle: input.defaultTitle ?? 'Spectrotemporal modulation',
      remarks: input.remarks ?? [],
    },
  );
}

/** Input of `stmFigure`. */
export interface StmInput extends FigureText {
  /** Row-major features, e.g. 20 x 121 in 0 .. 1. */
  readonly features: ArrayLike<number>;
  readonly axes: PlaneAxes;
  /** What the colours mean. Default "Modulation (relative)". */
  readonly colourTitle?: string | undefined;
}

/**
 * The modulation features of one recording: rate (Hz) across, scale (cyc/oct) upwards.
 *
 * @throws UserError (`input`) when the features do not match the axes.
 */
export function stmFigure(input: StmInput): FigureSpec {
  const colour: ColourScale = { palette: 'sequential', domain: valueRange([input.features]) };
  const view = rasterView(stmRaster(input.features, input.axes, { width: 460, height: 210, colour }));
  const bar = colourBar(colour, input.colourTitle ?? 'Modulation (relative)', 210);
  return composeFigure(
    { hconcat: [view, bar], spacing: 14 },
    { ...input, defaultTitle: 'Spectrotemporal modulation features', widthPx: 560 },
  );
}

/** Input of `classMeanFigure`. */
export interface ClassMeanInput extends FigureText {
  /** Per class the mean features (row-major) and, when given, the number of recordings, printed beside the name. */
  readonly classes: readonly {
    readonly label: string;
    readonly mean: ArrayLike<number>;
    readonly count?: number | undefined;
  }[];
  readonly axes: PlaneAxes;
}

/**
 * Mean modulation features of each class, as small multiples on one colour scale.
 *
 * Source: arXiv 2505.23509, figure of the class means.
 *
 * @throws UserError (`input`) when there is no class or a mean does not match the axes.
 */
export function classMeanFigure(input: ClassMeanInput): FigureSpec {
  return stmGridFigure({
    ...input,
    panels: input.classes.map(({ label, mean, count }) => ({
      title: count === undefined ? label : `${label} (n = ${count})`,
      values: mean,
    })),
    colourTitle: 'Mean feature (0–1)',
    defaultTitle: 'Mean modulation features by class',
  });
}
