import { UserError } from './errors';

/** How long work may hold the event loop, ms: short enough for signals, timers and sockets. */
const HOLD_MS = 50;

/**
 * Ends work that was asked to stop.
 *
 * @param what names the work at the start of the sentence, e.g. "training".
 * @throws UserError (`interrupted`) when `signal` is aborted.
 */
export function throwIfStopped(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true)
    throw new UserError('interrupted', `${what} stopped on request; run it again to continue`);
}

/**
 * For long computations: await the returned function between short steps. It yields to signals, timers and sockets when
 * they have waited for 50 ms, and ends the work when it was asked to stop.
 *
 * @returns a function that throws UserError (`interrupted`) as `throwIfStopped`.
 */
export function createPace(signal: AbortSignal | undefined, what: string): () => Promise<void> {
  let since = performance.now();
  return async () => {
    throwIfStopped(signal, what);
    if (performance.now() - since < HOLD_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
    throwIfStopped(signal, what);
  };
}
