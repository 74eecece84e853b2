/**
 * One look for every figure: fixed sizes that fit a printed page, one font with known metrics, and
 * colours that people with a colour vision deficiency can tell apart and a grey printer keeps in order.
 */

/** All of these have the same letter widths, so a figure keeps its layout where the first is missing. */
export const FONT_STACK = 'Arimo, Arial, Liberation Sans, Helvetica, sans-serif';

/** Width of a full figure in px at 96 per inch: a text width of 180 mm. */
export const FIGURE_WIDTH = 680;

/** Plot width of a one-column figure, px. */
export const PLOT_WIDTH = 420;

/** Plot height of a one-column figure, px. */
export const PLOT_HEIGHT = 260;

export const LABEL_SIZE = 10;
export const AXIS_TITLE_SIZE = 11;
export const SUBTITLE_SIZE = 10.5;

export const INK = '#1a1a1a';
export const MUTED = '#666666';
export const GRID = '#e4e4e4';
/** Cells without a value. */
export const MISSING = '#d9d9d9';

/**
 * Colours of classes, in the order of the classes: the palette of Okabe and Ito, without its yellow, which
 * fades on white. Neighbours are pairs (two blues, two oranges), as the paper's classes are. The grey is
 * dark: a lighter one looks like the purple and the green to those who lack green cones.
 */
export const CLASS_COLOURS: readonly string[] = [
  '#0072b2',
  '#56b4e9',
  '#d55e00',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#000000',
  '#4a4a4a',
];

/** Marks of classes, in the same order, for readers without colour. */
export const CLASS_SHAPES: readonly string[] = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];

/** Dashes of lines, in the same order. */
export const CLASS_DASHES: readonly (readonly number[])[] = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [10, 3],
  [1, 2],
  [6, 2, 1, 2, 1, 2],
];

/** Ordinal scale from classes to one of the lists above, repeating where there are more classes than entries. */
export function classScale<T>(
  classes: readonly string[],
  range: readonly T[],
): { domain: string[]; range: T[] } {
  return { domain: [...classes], range: classes.map((_, i) => range[i % range.length]) };
}

/** Legend of lines, above a figure. */
export const STROKE_LEGEND: Readonly<Record<string, unknown>> = {
  title: null,
  orient: 'top',
  direction: 'horizontal',
  symbolType: 'stroke',
  symbolOpacity: 1,
  symbolStrokeWidth: 2,
};

/** Vega-Lite `config` of every figure. */
export const figureConfig = {
  background: 'white',
  font: FONT_STACK,
  padding: 8,
  view: { stroke: null },
  concat: { spacing: 24 },
  axis: {
    labelFontSize: LABEL_SIZE,
    titleFontSize: AXIS_TITLE_SIZE,
    titleFontWeight: 'normal',
    titlePadding: 7,
    labelColor: INK,
    titleColor: INK,
    domainColor: MUTED,
    tickColor: MUTED,
    tickSize: 4,
    gridColor: GRID,
    labelLimit: 220,
    titleLimit: 640,
    labelFlush: false,
  },
  legend: {
    labelFontSize: LABEL_SIZE,
    titleFontSize: LABEL_SIZE,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    labelLimit: 240,
    titleLimit: 240,
    symbolSize: 60,
  },
  header: {
    labelFontSize: 11,
    labelFontWeight: 'bold',
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
  },
  title: {
    anchor: 'start',
    fontSize: 13,
    fontWeight: 'bold',
    color: INK,
    subtitleFontSize: SUBTITLE_SIZE,
    subtitleColor: MUTED,
    subtitlePadding: 4,
    offset: 12,
  },
  line: { strokeWidth: 1.6 },
  rule: { color: MUTED },
  text: { fontSize: LABEL_SIZE, color: INK },
  range: { category: [...CLASS_COLOURS] },
} as const;

/** Title of a small view inside a figure. */
export function panelTitle(text: string | readonly string[]): Record<string, unknown> {
  return { text, fontSize: 11, fontWeight: 'bold', anchor: 'middle', frame: 'group', offset: 6 };
}
