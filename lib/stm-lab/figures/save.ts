import { writeFileAtomic, writeJson } from 'research-basics/files';
import { svgToPdf, svgToPng } from './export';
import { renderSvg } from './render';
import type { FigureSpec } from './spec';

/** A file of a figure: the drawing, the specification with its data, a picture of 300 dots per inch, a page. */
export type FigureFormat = 'svg' | 'vl.json' | 'png' | 'pdf';

/**
 * Writes a figure as `<base>.svg` and, to draw or change it elsewhere, `<base>.vl.json`; on request also as
 * `<base>.png` and `<base>.pdf`.
 *
 * @param options.formats default `['svg', 'vl.json']`.
 * @returns the paths written, in the order of the formats.
 * @throws UserError (`input`) when the specification is not valid or a file cannot be written.
 */
export async function saveFigure(
  spec: FigureSpec,
  basePath: string,
  options: { readonly formats?: readonly FigureFormat[] } = {},
): Promise<string[]> {
  const svg = await renderSvg(spec);
  const written: string[] = [];
  for (const format of options.formats ?? ['svg', 'vl.json']) {
    const file = `${basePath}.${format}`;
    if (format === 'svg') writeFileAtomic(file, svg);
    else if (format === 'vl.json') writeJson(file, spec);
    else if (format === 'png') writeFileAtomic(file, svgToPng(svg));
    else writeFileAtomic(file, await svgToPdf(svg));
    written.push(file);
  }
  return written;
}
