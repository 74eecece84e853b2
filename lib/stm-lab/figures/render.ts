import type * as Vega from 'vega';
import type * as VegaLite from 'vega-lite';
import { createHash } from 'node:crypto';
import { inputError, messageOf } from 'research-basics/errors';
import type { FigureSpec } from './spec';
import { textWidth } from './textWidth';

/** Settings of `renderSvg`. */
export interface RenderOptions {
  /** Called with each warning of Vega-Lite or Vega about the specification. Default: ignored. */
  readonly onWarning?: (message: string) => void;
}

interface Engine {
  vega: typeof Vega;
  vegaLite: typeof VegaLite;
}

let engine: Engine | undefined;

/** Loaded at the first figure: most commands draw none, and the two take a third of a second. */
function loadEngine(): Engine {
  if (engine) return engine;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late on purpose
  const vega = require('vega') as typeof Vega;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late on purpose
  const vegaLite = require('vega-lite') as typeof VegaLite;
  measureWithTable(vega);
  engine = { vega, vegaLite };
  return engine;
}

interface TextItem {
  fontSize?: number;
  fontWeight?: string | number;
  limit?: number;
}

/** Vega measures text with a canvas, or guesses badly; the table gives the same layout on every machine. */
function measureWithTable(vega: typeof Vega): void {
  const { textMetrics } = vega as unknown as { textMetrics: { width: unknown } };
  textMetrics.width = (item: TextItem, text: unknown): number => {
    const bold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600;
    const width = textWidth(String(text ?? '').trim(), item.fontSize ?? 11, bold ? 'bold' : 'normal');
    return item.limit && item.limit > 0 ? Math.min(width, item.limit) : width;
  };
}

/**
 * Vega numbers its clips and gradients from a counter of the process. Renamed in order of appearance, and
 * prefixed by the content, the same figure gives the same bytes, and several fit in one page.
 */
function renameIds(svg: string): string {
  const names = [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  const anonymous = svg.replace(/ id="[^"]+"/g, ' id').replace(/url\(#[^)]+\)/g, 'url');
  const prefix = createHash('sha256').update(anonymous).digest('hex').slice(0, 8);
  const renamed = new Map(names.map((name, i) => [name, `f${prefix}-${i}`]));
  return svg
    .replace(/ id="([^"]+)"/g, (_all, name: string) => ` id="${renamed.get(name)!}"`)
    .replace(/url\(#([^)]+)\)/g, (all, name: string) =>
      renamed.has(name) ? `url(#${renamed.get(name)!})` : all,
    );
}

/** Characters that no XML file may hold, and halves of pairs, as the sign for what cannot be shown. */
const withoutForbidden = (svg: string): string =>
  // eslint-disable-next-line no-control-regex -- they are what is searched for
  svg.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Cs}]/gu, '\ufffd');

/**
 * Draws a specification as SVG text, without a browser or a canvas. The same specification gives the same
 * bytes on every machine and in every order of calls.
 *
 * @throws UserError (`input`) when the specification is not valid Vega-Lite.
 */
export async function renderSvg(spec: FigureSpec, options: RenderOptions = {}): Promise<string> {
  const { vega, vegaLite } = loadEngine();
  const say = (...parts: readonly unknown[]): void => options.onWarning?.(parts.map(String).join(' '));
  const logger = {
    level: () => logger,
    error: (...parts: readonly unknown[]) => (say(...parts), logger),
    warn: (...parts: readonly unknown[]) => (say(...parts), logger),
    info: () => logger,
    debug: () => logger,
  };
  try {
    const { spec: compiled } = vegaLite.compile(spec as unknown as VegaLite.TopLevelSpec, {
      logger: logger as never,
    });
    const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger: logger as never });
    try {
      return renameIds(withoutForbidden(await view.toSVG()));
    } finally {
      view.finalize();
    }
  } catch (error) {
    throw inputError(`the figure cannot be drawn: ${messageOf(error)}`, error);
  }
}

/**
 * The colours of one of Vega's schemes, ten from low to high.
 *
 * @throws UserError (`input`) for a name that Vega does not know.
 */
export function schemeColours(name: string): string[] {
  const { vega } = loadEngine();
  const scheme = (vega as unknown as { scheme(name: string): unknown }).scheme(name);
  if (typeof scheme === 'function') {
    const interpolate = scheme as (position: number) => string;
    return Array.from({ length: 10 }, (_, i) => interpolate(i / 9));
  }
  throw inputError(
    `colour scheme "${name}": is not a scheme of values that Vega knows; try viridis, magma, cividis, greys, blues or redblue`,
  );
}
