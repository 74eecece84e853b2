import { figureConfig, FIGURE_WIDTH, SUBTITLE_SIZE } from './theme';
import { wrapText } from './textWidth';

/** A complete Vega-Lite 5 specification with its data and theme inside: it renders alone, anywhere. */
export type FigureSpec = Readonly<Record<string, unknown>>;

/** Part of a specification (a view, a layer, an encoding), before the title and the theme are added. */
export type FigurePart = Record<string, unknown>;

/** Text that every figure takes. */
export interface FigureText {
  /** Replaces the figure's own title. */
  readonly title?: string | undefined;
  /** Printed under the title, wrapped; e.g. "synthetic demo corpus". Default: nothing. */
  readonly note?: string | undefined;
}

/**
 * Adds title, note, alternative text and theme to a view, and makes a whole specification of it.
 *
 * @param remarks further lines under the note, which belong to the figure itself (e.g. "n of N points shown").
 */
export function composeFigure(
  body: FigurePart,
  text: FigureText & { defaultTitle: string; remarks?: readonly string[]; widthPx?: number },
): FigureSpec {
  const title = text.title ?? text.defaultTitle;
  const notes = [...(text.note ? [text.note] : []), ...(text.remarks ?? [])];
  const subtitle = notes.flatMap((line) => wrapText(line, text.widthPx ?? FIGURE_WIDTH, SUBTITLE_SIZE));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    description: [title, ...notes].join('. '),
    title: subtitle.length > 0 ? { text: title, subtitle } : { text: title },
    ...body,
    config: figureConfig,
  };
}

/** A number with at most `digits` significant digits, so that specifications stay small; not finite gives null. */
export function compact(value: number, digits = 6): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : null;
}
