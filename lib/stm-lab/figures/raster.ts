import { inputError } from 'research-basics/errors';
import { colourPosition, colourTicks, paletteColour, paletteStops, type ColourScale } from './colour';
import { encodeIndexedPng } from './png';
import { compact, type FigurePart } from './spec';
import { wrapText } from './textWidth';
import { AXIS_TITLE_SIZE, MISSING, panelTitle } from './theme';

/** One axis of a raster: the outer edges of its cells, and how it is drawn. */
export interface RasterAxis {
  readonly edges: readonly [number, number];
  readonly title: string | null;
  readonly scale?: 'linear' | 'log';
  readonly ticks?: readonly number[];
  /** Vega-Lite axis properties on top. */
  readonly axis?: FigurePart;
}

/** A matrix as a picture in a plot. */
export interface Raster {
  /** Row-major; row 0 is drawn at the bottom. NaN is grey. */
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  readonly x: RasterAxis;
  readonly y: RasterAxis;
  readonly colour: ColourScale;
  readonly width: number;
  readonly height: number;
  readonly title?: string | readonly string[];
}

/**
 * A matrix as an image address: one pixel per cell, row 0 at the bottom.
 *
 * @throws UserError (`input`) when there are not rows x columns values.
 */
export function rasterDataUrl(raster: Pick<Raster, 'values' | 'rows' | 'columns' | 'colour'>): string {
  const { values, rows, columns, colour } = raster;
  if (values.length !== rows * columns) {
    throw inputError(`a figure of ${rows} x ${columns} cells was given ${values.length} values`);
  }
  const indices = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const position = colourPosition(colour, values[row * columns + column]);
      indices[(rows - 1 - row) * columns + column] = Number.isNaN(position)
        ? 0
        : 1 + Math.round(position * 254);
    }
  }
  const palette = [MISSING, ...Array.from({ length: 255 }, (_, i) => paletteColour(colour.palette, i / 254))];
  return `data:image/png;base64,${encodeIndexedPng(indices, columns, rows, palette).toString('base64')}`;
}

function positionChannel(axis: RasterAxis): FigurePart {
  return {
    datum: axis.edges[0],
    type: 'quantitative',
    scale:
      axis.scale === 'log'
        ? { type: 'log', domain: [...axis.edges], nice: false }
        : { type: 'linear', domain: [...axis.edges], nice: false, zero: false },
    axis: {
      title: axis.title,
      grid: false,
      ...(axis.ticks ? { values: [...axis.ticks] } : {}),
      ...axis.axis,
    },
  };
}

/** The layer that shows a raster, with its two axes; further layers share its scales. */
export function rasterLayer(raster: Raster): FigurePart {
  return {
    data: { values: [{}] },
    mark: { type: 'image', url: rasterDataUrl(raster), aspect: false, smooth: false },
    encoding: {
      x: positionChannel(raster.x),
      x2: { datum: raster.x.edges[1] },
      y: positionChannel(raster.y),
      y2: { datum: raster.y.edges[1] },
    },
  };
}

/** A view with a raster, and further layers on top of it. */
export function rasterView(raster: Raster, layers: readonly FigurePart[] = []): FigurePart {
  return {
    width: raster.width,
    height: raster.height,
    ...(raster.title === undefined ? {} : { title: panelTitle(raster.title) }),
    view: { stroke: '#888888' },
    layer: [rasterLayer(raster), ...layers],
  };
}

/** Axis properties that mark these values with these words, where no number format gives them. */
export function namedTicks(values: readonly number[], labels: readonly string[]): FigurePart {
  return {
    values: [...values],
    labelExpr: `${JSON.stringify(labels)}[indexof(${JSON.stringify(values)}, datum.value)]`,
  };
}

/**
 * A vertical colour bar as a view of its own, so that rasters (which have no legend) can stand beside it. A title longer
 * than the bar is wrapped.
 *
 * @param label text of a mark. Default: the number, with a true minus sign.
 */
export function colourBar(
  scale: ColourScale,
  title: string,
  height: number,
  label: (tick: number) => string = (tick) => String(compact(tick)).replace('-', '−'),
): FigurePart {
  const stops = paletteStops(scale.palette);
  const ticks = colourTicks(scale);
  const places = ticks.map((tick) => Number(colourPosition(scale, tick).toFixed(6)));
  const labels = ticks.map(label);
  return {
    width: 10,
    height,
    view: { stroke: '#888888' },
    data: { values: [{}] },
    mark: {
      type: 'rect',
      color: {
        gradient: 'linear',
        x1: 0,
        x2: 0,
        y1: 1,
        y2: 0,
        stops: stops.map((color, i) => ({ offset: i / (stops.length - 1), color })),
      },
    },
    encoding: {
      x: { value: 0 },
      x2: { value: 10 },
      y: {
        datum: 0,
        type: 'quantitative',
        scale: { domain: [0, 1], nice: false },
        axis: {
          orient: 'right',
          title: wrapText(title, height, AXIS_TITLE_SIZE),
          grid: false,
          domain: false,
          ...namedTicks(places, labels),
        },
      },
      y2: { datum: 1 },
    },
  };
}
