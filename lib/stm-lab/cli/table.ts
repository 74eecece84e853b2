import type { TableRow, Terminal } from './terminal';

/** Prints rows as aligned columns: text to the left, numbers (three decimals unless whole) to the right. */
export function printTable(terminal: Terminal, rows: readonly TableRow[]): void {
  if (terminal.table !== undefined) return terminal.table(rows);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: TableRow[string]): string =>
    typeof value === 'number' && !Number.isInteger(value) ? formatNumber(value) : String(value ?? '');
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length)));
  const line = (row: TableRow): string =>
    columns
      .map((name, i) =>
        typeof row[name] === 'number'
          ? cell(row[name]).padStart(widths[i]!)
          : cell(row[name]).padEnd(widths[i]!),
      )
      .join('  ')
      .trimEnd();
  terminal.print(line(Object.fromEntries(columns.map((name) => [name, name]))));
  for (const row of rows) terminal.print(line(row));
}

function formatNumber(value: number): string {
  const size = Math.abs(value);
  return size >= 0.001 && size < 1e6 ? value.toFixed(3) : value.toExponential(2);
}
