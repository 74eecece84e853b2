/** Exit status by convention of shells: 128 and the number of the signal. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Signals that ask a command to end. */
export type StopSignal = keyof typeof STATUS;

/** How long a command may take to end by itself, ms. All results are written whole, so that ending at once loses none. */
const GRACE_MS = 800;

/** The interruption of the one command that a process runs. */
export interface Interrupt {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** What was received, if anything. */
  readonly received: () => StopSignal | undefined;
  /** The status to exit with: that of the signal received, else `code`. */
  readonly exitCode: (code: number) => number;
}

let listening: Interrupt | undefined;
let onFirst: (() => void) | undefined;

/** The signal that this process was asked to stop by, if it listens and was. */
export const stopSignal = (): StopSignal | undefined => listening?.received();

/** What is done at the first signal, besides the abort: telling the user. */
export function onInterrupt(tell: () => void): void {
  onFirst = tell;
}

/**
 * Ends this process by the signal itself, after what is done at every exit. `process.exit` would run the destructors of
 * native libraries whose threads still compute, which can crash; shells report the same status either way.
 */
function endAtOnce(name: StopSignal): void {
  try {
    process.emit('exit', STATUS[name]);
  } finally {
    process.removeAllListeners(name);
    process.kill(process.pid, name);
  }
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP from now on; called first of all, so that a command can be stopped while it is
 * still loading. The first aborts `signal`; when the process has not ended 0.8 s later, or at the second, it ends at once.
 */
export function listenForInterrupts(): Interrupt {
  if (listening !== undefined) return listening;
  const stop = new AbortController();
  let received: StopSignal | undefined;
  const onSignal = (name: StopSignal): void => {
    if (received !== undefined) endAtOnce(name);
    received = name;
    setTimeout(() => endAtOnce(name), GRACE_MS);
    try {
      onFirst?.();
    } catch {
      // A terminal that is gone (SIGHUP) cannot be told.
    }
    stop.abort();
  };
  for (const name of Object.keys(STATUS) as StopSignal[]) process.on(name, () => onSignal(name));
  listening = {
    signal: stop.signal,
    received: () => received,
    exitCode: (code) => (received === undefined ? code : STATUS[received]),
  };
  return listening;
}
