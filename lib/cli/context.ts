import { messageOf } from '../base/errors';
import { createTracker, type Tracker } from '../tracking';
import type { StageContext } from '../pipeline';
import { choiceOption, type OptionSpec, type OptionValues } from './command';
import type { Terminal } from './terminal';

/** Options of every command that is tracked. */
export const TRACKING_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  tracking: {
    value: 'MODE',
    help: 'online, offline (journal only, see "stm-lab sync") or disabled',
    default: 'online when MLFLOW_TRACKING_URI is set, else offline',
  },
  'mlflow-experiment': { value: 'NAME', help: 'MLflow experiment of the run', default: 'stm-lab' },
  journal: { value: 'DIR', help: 'folder of the run journals', default: 'OUT/../tracking' },
};

/** The part of a stage's context that comes from the terminal. */
export interface TerminalContext {
  readonly warn: (line: string) => void;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a stage needs of the terminal: warnings, the progress line, an interrupt that keeps finished work. */
export function terminalContext(terminal: Terminal): TerminalContext {
  const stop = new AbortController();
  let asked = 0;
  const onSignal = (): void => {
    asked++;
    if (asked === 1) {
      terminal.warn(
        'stopping after the present step; run the same command again to go on (again to stop at once)',
      );
      stop.abort();
    } else process.exit(130);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    warn: (line) => terminal.warn(line),
    progress: (line) => terminal.progress(line),
    signal: stop.signal,
  };
}

/** The tracker that a command's options ask for. */
export function trackerFor(options: OptionValues, journalFolder: string, terminal: Terminal): Tracker {
  const mode = options['tracking'];
  return createTracker({
    experiment: options['mlflow-experiment'] ?? 'stm-lab',
    journalFolder: options['journal'] ?? journalFolder,
    ...(mode === undefined
      ? {}
      : { mode: choiceOption(options, 'tracking', ['online', 'offline', 'disabled'] as const, 'offline') }),
    onWarning: (line) => terminal.warn(`tracking: ${line}`),
  });
}

/** Runs a stage with its context and tracker, and closes both whatever happens. */
export async function withStage<T>(
  options: OptionValues,
  journalFolder: string,
  terminal: Terminal,
  run: (context: StageContext) => Promise<T>,
): Promise<T> {
  const tracker = trackerFor(options, journalFolder, terminal);
  try {
    return await run({ ...terminalContext(terminal), tracker });
  } finally {
    terminal.progressDone();
    const report = await tracker
      .close()
      .catch((error: unknown) => terminal.warn(`tracking: ${messageOf(error)}`));
    if (report) report.problems.forEach((problem) => terminal.warn(`tracking: ${problem}`));
  }
}
