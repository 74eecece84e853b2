import { escapeHtml } from '../base/html';
import { isNumeric, sourceText, writtenRows, type WrittenCell } from './cells';
import type { ReportDocument, ReportFigure, ReportSection, ReportTable } from './document';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #ddd; }
figure { margin: 1.5rem 0; }
figcaption, caption { text-align: left; font-size: .9rem; color: #444; margin-bottom: .4rem; }
.source { display: block; font-family: ui-monospace, monospace; font-size: .72rem; color: #666; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: 1rem 0; }
th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; max-width: 26rem; overflow-wrap: anywhere; }
td:first-child { min-width: 6.5rem; }
thead th { border-top: 2px solid #1a1a1a; border-bottom: 1px solid #1a1a1a; }
tbody tr:last-child td { border-bottom: 2px solid #1a1a1a; }
.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.interval { color: #666; white-space: nowrap; }
.summary { border-left: 3px solid #0072b2; padding-left: .8rem; overflow-wrap: anywhere; }
/* Where another font than the figure's is wider, no letter is cut. */
svg { max-width: 100%; height: auto; overflow: visible; }
@media (max-width: 40rem) {
  table, caption, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { padding: .4rem 0; border-bottom: 1px solid #ddd; }
  td { padding: 0; max-width: none; }
  td:first-child { font-weight: 600; text-align: left; }
  td[data-title] { display: flex; gap: .4rem; text-align: right; }
  td[data-title]::before { content: attr(data-title); color: #666; text-align: left; margin-right: auto; }
  tbody tr:last-child td { border-bottom: none; }
}
@media print {
  body { max-width: none; margin: 0; }
  .scroll { overflow: visible; }
  figure, tr { break-inside: avoid; }
  h2, caption { break-after: avoid; }
}
`;

/**
 * A report as one HTML file that needs nothing else: figures are inside as SVG, there are no scripts and no
 * addresses to load from. Every number's cell carries its whole value, run and metric as `data-` attributes.
 */
export function reportHtml(report: ReportDocument): string {
  const { title, subtitle, summary = [], sections } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(subtitle)}</p>
${summary.length === 0 ? '' : `<p class="summary">${escapeHtml(summary.join(' '))}</p>\n`}${sections.map(sectionHtml).join('\n')}
</body>
</html>
`;
}

function sectionHtml({ title, paragraphs, tables, figures }: ReportSection): string {
  return [
    '<section>',
    `<h2>${escapeHtml(title)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...figures.map(figureHtml),
    ...tables.map(tableHtml),
    '</section>',
  ].join('\n');
}

function figureHtml({ id, caption, svg, source }: ReportFigure): string {
  return `<figure id="${escapeHtml(id)}">
${svg.replace(/^<\?xml[^>]*>\s*/, '')}
<figcaption>${escapeHtml(caption)} <span class="source">${escapeHtml(sourceText(source))}</span></figcaption>
</figure>`;
}

function tableHtml(table: ReportTable): string {
  const kind = (i: number): string => (isNumeric(table, table.columns[i]!) ? ' class="number"' : '');
  const head = table.columns.map(({ title }, i) => `<th scope="col"${kind(i)}>${escapeHtml(title)}</th>`);
  const titles = table.columns.map(({ title }) => ` data-title="${escapeHtml(title)}"`);
  const body = writtenRows(table).map(
    (row) => `<tr>${row.map((cell, i) => cellHtml(cell, kind(i), i === 0 ? '' : titles[i]!)).join('')}</tr>`,
  );
  return `<div class="scroll"><table id="${escapeHtml(table.id)}">
<caption>${escapeHtml(table.caption)} <span class="source">${escapeHtml(sourceText(table.source))}</span></caption>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>`;
}

function cellHtml({ text, interval, rank, number }: WrittenCell, kind: string, title: string): string {
  const value = rank === 'best' ? `<strong>${escapeHtml(text)}</strong>` : escapeHtml(text);
  const shown = interval === '' ? value : `${value} <span class="interval">${escapeHtml(interval)}</span>`;
  const data = Object.entries({ ...number }).filter(([, entry]) => entry !== undefined);
  const attributes = data.map(([name, entry]) => ` data-${name}="${escapeHtml(String(entry))}"`).join('');
  return `<td${kind}${title}${attributes}>${shown}</td>`;
}
