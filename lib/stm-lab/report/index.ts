export type {
  ReportCell,
  ReportColumn,
  ReportDocument,
  ReportFigure,
  ReportNumber,
  ReportSection,
  ReportSource,
  ReportTable,
} from './document';
export { reportHtml } from './html';
export { type LatexTableOptions, reportLatex, tableLatex } from './latex';
export { escapeLatex } from './latexText';
export { reportMarkdown } from './markdown';
export { REPORT_FORMATS, saveReport, type ReportFormat } from './save';
