import type { ReadStream } from 'node:fs';
import { environmentError, inputError, messageOf } from '../base/errors';
import { FONT_STACK } from './theme';

/** The font every figure is laid out for, as files (regular, bold); shipped as a package, never looked for on the machine. */
function fontFiles(): [string, string] {
  return [
    require.resolve('@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf'),
    require.resolve('@expo-google-fonts/arimo/700Bold/Arimo_700Bold.ttf'),
  ];
}

/** Vega writes both spellings of "do not smooth"; resvg knows the first alone and takes the last. */
function withKnownSmoothing(svg: string): string {
  return svg.replaceAll(
    'image-rendering: optimizeSpeed; image-rendering: pixelated;',
    'image-rendering: optimizeSpeed',
  );
}

function svgSize(svg: string): { width: number; height: number } {
  const match = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg);
  if (!match) throw inputError('not an SVG of renderSvg: it names no width and height');
  return { width: Number(match[1]), height: Number(match[2]) };
}

interface Resvg {
  Resvg: new (svg: string, options: object) => { render(): { asPng(): Uint8Array } };
}

/**
 * Pixels of an SVG made by `renderSvg`, on white, with the bundled font.
 *
 * @param options.dotsPerInch of the picture when the figure has its printed size. Default 300.
 * @returns a PNG file.
 * @throws StmLabError (`environment`) when the renderer has no build for this machine.
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
  const picture = new library.Resvg(withKnownSmoothing(svg), {
    background: 'white',
    fitTo: { mode: 'zoom', value: (options.dotsPerInch ?? 300) / 96 },
    font: { loadSystemFonts: false, fontFiles: fontFiles(), defaultFontFamily: FONT_STACK.split(',')[0] },
  });
  return picture.render().asPng();
}

type PdfDocument = ReadStream & { registerFont(name: string, file: string): void; end(): void };

/**
 * A one-page PDF of an SVG made by `renderSvg`, at its printed size (96 px = 1 inch), with the font embedded;
 * lines and letters stay lines and letters. The same SVG gives the same bytes.
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
  const [regular, bold] = fontFiles();
  document.registerFont('Arimo', regular);
  document.registerFont('Arimo-Bold', bold);
  const parts: Buffer[] = [];
  document.on('data', (part: string | Buffer) => parts.push(Buffer.from(part)));
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve);
    document.on('error', reject);
  });
  // "1 on, 0 off" is how Vega writes a full line among dashed ones; pdfkit refuses the 0
  draw(document, svg.replaceAll(' stroke-dasharray="1,0"', ''), 0, 0, {
    width: size[0],
    height: size[1],
    fontCallback: (_family: string, isBold: boolean) => (isBold ? 'Arimo-Bold' : 'Arimo'),
  });
  document.end();
  await ended;
  return Buffer.concat(parts);
}
