import { inputError } from 'research-basics/errors';
import { CLASS_COLOURS, INK, MUTED, panelTitle } from './theme';
import { compact, composeFigure, type FigurePart, type FigureSpec, type FigureText } from './spec';

/** Filters of one task at one time. */
export interface PublishedPanel {
  readonly title: string;
  /** |rate| (Hz) and spectral modulation (cyc/kHz) of each filter. */
  readonly filters: readonly { readonly rateHz: number; readonly cycPerKHz: number }[];
  /** Straight pieces of the line around the densest half of the filters. */
  readonly contour: readonly {
    readonly rateHz: readonly [number, number];
    readonly cycPerKHz: readonly [number, number];
  }[];
}

/** Input of `strfPublishedFigure`. */
export interface StrfPublishedInput extends FigureText {
  readonly panels: readonly PublishedPanel[];
  /** Ranges found to matter to listeners; the upper end of the second axis may be Infinity. */
  readonly ranges: readonly {
    readonly name: string;
    readonly source: string;
    readonly rateHz: readonly [number, number];
    readonly cycPerKHz: readonly [number, number];
  }[];
  /** Panels side by side. Default 2. */
  readonly perRow?: number;
}

/**
 * Filters on the modulation plane with the ranges that studies of human listeners name, as boxes: dots are
 * filters, the line holds their densest half, the cross is their median.
 *
 * @throws UserError (`input`) when there is no panel, or one without filters.
 */
export function strfPublishedFigure(input: StrfPublishedInput): FigureSpec {
  const { panels, ranges, perRow = 2 } = input;
  if (panels.length === 0 || panels.some(({ filters }) => filters.length === 0))
    throw inputError('published ranges: no filters; train a layer that learns');
  const all = panels.flatMap(({ filters }) => filters);
  const ends = ranges.flatMap(({ cycPerKHz }) => cycPerKHz).filter(Number.isFinite);
  const rate =
    Math.ceil(Math.max(...all.map(({ rateHz }) => rateHz), ...ranges.map((r) => r.rateHz[1])) / 5) * 5;
  const density = Math.ceil(Math.max(...all.map(({ cycPerKHz }) => cycPerKHz), ...ends) * 1.05);
  const views = panels.map((panel, i) =>
    panelView(panel, ranges, {
      rate,
      density,
      colour: CLASS_COLOURS[Math.floor(i / perRow) % CLASS_COLOURS.length]!,
      left: i % perRow === 0,
      bottom: i + perRow >= panels.length,
    }),
  );
  return composeFigure(
    { concat: views, columns: perRow, spacing: 18 },
    {
      ...input,
      defaultTitle: 'Filters and the modulations that matter to listeners',
      remarks: [
        `Boxes: ${ranges.map(({ name, source }, i) => `${LETTERS[i]}: ${name} (${source})`).join('; ')}. Line: densest half of the filters. Cross: medians. Cycles per kHz hold below 1 kHz.`,
      ],
    },
  );
}

const LETTERS = 'abcdefghij';

function panelView(
  { title, filters, contour }: PublishedPanel,
  ranges: StrfPublishedInput['ranges'],
  place: { rate: number; density: number; colour: string; left: boolean; bottom: boolean },
): FigurePart {
  const { rate, density, colour, left, bottom } = place;
  const x = {
    type: 'quantitative',
    scale: { domain: [0, rate], nice: false },
    axis: { title: bottom ? '|Rate| (Hz)' : null, tickCount: 6 },
  };
  const y = {
    type: 'quantitative',
    scale: { domain: [0, density], nice: false },
    axis: { title: left ? 'Spectral modulation (cyc/kHz)' : null, tickCount: 5 },
  };
  const median = (numbers: readonly number[]): number => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  };
  const boxes = ranges.map(({ rateHz, cycPerKHz }, i) => ({
    letter: LETTERS[i]!,
    x: rateHz[0],
    x2: rateHz[1],
    y: cycPerKHz[0],
    y2: Math.min(cycPerKHz[1], density),
  }));
  const between = {
    x: { ...x, field: 'x' },
    x2: { field: 'x2' },
    y: { ...y, field: 'y' },
    y2: { field: 'y2' },
  };
  return {
    width: 270,
    height: 170,
    title: panelTitle(`${title} (${filters.length} filters)`),
    layer: [
      {
        data: { values: boxes },
        mark: {
          type: 'rect',
          filled: true,
          fill: MUTED,
          fillOpacity: 0.08,
          stroke: MUTED,
          strokeDash: [4, 3],
        },
        encoding: between,
      },
      {
        data: { values: boxes },
        mark: { type: 'text', align: 'right', baseline: 'top', dx: -3, dy: 3, color: INK },
        encoding: {
          x: { ...x, field: 'x2' },
          y: { ...y, field: 'y2' },
          text: { field: 'letter' },
        },
      },
      {
        data: {
          values: filters.map(({ rateHz, cycPerKHz }) => ({
            x: compact(rateHz, 4),
            y: compact(cycPerKHz, 4),
          })),
        },
        mark: { type: 'point', filled: true, size: 14, opacity: 0.55, color: colour, clip: true },
        encoding: { x: { ...x, field: 'x' }, y: { ...y, field: 'y' } },
      },
      {
        data: {
          values: contour.map(({ rateHz, cycPerKHz }) => ({
            x: compact(rateHz[0], 4),
            x2: compact(rateHz[1], 4),
            y: compact(cycPerKHz[0], 4),
            y2: compact(cycPerKHz[1], 4),
          })),
        },
        mark: { type: 'rule', color: colour, strokeWidth: 1.6, clip: true },
        encoding: between,
      },
      {
        data: {
          values: [
            {
              x: compact(median(filters.map(({ rateHz }) => rateHz)), 4),
              y: compact(median(filters.map(({ cycPerKHz }) => cycPerKHz)), 4),
            },
          ],
        },
        mark: { type: 'point', shape: 'cross', filled: true, size: 90, color: INK },
        encoding: { x: { ...x, field: 'x' }, y: { ...y, field: 'y' } },
      },
    ],
  };
}
