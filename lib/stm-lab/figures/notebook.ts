import { escapeHtml } from '../base/html';
import { renderSvg } from './render';
import type { FigureSpec } from './spec';

type MimeBundle = Record<string, unknown>;

interface Kernel {
  /** One output with several types, as a notebook front end expects it; null outside a running cell. */
  write: (bundle: MimeBundle, displayId?: string, update?: boolean) => void;
}

/**
 * The kernel this process is, or undefined. Looked up among the loaded modules and never required: a second
 * copy would have no connection, and loading tslab takes a second. Its public `display` sends one type per
 * call, so the function below it is used where it exists.
 */
export function findKernel(): Kernel | undefined {
  const loaded = (name: RegExp): Record<string, unknown> | undefined => {
    const file = Object.keys(require.cache).find((key) => name.test(key));
    return file === undefined ? undefined : (require.cache[file]?.exports as Record<string, unknown>);
  };
  const jupyter = loaded(/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/);
  if (typeof jupyter?.['lastWriteDisplayData'] === 'function') {
    return {
      write: (data, displayId, update) => {
        // read at each call: every cell sets its own
        const send = jupyter['lastWriteDisplayData'] as (message: unknown, update?: boolean) => void;
        send({ data, metadata: {}, transient: { display_id: displayId } }, update);
      },
    };
  }
  const display = loaded(/[\\/]tslab[\\/]dist[\\/]public\.js$/)?.['display'] as
    { raw(type: string, content: unknown): void } | undefined;
  // without the kernel behind it, `display` throws: not in a notebook
  if (!display || jupyter?.['lastWriteDisplayData'] === null) return undefined;
  return {
    write: (bundle) => {
      const type = Object.keys(bundle)[0];
      display.raw(type, bundle[type]);
    },
  };
}

/**
 * Shows a figure in the notebook cell that is running: as Vega-Lite (tooltips, in JupyterLab and VS Code),
 * with the SVG and a sentence beside it for every other reader. Outside a notebook nothing happens.
 *
 * @throws UserError (`input`) when the specification is not valid Vega-Lite.
 */
export async function show(spec: FigureSpec): Promise<void> {
  const kernel = findKernel();
  if (!kernel) return;
  const svg = await renderSvg(spec);
  kernel.write({
    // an object: a JSON string would be stored as text and not drawn
    'application/vnd.vegalite.v5+json': spec,
    'image/svg+xml': svg,
    'text/plain': `[figure] ${String(spec['description'] ?? '')}`,
  });
}

/** A value of a table cell. */
export type TableValue = string | number | boolean | null | undefined;

/** Settings of `showTable` and `tableHtml`. */
export interface TableOptions {
  /** Columns in order. Default: the keys of the first row. */
  readonly columns?: readonly string[];
  /** Printed above the table. Default: nothing. */
  readonly caption?: string;
  /** Digits after the decimal point of numbers that are not integers. Default 3. */
  readonly decimals?: number;
}

function cellText(value: TableValue, decimals: number): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  return (Number.isInteger(value) ? String(value) : value.toFixed(decimals)).replace('-', '−');
}

/** Rows as an HTML table; numbers are right-aligned, text is escaped. */
export function tableHtml(
  rows: readonly Readonly<Record<string, TableValue>>[],
  options: TableOptions = {},
): string {
  const columns = options.columns ?? Object.keys(rows[0] ?? {});
  const decimals = options.decimals ?? 3;
  const align = (value: TableValue): string => (typeof value === 'number' ? 'right' : 'left');
  const head = columns.map(
    (name) => `<th style="text-align:${align(rows[0]?.[name])}">${escapeHtml(name)}</th>`,
  );
  const body = rows.map((row) => {
    const cells = columns.map(
      (name) =>
        `<td style="text-align:${align(row[name])}">${escapeHtml(cellText(row[name], decimals))}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const caption = options.caption
    ? `<caption style="text-align:left">${escapeHtml(options.caption)}</caption>`
    : '';
  return `<table>${caption}<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function tableText(rows: readonly Readonly<Record<string, TableValue>>[], options: TableOptions): string {
  const columns = options.columns ?? Object.keys(rows[0] ?? {});
  const cells = [
    [...columns],
    ...rows.map((row) => columns.map((name) => cellText(row[name], options.decimals ?? 3))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
  return [...(options.caption ? [options.caption] : []), ...lines].join('\n');
}

/** Shows rows as a table in the running notebook cell. Outside a notebook nothing happens. */
export function showTable(
  rows: readonly Readonly<Record<string, TableValue>>[],
  options: TableOptions = {},
): void {
  findKernel()?.write({ 'text/html': tableHtml(rows, options), 'text/plain': tableText(rows, options) });
}

/** Shows plain text in the running notebook cell. Outside a notebook nothing happens. */
export function showText(text: string): void {
  findKernel()?.write({ 'text/plain': text });
}

/** A line of text that changes in place. */
export interface ProgressDisplay {
  /** Offers a new text; shown unless one was shown less than the interval ago. */
  update(text: string): void;
  /** Shows the last text (or this one) for good. */
  finish(text?: string): void;
}

/**
 * A line in the running notebook cell that is replaced, not repeated. The kernel loses output beyond some
 * hundred messages at once, so updates are thinned out. Outside a notebook nothing happens.
 *
 * @param options.intervalMs least time between two updates. Default 400.
 */
export function showProgress(options: { readonly intervalMs?: number } = {}): ProgressDisplay {
  const interval = options.intervalMs ?? 400;
  const displayId = `stm-lab-${process.pid}-${++progressCount}`;
  let shown: string | undefined;
  let offered: string | undefined;
  let last = -Infinity;
  const write = (text: string): void => {
    if (text === shown) return;
    findKernel()?.write({ 'text/plain': text }, displayId, shown !== undefined);
    shown = text;
    last = performance.now();
  };
  return {
    update(text) {
      offered = text;
      if (performance.now() - last >= interval) write(text);
    },
    finish(text) {
      const final = text ?? offered;
      if (final !== undefined) write(final);
    },
  };
}

let progressCount = 0;
