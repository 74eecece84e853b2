import { inputError, UserError } from 'research-basics/errors';
import { omit } from '../base/omit';
import { paletteStops } from './colour';
import { renderSvg, schemeColours } from './render';
import type { FigureSpec } from './spec';
import { LABEL_SIZE } from './theme';
import { wrapText } from './textWidth';

/** How a figure is set for a page. */
export interface PaperOptions {
  /** Width of the figure: millimetres, or `column` (85) or `page` (180). Default: as drawn. */
  readonly width?: number | 'column' | 'page' | undefined;
  /** In place of the figure's own title; empty for none, since journals print captions. */
  readonly title?: string | undefined;
  /** Vega's name of the colours of a scale of values, such as viridis, magma, blues or redblue. */
  readonly scheme?: string | undefined;
  /** Panels beside each other, below each other, or the first alone. Default: as drawn; `column` where that does not fit. */
  readonly layout?: 'one' | 'row' | 'column' | undefined;
}

const PX_PER_MM = 96 / 25.4;
const PX_PER_PT = 96 / 72;
/** Labels of a figure of a stated width have this size, whatever the width. */
const TEXT_PT = 7;
/** No text is smaller. */
const SMALLEST_PT = 6;
const WIDTHS = { column: 85, page: 180 } as const;

type Part = Readonly<Record<string, unknown>>;
const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A figure set for a page: of a width in millimetres, at which text has 7 pt (6 pt at least), with another title,
 * colours or arrangement of its panels.
 *
 * @throws UserError (`input`) for a width at which the figure does not fit, or a scheme that Vega does not know.
 */
export async function paperFigure(spec: FigureSpec, options: PaperOptions): Promise<FigureSpec> {
  const { title, scheme, layout, width } = options;
  const millimetres = typeof width === 'string' ? WIDTHS[width] : width;
  if (millimetres !== undefined && !(millimetres >= 20 && millimetres <= 1000))
    throw inputError(`figure width ${String(width)}: must be 20 to 1000 mm, column (85 mm) or page (180 mm)`);
  const coloured = scheme === undefined ? spec : (recoloured(spec, scheme) as Part);
  const titled = title === undefined ? coloured : retitled(coloured, title);
  if (millimetres === undefined) return arrange(titled, layout);
  try {
    return await fitted(arrange(titled, layout), millimetres);
  } catch (error) {
    if (layout !== undefined || !(error instanceof UserError)) throw error;
    return fitted(arrange(titled, 'column'), millimetres);
  }
}

function retitled(spec: Part, title: string): Part {
  const before = isPart(spec['title']) ? spec['title'] : {};
  return title === '' ? omit(spec, 'title') : { ...spec, title: { ...before, text: title } };
}

/** Widest view inside a part, px. */
function widest(part: unknown): number {
  if (!isPart(part)) return 0;
  const inner = ['hconcat', 'vconcat', 'concat'].flatMap(
    (name) => (part[name] as unknown[] | undefined) ?? [],
  );
  return Math.max(typeof part['width'] === 'number' ? part['width'] : 60, ...inner.map(widest));
}

/** Panels of a concatenation: what is wider than a colour bar. */
const panelsOf = (parts: readonly unknown[]): unknown[] => parts.filter((part) => widest(part) >= 60);

function arrange(part: Part, layout: PaperOptions['layout']): Part {
  if (layout === undefined) return part;
  const [from, to] = layout === 'row' ? (['vconcat', 'hconcat'] as const) : (['hconcat', 'vconcat'] as const);
  const result: Record<string, unknown> = { ...part };
  for (const name of ['hconcat', 'vconcat'] as const) {
    const parts = part[name] as Part[] | undefined;
    if (parts === undefined) continue;
    const inner = parts.map((one) => arrange(one, layout));
    const panels = panelsOf(inner);
    if (layout === 'one' && panels.length > 1)
      result[name] = inner.slice(0, inner.indexOf(panels[1] as Part));
    else if (name === from && panels.length > 1) {
      delete result[from];
      result[to] = inner;
    } else result[name] = inner;
  }
  return result;
}

/** The scales of values, and the bars that explain them, in another scheme. */
function recoloured(part: unknown, scheme: string): unknown {
  const colours = schemeColours(scheme);
  const palettes = (['sequential', 'diverging'] as const).map((name) => JSON.stringify(paletteStops(name)));
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const stops = (value as { color?: string }[]).map((stop) => stop?.color);
      if (palettes.includes(JSON.stringify(stops)))
        return colours.map((color, i) => ({ offset: i / (colours.length - 1), color }));
      return value.map(walk);
    }
    if (!isPart(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) =>
        name === 'range' && palettes.includes(JSON.stringify(inner)) ? [name, colours] : [name, walk(inner)],
      ),
    );
  };
  return walk(part);
}

/** Text of a size that does not follow the width, and plots of the widths that are left. */
async function fitted(spec: Part, millimetres: number): Promise<FigureSpec> {
  const target = millimetres * PX_PER_MM;
  const lettered = withText(spec, target);
  const widthAt = async (factor: number): Promise<number> =>
    svgWidth(await renderSvg(scaled(lettered, factor)));
  // The width of a figure is that of its plots and what stands beside them: nearly a straight line.
  // Cells with a value printed in them stay wide enough for it.
  let [low, high] = [/"type":"text"/.test(JSON.stringify(omit(spec, 'config'))) ? 0.66 : 0.25, 1];
  while ((await widthAt(high)) < target && high < 16) high *= 2;
  if ((await widthAt(low)) > target)
    throw inputError(
      `figure: does not fit in ${millimetres} mm with text of ${TEXT_PT} pt; give a larger width, layout "column" or "one", or a shorter title`,
    );
  for (let step = 0; step < 12 && high - low > 0.002; step++) {
    const middle = (low + high) / 2;
    if ((await widthAt(middle)) > target) high = middle;
    else low = middle;
  }
  const rest = target - (await widthAt(low));
  const { padding = 8 } = (spec['config'] ?? {}) as { padding?: number };
  return {
    ...scaled(lettered, low),
    padding: { left: padding, top: padding, bottom: padding, right: padding + rest },
  };
}

const svgWidth = (svg: string): number => Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)![1]);

const VIEW = ['mark', 'layer', 'spec', 'facet'];

/** Plots with their sides multiplied. */
function scaled(part: Part, factor: number): Part {
  const walk = (value: unknown, name: string): unknown => {
    if (name === 'data' || name === 'datasets' || name === 'config') return value;
    if (Array.isArray(value)) return value.map((one) => walk(one, ''));
    if (!isPart(value)) return value;
    const view = VIEW.some((key) => key in value);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        view && (key === 'width' || key === 'height') && typeof inner === 'number'
          ? // A colour bar keeps its width.
            key === 'width' && inner < 20
            ? inner
            : Math.max(10, inner * factor)
          : walk(inner, key),
      ]),
    );
  };
  return walk(part, '') as Part;
}

/** Every text in the size of a page, titles in lines that fit, and legends in columns. */
function withText(spec: Part, target: number): Part {
  const factor = (TEXT_PT * PX_PER_PT) / LABEL_SIZE;
  const sizeOf = (size: number): number => Math.max(SMALLEST_PT * PX_PER_PT, size * factor);
  const lines = (text: unknown, width: number, size: number): unknown => {
    if (typeof text !== 'string' && !Array.isArray(text)) return text;
    const wrapped = (Array.isArray(text) ? text : [text]).flatMap((line) =>
      wrapText(String(line), width, size),
    );
    return wrapped.length === 1 ? wrapped[0] : wrapped;
  };
  const walk = (value: unknown, name: string): unknown => {
    if (name === 'data' || name === 'datasets') return value;
    if (Array.isArray(value)) return value.map((one) => walk(one, ''));
    if (!isPart(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (/fontSize$/i.test(key) && typeof inner === 'number') return [key, sizeOf(inner)];
        // A title of a panel has no more room than the figure; bold letters are wider than those that are measured.
        if (name === 'title' && key === 'text') return [key, lines(inner, (target - 90) / 1.08, sizeOf(11))];
        return [key, walk(inner, key)];
      }),
    );
  };
  const result = walk(spec, '') as Record<string, Part>;
  const { title, config } = result;
  const room = target - 24;
  const own = isPart(spec['title']) ? (spec['title'] as Part) : undefined;
  const subtitle = own?.['subtitle'];
  return {
    ...result,
    ...(own === undefined
      ? {}
      : {
          title: {
            ...title,
            text: lines(own['text'], room / 1.1, sizeOf(13)),
            ...(subtitle === undefined
              ? {}
              : {
                  subtitle: lines(
                    (Array.isArray(subtitle) ? subtitle : [subtitle]).join(' '),
                    room,
                    sizeOf(10.5),
                  ),
                }),
          },
        }),
    config: {
      ...config,
      legend: { ...(config?.['legend'] as Part), columns: Math.max(1, Math.floor(target / 130)) },
    },
  };
}
