import { ServerError, isTransient, needsSettings } from './serverError';

/** Milliseconds of a clock that nobody sets and that all threads share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Waits `ms`, or until `signal` fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    }
    signal?.addEventListener('abort', finish, { once: true });
  });
}

/**
 * Exponential back-off with jitter: 0.25 s, 0.5 s, 1 s ... 30 s, each shortened at random by up to half
 * (so that many clients do not return at once), never shorter than the server's `Retry-After`.
 */
export function backOffMs(attempt: number, error?: unknown): number {
  const full = Math.min(30_000, 250 * 2 ** Math.min(attempt, 10));
  const wait = full * (0.5 + Math.random() / 2);
  return Math.max(wait, (error instanceof ServerError ? error.retryAfterMs : undefined) ?? 0);
}

/**
 * Repeats `call` after transient failures.
 *
 * @param repeatable `'always'` for calls that may be carried out twice (reads, overwriting writes);
 *   `'unsent'` for those that may not: they are repeated only when the request did not reach the server.
 */
export async function withRetries<T>(
  retries: number,
  repeatable: 'always' | 'unsent',
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const again =
        isTransient(error) &&
        !needsSettings(error) &&
        (repeatable === 'always' || error.failure !== 'ambiguous');
      if (!again || attempt >= retries) throw error;
      await pause(backOffMs(attempt, error));
    }
  }
}
