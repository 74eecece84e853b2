import { isNumeric, sourceText, writtenRows } from './cells';
import type { ReportDocument, ReportSection, ReportTable } from './document';

/** More rows than this do not fit on a page, and the table runs over several. */
const ROWS_PER_PAGE = 40;

/**
 * A report as a LaTeX file for pdfLaTeX: booktabs tables, figures from `figures/<id>.pdf`. Tables can be copied
 * into a paper as they are.
 */
export function reportLatex(report: ReportDocument): string {
  return [
    '\\documentclass[a4paper]{article}',
    // Without Latin Modern, T1 would fall back to bitmaps.
    '\\IfFileExists{lmodern.sty}{\\usepackage[T1]{fontenc}\\usepackage{lmodern}}{}',
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage[margin=2cm]{geometry}',
    '\\usepackage{booktabs,longtable,graphicx}',
    `\\title{${escapeLatex(report.title)}}`,
    '\\author{}\\date{}',
    '\\begin{document}',
    '\\maketitle',
    '\\sloppy',
    escapeLatex(report.subtitle),
    ...report.sections.map(sectionLatex),
    '\\end{document}',
    '',
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
    ...tables.map(tableLatex),
    ...(figures.length === 0 ? [] : ['\\clearpage']),
  ].join('\n');
}

/** One table as a float, or as a longtable when it has more rows than a page. */
export function tableLatex(table: ReportTable): string {
  const layout = table.columns.map((column) => (isNumeric(table, column) ? 'r' : 'l')).join('');
  const caption = `\\caption{${captionLatex(table.caption, sourceText(table.source))}}`;
  const head = `${table.columns.map(({ title }) => escapeLatex(title)).join(' & ')} \\\\`;
  const body = writtenRows(table).map((row) => {
    const cells = row.map(({ text, interval, rank }) => {
      const value = rank === 'best' ? `\\textbf{${escapeLatex(text)}}` : escapeLatex(text);
      // A bracket right after a line's end would be read as its option.
      return interval === '' ? value : `${value} {\\scriptsize ${escapeLatex(interval)}}`;
    });
    return `${cells.join(' & ')} \\\\`;
  });
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
    `\\begin{tabular}{${layout}}`,
    '\\toprule',
    head,
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}}',
    '\\end{table}',
  ].join('\n');
}

function captionLatex(caption: string, source: string): string {
  return source === ''
    ? escapeLatex(caption)
    : `${escapeLatex(caption)} {\\footnotesize\\ttfamily ${escapeLatex(source)}}`;
}

const REPLACED: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': "''",
  '−': '$-$',
  '±': '$\\pm$',
  '×': '$\\times$',
  '≤': '$\\le$',
  '≥': '$\\ge$',
  '→': '$\\rightarrow$',
  '²': '$^2$',
  µ: '$\\mu$',
  μ: '$\\mu$',
};

/** Text with what LaTeX would act on escaped; characters that pdfLaTeX's fonts lack become a question mark. */
export function escapeLatex(text: string): string {
  return Array.from(text.replaceAll('<=', '≤'), (character) => {
    const known = REPLACED[character];
    if (known !== undefined) return known;
    if ('#$%&_'.includes(character)) return `\\${character}`;
    // Latin letters with accents, dashes and quotation marks are in T1.
    return /[\n\x20-\x7e\u00a0-\u017f\u2013\u2014\u2018\u2019\u201c\u201d\u2026]/.test(character)
      ? character
      : '?';
  }).join('');
}
