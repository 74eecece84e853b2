/** Columns by name; a missing cell is blank. */
export type TableRow = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a command writes: lines for results, one updating line for progress. */
export interface Terminal {
  /** Takes tables in place of `print`. */
  readonly table?: (rows: readonly TableRow[]) => void;
  /** A line of results, to standard output. */
  print(line: string): void;
  /** A warning or a per-item failure, to standard error. */
  warn(line: string): void;
  /** Replaces the progress line; shown only on a terminal, at most ten times a second. */
  progress(line: string): void;
  /** Ends the progress line, leaving it readable. */
  progressDone(): void;
}

/**
 * A terminal that prints less or otherwise.
 *
 * @param options `quiet`: tables and lines of results are left out, as is progress. `json`: one line of JSON per row of a
 *   table, and nothing else on standard output; the other lines go to standard error.
 */
export function restyled(terminal: Terminal, { quiet, json }: { quiet: boolean; json: boolean }): Terminal {
  const nothing = (): void => undefined;
  if (!quiet && !json) return terminal;
  return {
    ...terminal,
    print: quiet ? nothing : (line) => terminal.warn(line),
    progress: quiet ? nothing : (line) => terminal.progress(line),
    table: json ? (rows) => rows.forEach((row) => terminal.print(JSON.stringify(row))) : nothing,
  };
}

/** The process's own terminal. Progress is silent when standard error is not a terminal. */
export function processTerminal(): Terminal {
  const live = process.stderr.isTTY;
  let shown = '';
  let last = 0;
  const clear = (): void => {
    if (shown !== '') process.stderr.write('\r\x1b[K');
  };
  return {
    print(line) {
      clear();
      process.stdout.write(`${line}\n`);
      if (shown !== '') process.stderr.write(shown);
    },
    warn(line) {
      clear();
      process.stderr.write(`${line}\n`);
      if (shown !== '') process.stderr.write(shown);
    },
    progress(line) {
      if (!live) return;
      const now = Date.now();
      if (now - last < 100) return;
      last = now;
      shown = line.slice(0, Math.max(20, process.stderr.columns - 1));
      process.stderr.write(`\r\x1b[K${shown}`);
    },
    progressDone() {
      if (shown !== '') process.stderr.write('\n');
      shown = '';
    },
  };
}
