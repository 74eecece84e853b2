import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { environmentError, inputError } from '../../base/errors';
import type { OptimizeResult } from '../optimize';
import type { TrialRecord } from '../sampler';
import type { SamplerChoice } from '../samplers';
import type { Space } from '../space';
import { createStudy } from '../study';
import type { StudyOptions } from '../study';

/** A function in a module, called as `(trial, data)` in each worker process. */
export interface ObjectiveReference {
  /** Absolute path of a JavaScript module. */
  readonly module: string;
  /** The exported function. Default `objective`. */
  readonly name?: string;
  /** JSON passed as second argument. */
  readonly data?: unknown;
}

export interface WorkersOptions {
  /** The study; a journal is needed, and the sampler by name or options, since it crosses processes. */
  readonly study: StudyOptions & { readonly journal: string; readonly sampler?: SamplerChoice };
  readonly objective: ObjectiveReference;
  /** Trials the study is to hold in the end, with those it holds already. */
  readonly trials: number;
  /** Processes. Default 2. */
  readonly workers?: number;
  /** Stop after this many failures in a row since the start of this call. Default 3. */
  readonly maxConsecutiveFailures?: number;
  /** Called when a trial starts, starts again or ends. */
  readonly onTrial?: (trial: TrialRecord) => void;
  /** Stops the workers at once; their trials are put back in line. */
  readonly signal?: AbortSignal;
}

/** What a worker process is told to do. */
export interface WorkerOrder {
  readonly study: StudyOptions & { readonly sampler?: SamplerChoice };
  readonly objective: ObjectiveReference;
  readonly optimize: { readonly trials: number; readonly maxConsecutiveFailures?: number };
}

export type WorkerReply = { readonly result: OptimizeResult } | { readonly error: string };

/** Starts in a row that may die without any trial ending before the search gives up. */
const hopelessStarts = 10;

/**
 * Runs a search in several processes on one journal. A worker that dies is replaced and its trial started
 * again, with the same configuration; the journal can be resumed, or worked on from other machines that
 * share the file system.
 *
 * @throws StmLabError (`input`) for an unusable study or objective module; (`environment`) when workers
 *   keep dying without finishing a trial.
 */
export async function runWorkers(options: WorkersOptions): Promise<OptimizeResult> {
  const { objective, trials, workers = 2, onTrial, signal } = options;
  if (!Number.isInteger(workers) || workers < 1) throw inputError(`${workers} workers: must be 1 or more`);
  if (!path.isAbsolute(objective.module)) {
    throw inputError(`${objective.module}: the objective's module must be given by its absolute path`);
  }
  const study = createStudy(options.study as StudyOptions<Space>);
  const order: WorkerOrder = {
    study: options.study,
    objective,
    optimize: {
      trials,
      ...(options.maxConsecutiveFailures === undefined
        ? {}
        : { maxConsecutiveFailures: options.maxConsecutiveFailures }),
    },
  };

  const seen = new Map<number, string>();
  for (const trial of study.trials()) seen.set(trial.number, `${trial.state} ${trial.attempts}`);
  const reportChanges = (): void => {
    for (const trial of study.trials()) {
      const state = `${trial.state} ${trial.attempts}`;
      if (seen.get(trial.number) === state) continue;
      seen.set(trial.number, state);
      onTrial?.(trial);
    }
  };
  const ended = (): number =>
    study.trials().filter((t) => t.state === 'complete' || t.state === 'failed' || t.state === 'pruned')
      .length;

  const children = new Set<ChildProcess>();
  let endedBefore = ended();
  let lostStarts = 0;

  /** One worker's place: filled again when its process dies. */
  const keepRunning = async (): Promise<OptimizeResult> => {
    for (;;) {
      if (signal?.aborted) return { reason: 'aborted' };
      const reply = await runOne(order, children);
      if (reply && 'error' in reply) throw inputError(reply.error);
      if (reply) return reply.result;
      if (signal?.aborted) return { reason: 'aborted' };
      const now = ended();
      lostStarts = now > endedBefore ? 0 : lostStarts + 1;
      endedBefore = now;
      if (lostStarts >= hopelessStarts) {
        throw environmentError(
          `study ${study.name}: workers died ${lostStarts} times without finishing a trial; run the objective in one process to see why`,
        );
      }
    }
  };

  const stop = (): void => children.forEach((child) => child.kill('SIGKILL'));
  signal?.addEventListener('abort', stop);
  const timer = onTrial && setInterval(reportChanges, 250);
  try {
    const results = await Promise.all(Array.from({ length: workers }, keepRunning));
    return results.find((r) => r.reason !== 'trials') ?? results[0]!;
  } finally {
    stop();
    signal?.removeEventListener('abort', stop);
    clearInterval(timer);
    reportChanges();
  }
}

/** One worker process from start to end; undefined when it died without a reply. */
function runOne(order: WorkerOrder, children: Set<ChildProcess>): Promise<WorkerReply | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(__dirname, 'child.js'), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let reply: WorkerReply | undefined;
    children.add(child);
    child.on('message', (message) => {
      reply = message as WorkerReply;
    });
    child.on('error', (error) =>
      reject(environmentError(`a worker process cannot be started (${error.message})`)),
    );
    child.on('exit', () => {
      children.delete(child);
      resolve(reply);
    });
    child.send(order, () => undefined);
  });
}
