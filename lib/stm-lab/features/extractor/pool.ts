import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { environmentError, isOutOfMemory, messageOf } from 'research-basics/errors';
import type { FromWorker, Job, ToWorker, WorkerSetup } from './messages';
import { featureKind } from './kinds';
import { createSilenceWatch } from './silence';

/** What the pool asks of its owner. */
export interface PoolOwner {
  /** The next recording, or `undefined` when there is none left. */
  nextJob(): Job | undefined;
  /** Whether a recording of this content has to be extracted. */
  onHash(job: Job, hash: string, stamp: string): 'extract' | 'known';
  onDone(job: Job, done: Extract<FromWorker, { kind: 'done' }>): void;
  /** A recording that could not be read, or whose worker crashed on it: nothing is known of its bytes. */
  onFailure(job: Job, reason: string): void;
}

/** A worker silent for this long is taken to hang. */
const HANG_MS = 120_000;
/** A single read of a disk or network share may last this long. */
const READ_HANG_MS = 900_000;
const CHECK_MS = 5_000;
/** A native model is given this long to come to the end of its excerpt. */
const STOP_MS = 30_000;

/** Ends a worker; one in native code, which would take the process along, between two excerpts. */
async function endWorker(worker: Worker, { features }: WorkerSetup): Promise<void> {
  if (featureKind(features).isNative) {
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ kind: 'stop' } satisfies ToWorker);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS)))]);
    clearTimeout(timer);
  }
  await worker.terminate();
}

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
      let phase: 'start' | 'hash' | 'extract' = 'start';
      const silence = createSilenceWatch(CHECK_MS);
      const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: setup });
      const watch = setInterval(() => {
        const limit = phase === 'hash' ? READ_HANG_MS : HANG_MS;
        if (silence.tick(limit) === 'silent')
          retire(
            phase === 'hash'
              ? `could not be read: no byte arrived for ${limit / 1000} s; check the disk or network share and run again`
              : `its worker did not respond for ${limit / 1000} s; run again, and leave the recording out if it happens twice`,
          );
      }, CHECK_MS);
      running.set(worker, watch);
      const post = (message: ToWorker): void => worker.postMessage(message);
      const give = (): void => {
        job = owner.nextJob();
        if (job === undefined) end();
        else {
          phase = 'hash';
          post({ kind: 'hash', job });
        }
      };
      const end = (): void => {
        clearInterval(watch);
        running.delete(worker);
        worker.removeAllListeners();
        worker.on('error', () => undefined);
        void endWorker(worker, setup);
        resolve();
      };
      const retire = (reason: string): void => {
        const lost = job;
        end();
        guarded(() => {
          if (lost === undefined) throw environmentError(`an extraction worker could not start: ${reason}`);
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
        silence.heard();
        guarded(() => {
          if (message.kind === 'ready') give();
          else if (message.kind === 'hashed') {
            if (owner.onHash(job!, message.hash, message.stamp) === 'extract') {
              phase = 'extract';
              post({ kind: 'extract' });
            } else give();
          } else if (message.kind === 'unreadable') {
            owner.onFailure(job!, message.reason);
            give();
          } else if (message.kind === 'done') {
            owner.onDone(job!, message);
            give();
          }
        });
      });
      worker.on('error', (error) =>
        retire(
          isOutOfMemory(error)
            ? 'memory ran out while it was analysed; run again with fewer workers'
            : `its worker crashed (${messageOf(error)}); run again, and leave the recording out if it happens twice`,
        ),
      );
      worker.on('exit', () =>
        retire(
          'its worker ended without a result; run again, and leave the recording out if it happens twice',
        ),
      );
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
        return endWorker(worker, setup);
      }),
    );
  }
}
