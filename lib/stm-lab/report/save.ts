import * as path from 'node:path';
import { writeFileAtomic } from 'research-basics/files';
import { svgToPdf } from '../figures';
import type { ReportDocument } from './document';
import { reportHtml } from './html';
import { reportLatex } from './latex';
import { reportMarkdown } from './markdown';

/** How a report is written down. */
export const REPORT_FORMATS = ['html', 'md', 'tex'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * Writes a report as `report.html` (complete in itself), `report.md` with `figures/*.svg`, and `report.tex` with
 * `figures/*.pdf`.
 *
 * @param options.formats default all.
 * @returns the paths written.
 * @throws UserError (`input`) when a file cannot be written.
 */
export async function saveReport(
  report: ReportDocument,
  folder: string,
  options: { readonly formats?: readonly ReportFormat[] } = {},
): Promise<string[]> {
  const written: string[] = [];
  const write = (name: string, content: string | Uint8Array): void => {
    const file = path.join(folder, name);
    writeFileAtomic(file, content);
    written.push(file);
  };
  const figures = report.sections.flatMap((section) => section.figures);
  for (const format of options.formats ?? REPORT_FORMATS) {
    if (format === 'html') write('report.html', reportHtml(report));
    if (format === 'md') {
      for (const { id, svg } of figures) write(path.join('figures', `${id}.svg`), svg);
      write('report.md', reportMarkdown(report));
    }
    if (format === 'tex') {
      for (const { id, svg } of figures) write(path.join('figures', `${id}.pdf`), await svgToPdf(svg));
      write('report.tex', reportLatex(report));
    }
  }
  return written;
}
