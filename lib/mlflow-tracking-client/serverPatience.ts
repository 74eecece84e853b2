import type { Delivered } from './delivered';
import { backOffMs, monotonicMs } from './retry';
import { needsSettings, type ServerError } from './serverError';

/** When a server that failed may be tried again, and what is reported about it. */
export interface ServerPatience {
  /** A request failed for the server's reasons; `sentence` says why. */
  failed(error: ServerError, sentence: string): void;
  /** Something was delivered. */
  succeeded(): void;
  /** Milliseconds until the server may be tried again. */
  waitMs(): number;
  /** Tries at once. */
  hurry(): void;
  /** The failure of the last attempts in a row that only other settings can cure (login, address). */
  refusal(): ServerError | undefined;
}

/** Attempts in a row after which a login page or a wrong address is taken for lasting. */
const REFUSALS = 3;

/** Waits longer after each failure in a row, and warns once per outage. */
export function createServerPatience(
  uri: string,
  delivered: Delivered,
  onWarning: (text: string) => void,
): ServerPatience {
  let failures = 0;
  let notBefore = 0;
  let lastProgress = 0;
  let refusals = 0;
  let lastRefusal: ServerError | undefined;
  let announced: 'up' | 'down' = 'up';

  return {
    failed(error, sentence) {
      refusals = needsSettings(error) ? refusals + 1 : 0;
      lastRefusal = error;
      // A server that fails now and then is not one that fails: what it took meanwhile counts for it.
      const progress = Object.values(delivered).reduce((sum, count) => sum + (count as number), 0);
      if (progress > lastProgress) failures = 0;
      lastProgress = progress;
      notBefore = Math.max(notBefore, monotonicMs() + backOffMs(failures, error));
      failures += 1;
      if (announced === 'up' && (failures >= 2 || needsSettings(error))) {
        announced = 'down';
        onWarning(`${sentence}; runs continue, everything is kept in the journal and sent later`);
      }
    },
    succeeded() {
      failures = 0;
      refusals = 0;
      if (announced === 'down') onWarning(`${uri} answers again`);
      announced = 'up';
    },
    waitMs: () => Math.max(0, notBefore - monotonicMs()),
    hurry() {
      notBefore = 0;
    },
    refusal: () => (refusals >= REFUSALS ? lastRefusal : undefined),
  };
}
