/** Where a command writes: lines for results, one updating line for progress. */
export interface Terminal {
  /** A line of results, to standard output. */
  print(line: string): void;
  /** A warning or a per-item failure, to standard error. */
  warn(line: string): void;
  /** Replaces the progress line; shown only on a terminal, at most ten times a second. */
  progress(line: string): void;
  /** Ends the progress line, leaving it readable. */
  progressDone(): void;
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
