import { tableHtml, tableText, type DataFrame, type TableOptions, type TableRow } from '../frames';
import { renderSvg } from './render';
import type { FigureSpec } from './spec';

type MimeBundle = Record<string, unknown>;

interface Kernel {
  /** One output with several types, as a notebook front end expects it; null outside a running cell. */
  write: (bundle: MimeBundle, displayId?: string, update?: boolean) => void;
}

/** Deno's kernel, where this process is one: its messages go out by themselves and are not waited for. */
function findDeno(): Kernel | undefined {
  try {
    const { Deno } = globalThis as unknown as {
      Deno?: { jupyter: { broadcast(type: string, content: object): Promise<void> } };
    };
    const jupyter = Deno?.jupyter;
    if (jupyter === undefined) return undefined;
    return {
      write: (data, displayId, update) =>
        void jupyter.broadcast(update === true ? 'update_display_data' : 'display_data', {
          ...{ data, metadata: {} },
          transient: displayId === undefined ? {} : { display_id: displayId },
        }),
    };
  } catch {
    // `deno run` refuses to name its kernel.
    return undefined;
  }
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
  if (jupyter?.['lastWriteDisplayData'] === null) return undefined;
  if (!display) return findDeno();
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

/**
 * Shows a data frame, or rows, as a table in the running notebook cell: the first 20 rows, with their number. Outside a
 * notebook nothing happens.
 */
export function showTable(table: DataFrame | readonly TableRow[], options: TableOptions = {}): void {
  findKernel()?.write({ 'text/html': tableHtml(table, options), 'text/plain': tableText(table, options) });
}

/** Shows plain text in the running notebook cell. Outside a notebook nothing happens. */
export function showText(text: string): void {
  findKernel()?.write({ 'text/plain': text });
}
