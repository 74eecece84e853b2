import type { ReadStream } from 'node:fs';
import { environmentError, inputError, messageOf } from 'research-basics/errors';
import { escapeHtml } from '../base/html';
import { bundledFonts, figureFonts, fontRuns } from './fonts';
import { FONT_STACK } from './theme';

/** Vega writes both spellings of "do not smooth"; resvg knows the first alone and takes the last. */
function withKnownSmoothing(svg: string): string {
  return svg.replaceAll(
    'image-rendering: optimizeSpeed; image-rendering: pixelated;',
    'image-rendering: optimizeSpeed',
  );
}

/** Texts with each run of characters in a font that has them; see `fontRuns`. */
function withFonts(svg: string, familyOf: (font: number) => string | undefined): string {
  // Nothing to do for most figures, whose characters the bundled font has.
  const fonts = figureFonts();
  return svg.replace(/(<text[^>]*>)([^<]*)(?=<\/text>)/g, (all, open: string, content: string) => {
    const text = unescaped(content);
    const runs = fontRuns(text, fonts);
    if (runs.length === 1 && runs[0]!.font === 0 && runs[0]!.text === text) return all;
    const spans = runs.map(({ text: part, font }) => {
      const family = font === 0 ? undefined : familyOf(font);
      return family === undefined
        ? escapeHtml(part)
        : `<tspan font-family="${family}">${escapeHtml(part)}</tspan>`;
    });
    return `${open}${spans.join('')}`;
  });
}

const unescaped = (content: string): string =>
  content
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&');

function svgSize(svg: string): { width: number; height: number } {
  const match = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg);
  if (!match) throw inputError('not an SVG of renderSvg: it names no width and height');
  return { width: Number(match[1]), height: Number(match[2]) };
}

interface Resvg {
  Resvg: new (svg: string, options: object) => { render(): { asPng(): Uint8Array } };
}

/**
 * Pixels of an SVG made by `renderSvg`, on white, with the bundled font and those of `STM_LAB_FONTS`; characters that
 * they lack are printed as codes (the SVG itself has them all).
 *
 * @param options.dotsPerInch of the picture when the figure has its printed size. Default 300.
 * @returns a PNG file.
 * @throws UserError (`environment`) when the renderer has no build for this machine.
 */
export function svgToPng(svg: string, options: { readonly dotsPerInch?: number } = {}): Uint8Array {
  let library: Resvg;
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- native code, loaded only where it is used
    library = require('@resvg/resvg-js') as Resvg;
  } catch (error) {
    throw environmentError(
      `PNG needs @resvg/resvg-js: ${messageOf(error)}; run npm ci, or use the SVG`,
      error,
    );
  }
  const picture = new library.Resvg(withKnownSmoothing(withFonts(svg, () => undefined)), {
    background: 'white',
    fitTo: { mode: 'zoom', value: (options.dotsPerInch ?? 300) / 96 },
    font: {
      loadSystemFonts: false,
      fontFiles: [
        ...bundledFonts(),
        ...figureFonts()
          .slice(1)
          .map(({ file }) => file),
      ],
      defaultFontFamily: FONT_STACK.split(',')[0],
    },
  });
  return picture.render().asPng();
}

const pdfFamily = (font: number): string => `stm-font-${font}`;

type PdfDocument = ReadStream & {
  registerFont(name: string, file: string, member?: string): void;
  end(): void;
};

/**
 * A one-page PDF of an SVG made by `renderSvg`, at its printed size (96 px = 1 inch), with its fonts embedded (see
 * `svgToPng`); lines and letters stay lines and letters. The same SVG gives the same bytes.
 */
export async function svgToPdf(svg: string): Promise<Uint8Array> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only where it is used
  const Document = require('pdfkit') as new (options: object) => PdfDocument;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only where it is used
  const draw = require('svg-to-pdfkit') as (
    document: PdfDocument,
    svg: string,
    x: number,
    y: number,
    options: object,
  ) => void;
  const { width, height } = svgSize(svg);
  const size = [width * 0.75, height * 0.75];
  // a fixed date, or every run would write another file
  const document = new Document({
    size,
    margin: 0,
    info: { CreationDate: new Date(0), Producer: 'stm-lab' },
  });
  const [regular, bold] = bundledFonts();
  document.registerFont('Arimo', regular);
  document.registerFont('Arimo-Bold', bold);
  const others = figureFonts()
    .slice(1)
    .map(({ file, member }, i) => ({ name: pdfFamily(i + 1), file, member }));
  for (const { name, file, member } of others) document.registerFont(name, file, member);
  const parts: Buffer[] = [];
  document.on('data', (part: string | Buffer) => parts.push(Buffer.from(part)));
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve);
    document.on('error', reject);
  });
  // "1 on, 0 off" is how Vega writes a full line among dashed ones; pdfkit refuses the 0
  draw(document, withFonts(svg, pdfFamily).replaceAll(' stroke-dasharray="1,0"', ''), 0, 0, {
    width: size[0],
    height: size[1],
    fontCallback: (family: string, isBold: boolean) =>
      others.find(({ name }) => name === family)?.name ?? (isBold ? 'Arimo-Bold' : 'Arimo'),
  });
  document.end();
  await ended;
  return Buffer.concat(parts);
}
