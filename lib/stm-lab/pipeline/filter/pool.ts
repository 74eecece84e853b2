import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { isOutOfMemory, messageOf } from 'research-basics/errors';
import type { FilterFileOptions } from '../../synthesis';
import type { FilterAnswer, FilterOrder } from './worker';

/** An answer that belongs to an order. */
export type FilterOutcome = Exclude<FilterAnswer, 'ready'>;

/**
 * Filters recordings on worker threads; the sounds do not depend on how many. A worker that breaks down costs the
 * recording that it was at.
 *
 * @throws the reason of `signal` when it asks to stop; finished sounds stay.
 */
export async function runFilterPool(
  count: number,
  filter: FilterFileOptions['filter'],
  orders: readonly FilterOrder[],
  onOutcome: (index: number, outcome: FilterOutcome) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = orders.entries();
  const workers = new Set<Worker>();
  /** One worker's life: until no order is left, or it breaks down; tells which. */
  const lane = (): Promise<'finished' | 'broken'> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: filter });
      workers.add(worker);
      let current: number | undefined;
      const end = (how: 'finished' | 'broken'): void => {
        workers.delete(worker);
        worker.removeAllListeners();
        worker.on('error', () => undefined);
        void worker.terminate();
        resolve(how);
      };
      const lost = (reason: string): void => {
        if (current === undefined) {
          end('finished');
          reject(new Error(`a worker thread could not start: ${reason}`));
          return;
        }
        const { file } = orders[current]!;
        onOutcome(current, { error: `${file}: ${reason}`, kind: 'environment' });
        end('broken');
      };
      worker.on('message', (answer: FilterAnswer) => {
        if (answer !== 'ready') onOutcome(current!, answer);
        const next = queue.next();
        if (next.done) {
          end('finished');
          return;
        }
        current = next.value[0];
        worker.postMessage(next.value[1]);
      });
      worker.on('error', (error) =>
        lost(
          isOutOfMemory(error)
            ? 'memory ran out while it was filtered; run again with fewer workers'
            : `its worker crashed (${messageOf(error)}); run again`,
        ),
      );
      worker.on('exit', () => lost('its worker ended without a result; run again'));
    });
  const keepRunning = async (): Promise<void> => {
    while ((await lane()) === 'broken');
  };
  const stopped = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(signal!.reason as Error);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
  stopped.catch(() => undefined);
  try {
    const lanes = Array.from({ length: Math.min(count, orders.length) }, keepRunning);
    await Promise.race([Promise.all(lanes), stopped]);
  } finally {
    await Promise.all([...workers].map((worker) => (worker.removeAllListeners(), worker.terminate())));
  }
}
