import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { writeFileAtomic } from 'research-basics/files';
import { svgToPdf } from '../figures';
import type { ReportDocument, ReportTable } from './document';
import { reportHtml } from './html';
import { reportLatex, tableLatex, type LatexTableOptions } from './latex';
import { reportMarkdown } from './markdown';

/** How a report is written down. */
export const REPORT_FORMATS = ['html', 'md', 'tex'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * Writes a report as `report.html` (complete in itself), `report.md` with `figures/*.svg`, and `report.tex` with
 * `figures/*.pdf`; beside it every table as `tables/ID.tex`, to be input in a paper.
 *
 * @param options.formats default all.
 * @param options.tables how the single tables are set; columns that a table lacks are left out of it. Default bare
 *   tabulars with all columns.
 * @returns the paths written.
 * @throws UserError (`input`) when a file cannot be written.
 */
export async function saveReport(
  report: ReportDocument,
  folder: string,
  options: {
    readonly formats?: readonly ReportFormat[] | undefined;
    readonly tables?: LatexTableOptions | undefined;
  } = {},
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
      for (const [id, text] of singleTables(report, options.tables))
        write(path.join('tables', `${id}.tex`), text);
    }
  }
  return written;
}

/** Every table by itself, by id. */
function singleTables(report: ReportDocument, options: LatexTableOptions = {}): [string, string][] {
  const tables = report.sections.flatMap((section) => section.tables);
  const { columns = [] } = options;
  const has = (table: ReportTable, name: string): boolean =>
    table.columns.some(({ key, title }, i) => i > 0 && (key === name || title === name));
  const unknown = columns.find((name) => !tables.some((table) => has(table, name)));
  if (unknown !== undefined) {
    const titles = new Set(tables.flatMap((table) => table.columns.slice(1).map(({ title }) => title)));
    throw inputError(
      `no table of the report has a column ${JSON.stringify(unknown)}; there are ${[...titles].join('; ')}`,
    );
  }
  return tables.map((table) => {
    const own = columns.filter((name) => has(table, name));
    const chosen = { layout: 'tabular', ...options, columns: own.length === 0 ? undefined : own } as const;
    return [table.id, `${tableLatex(table, chosen)}\n`];
  });
}
