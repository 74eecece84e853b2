import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { readManifest } from '../corpus';
import { experimentPage, type FlushReport, type Tracker } from 'mlflow-tracking-client';
import {
  COMMON_EXPERIMENT,
  commandTag,
  experimentDescription,
  openTracker,
  recordingsOf,
  type StageContext,
} from '../pipeline';
import { choiceOption, type OptionSpec, type OptionValues } from './command';
import { listenForInterrupts } from './interrupt';
import type { Terminal } from './terminal';

/** Where runs go. */
export const TRACKING: OptionSpec = {
  value: 'MODE',
  help: 'online, offline (journal only, see "stm-lab sync") or disabled',
  default: 'online when MLFLOW_TRACKING_URI is set, else offline',
};

/** Options of every command that is tracked. */
export const TRACKING_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  tracking: TRACKING,
  'mlflow-experiment': {
    value: 'NAME',
    help: 'MLflow experiment of the run',
    default: 'MLFLOW_EXPERIMENT_NAME, else stm-lab',
  },
  journal: { value: 'DIR', help: 'folder for the run journals', default: 'OUT/../tracking' },
};

/** Option of commands whose runs play recordings. */
export const HEARD_MANIFEST = 'recordings that the tracked run plays; without it, it contains no sounds';

/** Where the recordings of the manifest that a command was given lie; see `HEARD_MANIFEST`. */
export function heardRecordings(options: OptionValues): Pick<StageContext, 'fileOf'> {
  const manifest = options['manifest'];
  return manifest === undefined ? {} : { fileOf: recordingsOf(readManifest(manifest)) };
}

/** The part of a stage's context that comes from the terminal. */
export interface TerminalContext {
  readonly warn: (line: string) => void;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a stage needs of the terminal: warnings, the progress line, an interrupt that keeps finished work. */
export function terminalContext(terminal: Terminal): TerminalContext {
  return {
    warn: (line) => terminal.warn(line),
    progress: (line) => terminal.progress(line),
    signal: listenForInterrupts().signal,
  };
}

/** The tracking that was asked for; undefined leaves the choice to the environment. */
export function trackingMode(options: OptionValues): Tracker['mode'] | undefined {
  return options['tracking'] === undefined
    ? undefined
    : choiceOption(options, 'tracking', ['online', 'offline', 'disabled'] as const, 'offline');
}

/** The tracker that a command's options ask for; run journals lie beside `out` unless told otherwise. */
export function trackerFor(options: OptionValues, out: string, terminal: Terminal): Tracker {
  const mode = trackingMode(options);
  return openTracker({
    experiment: options['mlflow-experiment'] ?? (process.env.MLFLOW_EXPERIMENT_NAME || COMMON_EXPERIMENT),
    experimentTags: experimentDescription(
      'Single stages of stm-lab; the tag stm.command of a run is how it was started.',
    ),
    journalFolder: options['journal'] ?? path.join(path.dirname(path.resolve(out)), 'tracking'),
    ...(mode === undefined ? {} : { mode }),
    tags: commandTag(),
    onWarning: (line) => terminal.warn(`tracking: ${line}`),
  });
}

/** Runs a stage that writes to `out` with its context and tracker, and closes both whatever happens. */
export async function withStage<T>(
  options: OptionValues,
  out: string,
  terminal: Terminal,
  run: (context: StageContext) => Promise<T>,
): Promise<T> {
  const tracker = trackerFor(options, out, terminal);
  try {
    return await run({ ...terminalContext(terminal), tracker });
  } finally {
    terminal.progressDone();
    const report = await tracker
      .close()
      .catch((error: unknown) => terminal.warn(`tracking: ${messageOf(error)}`));
    if (report) {
      report.problems.forEach((problem) => terminal.warn(`tracking: ${problem}`));
      const page = runsPage(tracker, report);
      if (page !== undefined) terminal.print(`runs: ${page}`);
    }
  }
}

/** The page of the runs that a tracker has sent; undefined when the server has none of them. */
export function runsPage(tracker: Pick<Tracker, 'uri'>, { runs }: FlushReport): string | undefined {
  const id = runs.find(({ experimentId }) => experimentId !== undefined)?.experimentId;
  return id === undefined || tracker.uri === undefined ? undefined : experimentPage(tracker.uri, id);
}
