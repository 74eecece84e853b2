import { AsyncLocalStorage } from 'node:async_hooks';
import type { Run, RunOptions, Tracker } from './types';

const running = new AsyncLocalStorage<Run>();

/** The innermost run of `withRun` around the caller, also across `await`; undefined outside. */
export function activeRun(): Run | undefined {
  return running.getStore();
}

/**
 * Starts a run, makes it the active one while `use` works, and ends it: FINISHED, or FAILED when `use` throws. Python's
 * `with mlflow.start_run():`.
 */
export async function withRun<T>(
  tracker: Pick<Tracker, 'startRun'>,
  options: RunOptions,
  use: (run: Run) => Promise<T> | T,
): Promise<T> {
  const run = tracker.startRun(options);
  try {
    const result = await running.run(run, async () => use(run));
    if (run.status === 'RUNNING') run.end('FINISHED');
    return result;
  } catch (error) {
    run.end('FAILED');
    throw error;
  }
}
