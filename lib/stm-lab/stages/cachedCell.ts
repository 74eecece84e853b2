import type { Run } from 'mlflow-tracking-client';
import { recordReused, trackedRun, type StageContext, type TrackedRunRequest } from './context';

/** A part of an experiment that is computed once, such as one training of a comparison. */
export interface CachedCell<T> {
  /** The cell's run. */
  readonly request: TrackedRunRequest;
  /** What was stored for the same data and settings; undefined when nothing was, or it is damaged. */
  readonly read: () => T | undefined;
  /** Computes it, logging to the run what should be seen meanwhile. */
  readonly compute: (run: Run | undefined) => Promise<T>;
  readonly write: (result: T) => void;
  /** Logs what is known at the end; of a `reused` result, also what `compute` had logged. */
  readonly log: (run: Run, result: T, origin: 'computed' | 'reused') => void;
}

/**
 * The result of a cell: read where it was stored, and then recorded below the parent that shows it (once); else computed
 * under a run of its own and stored. A process killed between storing and logging loses nothing: the next one logs.
 */
export async function cachedCell<T>(context: StageContext, cell: CachedCell<T>): Promise<T> {
  const { request, read, compute, write, log } = cell;
  const known = read();
  if (known !== undefined) {
    recordReused(context, request, (run) => log(run, known, 'reused'));
    return known;
  }
  return trackedRun(context, request, async (run) => {
    const result = await compute(run);
    write(result);
    if (run !== undefined) log(run, result, 'computed');
    return result;
  });
}
