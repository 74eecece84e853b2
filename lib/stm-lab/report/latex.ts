import { inputError } from 'research-basics/errors';
import { isNumeric, sourceText, writtenRows } from './cells';
import type { ReportDocument, ReportSection, ReportTable } from './document';
import { escapeLatex, latexCharacters } from './latexText';

/** More rows than this do not fit on a page, and the table runs over several. */
const ROWS_PER_PAGE = 40;

/**
 * A report as a LaTeX file: booktabs tables, figures from `figures/<id>.pdf`. It compiles with XeLaTeX and LuaLaTeX,
 * which set labels of any script for which a font is installed, and with pdfLaTeX, which prints the codes of
 * characters beyond Latin (see `latexCharacters`). Tables can be copied into a paper as they are.
 */
export function reportLatex(report: ReportDocument): string {
  const body = [
    `\\title{${escapeLatex(report.title)}}`,
    '\\author{}\\date{}',
    '\\begin{document}',
    '\\maketitle',
    '\\sloppy',
    escapeLatex(report.subtitle),
    ...(report.summary === undefined ? [] : [`\n${escapeLatex(report.summary.join(' '))}`]),
    ...report.sections.map(sectionLatex),
    '\\end{document}',
    '',
  ].join('\n');
  return [
    '\\documentclass[a4paper]{article}',
    '\\usepackage{iftex}',
    '\\ifPDFTeX',
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage[T1]{fontenc}',
    // Without Latin Modern, T1 would fall back to bitmaps.
    '\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}',
    '\\else',
    '\\usepackage{fontspec}',
    '\\fi',
    '\\usepackage[margin=2cm]{geometry}',
    '\\usepackage{booktabs,longtable,graphicx}',
    ...latexCharacters(body),
    body,
  ].join('\n');
}

function sectionLatex({ title, paragraphs, tables, figures }: ReportSection): string {
  return [
    `\n\\section*{${escapeLatex(title)}}`,
    ...paragraphs.map((text) => `${escapeLatex(text)}\n`),
    ...figures.map(({ id, caption, source }) =>
      [
        '\\begin{figure}[htbp]',
        '\\centering',
        `\\includegraphics[width=\\linewidth,height=0.85\\textheight,keepaspectratio]{figures/${id}.pdf}`,
        `\\caption{${captionLatex(caption, sourceText(source))}}`,
        `\\label{fig:${id}}`,
        '\\end{figure}',
      ].join('\n'),
    ),
    ...tables.map((table) => tableLatex(table)),
    ...(figures.length === 0 ? [] : ['\\clearpage']),
  ].join('\n');
}

/** Texts longer than this are broken into lines. */
const TEXT_COLUMN = 48;

/** How a table is set for a paper. */
export interface LatexTableOptions {
  /** `float` with caption and label (a longtable beyond 40 rows), or the bare `tabular`. Default `float`. */
  readonly layout?: 'float' | 'tabular' | undefined;
  /** Titles or keys of the columns to show, in this order, beside the first. Default all. */
  readonly columns?: readonly string[] | undefined;
  /** What names in the first column are replaced with. Default none is. */
  readonly rowNames?: Readonly<Record<string, string>> | undefined;
  /** Digits after the point of all numbers but counts. Default each column's own. */
  readonly digits?: number | undefined;
  /** Whether the caption names runs and command. Default true. */
  readonly source?: boolean | undefined;
}

/** The columns asked for, the names and digits replaced. */
function chosenTable(
  table: ReportTable,
  { columns, rowNames, digits, source }: LatexTableOptions,
): ReportTable {
  const [first, ...others] = table.columns;
  const chosen = (columns ?? others.map(({ key }) => key)).map((name) => {
    const found = others.find(({ key, title }) => key === name || title === name);
    if (found === undefined)
      throw inputError(
        `table ${table.id}: has no column ${JSON.stringify(name)}; its columns are ${others.map(({ title }) => title).join(', ')}`,
      );
    return digits === undefined || found.decimals === 0 ? found : { ...found, decimals: digits };
  });
  const renamed = (row: ReportTable['rows'][number]): ReportTable['rows'][number] => {
    const name = row[first!.key];
    return typeof name === 'string' && rowNames !== undefined && Object.hasOwn(rowNames, name)
      ? { ...row, [first!.key]: rowNames[name]! }
      : row;
  };
  return {
    ...table,
    columns: [first!, ...chosen],
    rows: table.rows.map(renamed),
    source: source === false ? { runs: [] } : table.source,
  };
}

/**
 * One table of a report for LaTeX (booktabs).
 *
 * @throws UserError (`input`) for a column that the table does not have.
 */
export function tableLatex(whole: ReportTable, options: LatexTableOptions = {}): string {
  const table = chosenTable(whole, options);
  const rows = writtenRows(table);
  const long = table.columns.map((_, i) => rows.some((row) => row[i]!.text.length > TEXT_COLUMN));
  const layout = table.columns
    .map((column, i) => (isNumeric(table, column) ? 'r' : long[i] ? 'p{0.42\\linewidth}' : 'l'))
    .join('');
  const caption = `\\caption{${captionLatex(table.caption, sourceText(table.source))}}`;
  const head = `${table.columns.map(({ title }) => escapeLatex(title)).join(' & ')} \\\\`;
  const body = rows.map((row) => {
    const cells = row.map(({ text, interval, rank }) => {
      const escaped = escapeLatex(text);
      const value = rank === 'best' ? `\\textbf{${escaped}}` : escaped;
      // A bracket right after a line's end would be read as its option.
      return interval === '' ? value : `${value} {\\scriptsize ${escapeLatex(interval)}}`;
    });
    return `${cells.join(' & ')} \\\\`;
  });
  const tabular = [
    `\\begin{tabular}{${layout}}`,
    '\\toprule',
    head,
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
  if (options.layout === 'tabular') return tabular;
  if (table.rows.length > ROWS_PER_PAGE) {
    return [
      `{\\scriptsize\\setlength{\\tabcolsep}{3pt}\\begin{longtable}{${layout}}`,
      `${caption}\\label{tab:${table.id}}\\\\`,
      `\\toprule ${head} \\midrule`,
      '\\endfirsthead',
      `\\toprule ${head} \\midrule`,
      '\\endhead',
      '\\bottomrule',
      '\\endlastfoot',
      ...body,
      '\\end{longtable}}',
    ].join('\n');
  }
  return [
    '\\begin{table}[htbp]',
    '\\centering',
    `${caption}\\label{tab:${table.id}}`,
    '\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%',
    `${tabular}}`,
    '\\end{table}',
  ].join('\n');
}

function captionLatex(caption: string, source: string): string {
  return source === ''
    ? escapeLatex(caption)
    : `${escapeLatex(caption)} {\\footnotesize\\ttfamily ${escapeLatex(source)}}`;
}
