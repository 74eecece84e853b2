import { isNumeric, sourceText, writtenRows } from './cells';
import type { ReportDocument, ReportSection, ReportTable } from './document';

/**
 * A report as Markdown (GitHub's tables); figures are linked as `figures/<id>.svg`.
 */
export function reportMarkdown(report: ReportDocument): string {
  return [
    `# ${escapeText(report.title)}`,
    escapeText(report.subtitle),
    ...(report.summary === undefined ? [] : [escapeText(report.summary.join(' '))]),
    ...report.sections.flatMap(sectionMarkdown),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function sectionMarkdown({ title, paragraphs, tables, figures }: ReportSection): string[] {
  return [
    `## ${escapeText(title)}`,
    ...paragraphs.map(escapeText),
    ...figures.flatMap(({ id, caption, source }) => [
      `![${escapeText(caption)}](figures/${id}.svg)`,
      `${escapeText(caption)} ${escapeText(sourceText(source))}`,
    ]),
    ...tables.flatMap((table) => [
      `**${escapeText(table.caption)}** ${escapeText(sourceText(table.source))}`,
      tableMarkdown(table),
    ]),
  ];
}

function tableMarkdown(table: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(table.columns.map(({ title }) => escapeText(title))),
    line(table.columns.map((column) => (isNumeric(table, column) ? '---:' : '---'))),
    ...writtenRows(table).map((row) =>
      line(
        row.map(({ text, interval, rank }) => {
          const value = rank === 'best' ? `**${text}**` : escapeText(text);
          return interval === '' ? value : `${value} ${interval}`;
        }),
      ),
    ),
  ].join('\n');
}

/** Characters that would be taken for marks, and line breaks, which would end a table's row. */
function escapeText(text: string): string {
  return text.replace(/([\\`*_[\]<>|#&~$])/g, '\\$1').replace(/\s*\n\s*/g, ' ');
}
