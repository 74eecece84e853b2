import { colourOf, inkOn, paletteStops, type ColourScale } from './colour';
import type { FigurePart } from './spec';
import { MISSING, panelTitle } from './theme';

/** One cell of a heat map with its text. */
export interface HeatmapCell {
  readonly x: string | number;
  readonly y: string | number;
  /** Sets the colour; NaN is drawn grey. */
  readonly value: number;
  readonly text: string;
  /** A smaller second line. */
  readonly subtext?: string | undefined;
  /** Further fields for the tooltip, by the name shown. */
  readonly detail?: Readonly<Record<string, string | number | null>>;
}

/** A matrix of cells with their values printed in them. */
export interface Heatmap {
  readonly cells: readonly HeatmapCell[];
  readonly xOrder: readonly (string | number)[];
  /** From top to bottom. */
  readonly yOrder: readonly (string | number)[];
  readonly xTitle: string | readonly string[] | null;
  readonly yTitle: string | readonly string[] | null;
  readonly colour: ColourScale;
  /** Side of a cell in px, or width and height. */
  readonly cell: number | { readonly width: number; readonly height: number };
  readonly title?: string | readonly string[];
  readonly xLabelAngle?: number;
  /** Default 10. */
  readonly fontSize?: number;
}

/** A view with the cells of a matrix, coloured, each with its value; ink is black or white by contrast. */
export function heatmapView(map: Heatmap): FigurePart {
  const cell = typeof map.cell === 'number' ? { width: map.cell, height: map.cell } : map.cell;
  const fontSize = map.fontSize ?? 10;
  // Infinite values have the colour of the end of the scale; JSON has no word for them.
  const [lowest, highest] = map.colour.domain;
  const finite = (value: number): number =>
    value === Infinity ? highest : value === -Infinity ? lowest : value;
  const values = map.cells.map(({ x, y, value, text, subtext, detail }) => {
    const colour = Number.isNaN(value) ? MISSING : colourOf(map.colour, value);
    return {
      x,
      y,
      value: Number.isNaN(value) ? null : finite(value),
      ink: inkOn(colour),
      text,
      subtext: subtext ?? '',
      ...detail,
    };
  });
  const detailNames = [...new Set(map.cells.flatMap((entry) => Object.keys(entry.detail ?? {})))];
  const twoLines = map.cells.some((entry) => entry.subtext);
  const label = (field: string, dy: number, size: number): FigurePart => ({
    mark: { type: 'text', fontSize: size, dy },
    encoding: { text: { field }, color: { field: 'ink', type: 'nominal', scale: null } },
  });
  return {
    width: cell.width * map.xOrder.length,
    height: cell.height * map.yOrder.length,
    ...(map.title === undefined ? {} : { title: panelTitle(map.title) }),
    view: { stroke: null },
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'ordinal',
        // The domain is the order; a list here would become an expression, in which "constructor" is not text to Vega.
        sort: null,
        scale: { domain: [...map.xOrder], paddingInner: 0, paddingOuter: 0 },
        axis: {
          title: map.xTitle,
          labelAngle: map.xLabelAngle ?? 0,
          domain: false,
          ticks: false,
          labelPadding: 5,
        },
      },
      y: {
        field: 'y',
        type: 'ordinal',
        sort: null,
        scale: { domain: [...map.yOrder], paddingInner: 0, paddingOuter: 0 },
        axis: { title: map.yTitle, domain: false, ticks: false, labelPadding: 5 },
      },
    },
    layer: [
      {
        mark: {
          type: 'rect',
          stroke: 'white',
          strokeWidth: 1,
          invalid: null,
          tooltip: detailNames.length > 0,
        },
        encoding: {
          fill: {
            field: 'value',
            type: 'quantitative',
            scale: valueScale(map.colour),
            legend: null,
            condition: { test: 'datum.value === null', value: MISSING },
          },
          ...(detailNames.length > 0
            ? { tooltip: detailNames.map((name) => ({ field: name, type: 'nominal' })) }
            : {}),
        },
      },
      label('text', twoLines ? -5 : 0, fontSize),
      ...(twoLines ? [label('subtext', 7, fontSize - 2)] : []),
    ],
  };
}

/** Values to colours as a scale that can be edited; `colourOf` computes the same. */
function valueScale({ palette, domain, transform = 'linear', linearWidth = 1 }: ColourScale): FigurePart {
  return {
    ...(transform === 'asinh' ? { type: 'symlog', constant: linearWidth } : { type: transform }),
    domain: [...domain],
    range: [...paletteStops(palette)],
    clamp: true,
    nice: false,
    zero: false,
    interpolate: 'rgb',
  };
}

/** Sort order of numbers and words for axes: numbers ascending, then words as first seen. */
export function axisOrder(values: readonly (string | number)[]): (string | number)[] {
  const distinct = [...new Set(values)];
  const numbers = distinct
    .filter((value): value is number => typeof value === 'number')
    .sort((a, b) => a - b);
  return [...numbers, ...distinct.filter((value) => typeof value === 'string')];
}
