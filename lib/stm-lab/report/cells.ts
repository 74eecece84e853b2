import type { ReportCell, ReportColumn, ReportNumber, ReportSource, ReportTable } from './document';

/** A cell as it is to be written: its text, and whether it is the best of its column. */
export interface WrittenCell {
  /** The value alone. */
  readonly text: string;
  /** "[low, high]", or empty. */
  readonly interval: string;
  readonly kind: 'text' | 'number' | 'nothing';
  readonly rank: 'best' | 'other';
  readonly number: ReportNumber | undefined;
}

const isNumber = (cell: ReportCell): cell is ReportNumber => typeof cell === 'object';

/** A row's own entry: a column may be called "constructor". */
const cellOf = (row: ReportTable['rows'][number], key: string): ReportCell =>
  Object.hasOwn(row, key) ? row[key] : undefined;

/** All cells of a table, row by row. Equal best values, as printed, are all best. */
export function writtenRows(table: ReportTable): WrittenCell[][] {
  const bests = table.columns.map((column) => bestText(table, column));
  return table.rows.map((row, index) =>
    table.columns.map((column, i): WrittenCell => {
      const cell = cellOf(row, column.key);
      if (cell === undefined)
        return { text: '–', interval: '', kind: 'nothing', rank: 'other', number: undefined };
      if (!isNumber(cell))
        return { text: cell, interval: '', kind: 'text', rank: 'other', number: undefined };
      const text = numberText(cell.value, column);
      const { low, high } = cell;
      const interval =
        low === undefined || high === undefined
          ? ''
          : `[${numberText(low, column)}, ${numberText(high, column)}]`;
      return {
        text,
        interval,
        kind: 'number',
        rank: comparable(table, index) && text === bests[i] ? 'best' : 'other',
        number: cell,
      };
    }),
  );
}

/** Whether a column holds numbers, and is set to the right. */
export function isNumeric(table: ReportTable, { key }: ReportColumn): boolean {
  return table.rows.some((row) => isNumber(cellOf(row, key)));
}

/** "Runs 3f2a…, 91bc…; stm-lab evaluate …": whole ids, since they are what a reader searches for. */
export function sourceText({ runs, command }: ReportSource): string {
  const ids = runs.length === 0 ? '' : `${runs.length === 1 ? 'Run' : 'Runs'} ${runs.join(', ')}`;
  return [ids, ...(command === undefined ? [] : [`command: ${command}`])]
    .filter((part) => part !== '')
    .join('; ');
}

function numberText(value: number, { decimals = 3 }: ReportColumn): string {
  return Number.isFinite(value) ? value.toFixed(decimals).replace('-', '−') : '–';
}

const comparable = ({ incomparable = [] }: ReportTable, row: number): boolean => !incomparable.includes(row);

function bestText(table: ReportTable, column: ReportColumn): string | undefined {
  if (column.best === undefined) return undefined;
  const values = table.rows
    .filter((_, index) => comparable(table, index))
    .map((row) => cellOf(row, column.key))
    .filter(isNumber)
    .map(({ value }) => value)
    .filter(Number.isFinite);
  if (values.length < 2) return undefined;
  return numberText(column.best === 'highest' ? Math.max(...values) : Math.min(...values), column);
}
