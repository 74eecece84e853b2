import type { DataFrame } from 'danfojs-node';
import { escapeHtml } from '../base/html';
import { fromDataFrame, isDataFrame, type TableRow, type TableValue } from './rows';

/** How a table is shown. */
export interface TableOptions {
  /** Columns in order. Default: those of the frame, or of the first row. */
  readonly columns?: readonly string[];
  /** Printed above the table. Default: nothing. */
  readonly caption?: string;
  /** Digits after the decimal point of numbers that are not integers; smaller ones have an exponent. Default 3. */
  readonly decimals?: number;
  /** Rows shown; a longer table says how many it has. Default 20. */
  readonly rows?: number;
}

/** What is shown of a table. */
interface ShownTable {
  readonly columns: readonly string[];
  /** Whether a column holds numbers, which are aligned to the right. */
  readonly numeric: readonly boolean[];
  readonly cells: readonly (readonly string[])[];
  readonly caption: string;
}

function shownTable(table: DataFrame | readonly TableRow[], options: TableOptions): ShownTable {
  const all = isDataFrame(table) ? namedRows(table) : table;
  const columns =
    options.columns ?? (isDataFrame(table) && all.length === 0 ? table.columns : Object.keys(all[0] ?? {}));
  const most = options.rows ?? 20;
  const rows = all.slice(0, most);
  const total =
    all.length > most
      ? `first ${most} of ${all.length} rows`
      : all.length === 0 && columns.length > 0
        ? 'no rows'
        : '';
  const given = options.caption ?? '';
  return {
    columns,
    numeric: columns.map(
      (name) =>
        rows.length > 0 &&
        rows.every((row) => isNumber(row[name])) &&
        rows.some((row) => isFilled(row[name])),
    ),
    cells: rows.map((row) => columns.map((name) => cellText(row[name], options.decimals ?? 3))),
    caption: given === '' || total === '' ? given + total : `${given} (${total})`,
  };
}

/** Rows of a frame; where rows have names (as those of `describe` do), these come first, in a column without a title. */
function namedRows(frame: DataFrame): readonly TableRow[] {
  const rows = fromDataFrame(frame);
  const names = frame.index;
  return names.some((name) => typeof name === 'string')
    ? rows.map((row, i) => ({ '': names[i], ...row }))
    : rows;
}

const isFilled = (value: TableValue): boolean => value !== null && value !== undefined && value !== '';
const isNumber = (value: TableValue): boolean => typeof value === 'number' || !isFilled(value);

function cellText(value: TableValue, decimals: number): string {
  if (!isFilled(value) || Number.isNaN(value)) return '';
  if (typeof value !== 'number') return String(value);
  // What would be rounded to nothing keeps two digits.
  const tiny = Math.abs(value) < 0.5 * 10 ** -decimals;
  const text = Number.isInteger(value)
    ? String(value)
    : tiny
      ? value.toExponential(1)
      : value.toFixed(decimals);
  return text.replaceAll('-', '−');
}

/** A data frame, or rows, as an HTML table: columns of numbers are right-aligned, text is escaped. */
export function tableHtml(table: DataFrame | readonly TableRow[], options: TableOptions = {}): string {
  const { columns, numeric, cells, caption } = shownTable(table, options);
  const element = (name: 'th' | 'td', text: string, i: number): string =>
    `<${name} style="text-align:${numeric[i] ? 'right' : 'left'}">${escapeHtml(text)}</${name}>`;
  const line = (name: 'th' | 'td', texts: readonly string[]): string =>
    `<tr>${texts.map((text, i) => element(name, text, i)).join('')}</tr>`;
  const head = caption === '' ? '' : `<caption style="text-align:left">${escapeHtml(caption)}</caption>`;
  return `<table>${head}<thead>${line('th', columns)}</thead><tbody>${cells.map((row) => line('td', row)).join('')}</tbody></table>`;
}

/** The same as plain text. */
export function tableText(table: DataFrame | readonly TableRow[], options: TableOptions = {}): string {
  const { columns, numeric, cells, caption } = shownTable(table, options);
  const lines = [columns, ...cells];
  const widths = columns.map((_, i) => Math.max(...lines.map((row) => row[i]!.length)));
  const texts = lines.map((row) =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return [...(caption === '' ? [] : [caption]), ...texts].join('\n');
}
