import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/errors';
import type { FromWorker, Job, ToWorker, WorkerSetup } from './messages';

/** What the pool asks of its owner. */
export interface PoolOwner {
  /** The next recording, or `undefined` when there is none left. */
  nextJob(): Job | undefined;
  /** Whether a recording of this content has to be extracted. */
  onHash(job: Job, hash: string, stamp: string): 'extract' | 'known';
  onDone(job: Job, done: Extract<FromWorker, { kind: 'done' }>): void;
  /** A recording that could not be read, or whose worker broke down on it. */
  onFailure(job: Job, reason: string): void;
}

/** A worker silent for this long is taken to hang in a damaged file. */
const HANG_MS = 120_000;
const CHECK_MS = 5_000;

/**
 * Runs jobs on worker threads until none is left. A worker that crashes or hangs costs the recording it was at,
 * not the run.
 *
 * @throws what the owner throws, and the abort reason; all workers are stopped then.
 */
export async function runPool(
  count: number,
  setup: WorkerSetup,
  owner: PoolOwner,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Map<Worker, NodeJS.Timeout>();
  let stop: (error: unknown) => void = () => undefined;
  const stopped = new Promise<never>((_resolve, reject) => (stop = reject));
  stopped.catch(() => undefined);
  const onAbort = (): void => stop(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });

  /** Lives until there is no job left; resolves then. */
  const lane = (): Promise<void> =>
    new Promise((resolve) => {
      let job: Job | undefined;
      let heard = Date.now();
      const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: setup });
      const watch = setInterval(() => {
        if (Date.now() - heard > HANG_MS)
          retire(
            job === undefined
              ? `it gave no sign for ${HANG_MS / 1000} s; run the extraction again`
              : `decoding made no progress for ${HANG_MS / 1000} s; the file is damaged`,
          );
      }, CHECK_MS);
      running.set(worker, watch);
      const post = (message: ToWorker): void => worker.postMessage(message);
      const give = (): void => {
        job = owner.nextJob();
        if (job === undefined) end();
        else post({ kind: 'hash', job });
      };
      const end = (): void => {
        clearInterval(watch);
        running.delete(worker);
        worker.removeAllListeners();
        worker.on('error', () => undefined);
        void worker.terminate();
        resolve();
      };
      const retire = (reason: string): void => {
        const lost = job;
        end();
        guarded(() => {
          if (lost === undefined) throw new Error(`a worker could not start: ${reason}`);
          owner.onFailure(lost, reason);
          started.push(lane());
        });
      };
      const guarded = (work: () => void): void => {
        try {
          work();
        } catch (error) {
          stop(error);
        }
      };
      worker.on('message', (message: FromWorker) => {
        heard = Date.now();
        guarded(() => {
          if (message.kind === 'ready') give();
          else if (message.kind === 'hashed') {
            if (owner.onHash(job!, message.hash, message.stamp) === 'extract') post({ kind: 'extract' });
            else give();
          } else if (message.kind === 'unreadable') {
            owner.onFailure(job!, message.reason);
            give();
          } else if (message.kind === 'done') {
            owner.onDone(job!, message);
            give();
          }
        });
      });
      worker.on('error', (error) => retire(`decoding broke down (${messageOf(error)}); the file is damaged`));
      worker.on('exit', () => retire('decoding ended without a result; the file is damaged'));
    });

  const started: Promise<void>[] = [];
  try {
    for (let i = 0; i < count; i++) started.push(lane());
    // Replacements for broken workers join the list while it is being waited for.
    for (let i = 0; i < started.length; i++) await Promise.race([started[i]!, stopped]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await Promise.all(
      [...running].map(([worker, watch]) => {
        clearInterval(watch);
        worker.removeAllListeners();
        worker.on('error', () => undefined);
        return worker.terminate();
      }),
    );
  }
}
