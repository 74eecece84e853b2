import type { ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { startProcess } from 'research-basics/embedded';
import { environmentError, inputError } from 'research-basics/errors';
import type { OptimizeResult } from '../runStudy';
import type { TrialRecord } from '../sampler';
import type { SamplerChoice } from '../samplers';
import type { Space } from '../space';
import { createStudy } from '../createStudy';
import type { StudyOptions } from '../studyTypes';
import { childText } from './childText';

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
  /** Asked with all trials, at least when one changes: stops the workers at once, as `signal` does, when it says so. */
  readonly stopWhen?: (trials: readonly TrialRecord[]) => boolean;
  /** Stops the workers at once; their trials are put back in line. */
  readonly signal?: AbortSignal;
}

/** What a worker process is asked to do. */
export interface WorkerOrder {
  readonly study: StudyOptions & { readonly sampler?: SamplerChoice };
  readonly objective: ObjectiveReference;
  readonly optimize: { readonly trials: number; readonly maxConsecutiveFailures?: number };
}

/** What it answers: `ready` once the study and the objective are loaded, then how it ended. */
export type WorkerReply =
  { readonly ready: true } | { readonly result: OptimizeResult } | { readonly error: string };

/** Workers in a row that may die before they are ready; later deaths are limited by each trial's restarts. */
const hopelessStarts = 5;

/**
 * Runs a search in several processes on one journal. A worker that dies is replaced and its trial started
 * again, with the same configuration; the journal can be resumed, or worked on from other machines that
 * share the file system.
 *
 * @throws UserError (`input`) for an unusable study or objective module; (`environment`) when workers
 *   keep dying while they load it.
 */
export async function runWorkers(options: WorkersOptions): Promise<OptimizeResult> {
  const { objective, trials, workers = 2, onTrial, stopWhen, signal } = options;
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
  const children = new Set<ChildProcess>();
  const stop = (): void => children.forEach((child) => child.kill('SIGKILL'));
  let stopped = false;
  const reportChanges = (): void => {
    const now = study.trials();
    for (const trial of now) {
      const state = `${trial.state} ${trial.attempts}`;
      if (seen.get(trial.number) === state) continue;
      seen.set(trial.number, state);
      onTrial?.(trial);
    }
    if (stopped || stopWhen?.(now) !== true) return;
    stopped = true;
    stop();
  };
  let lostStarts = 0;

  /** One worker's place: filled again when its process dies. */
  const keepRunning = async (): Promise<OptimizeResult> => {
    for (;;) {
      if (signal?.aborted) return { reason: 'aborted' };
      if (stopped) return { reason: 'stopped' };
      const { ready, reply } = await runOne(order, children);
      if (reply && 'error' in reply) throw inputError(reply.error);
      if (reply && 'result' in reply) return reply.result;
      if (signal?.aborted) return { reason: 'aborted' };
      if (stopped) return { reason: 'stopped' };
      lostStarts = ready ? 0 : lostStarts + 1;
      if (lostStarts >= hopelessStarts) {
        throw environmentError(
          `study ${study.name}: ${lostStarts} workers died while loading ${objective.module}; run it in one process to see why`,
        );
      }
    }
  };

  signal?.addEventListener('abort', stop);
  const timer = onTrial || stopWhen ? setInterval(reportChanges, 250) : undefined;
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

/** One worker process from start to end; no reply when it died. */
function runOne(
  order: WorkerOrder,
  children: Set<ChildProcess>,
): Promise<{ ready: boolean; reply: WorkerReply | undefined }> {
  return new Promise((resolve, reject) => {
    const child = startProcess({
      caller: typeof __filename === 'string' ? __filename : undefined,
      compiledAs: 'dist/workers/run.js',
      file: 'child.js',
      text: childText,
    });
    let reply: WorkerReply | undefined;
    let ready = false;
    children.add(child);
    child.on('message', (message: WorkerReply) => {
      if ('ready' in message) ready = true;
      else {
        reply = message;
        child.disconnect();
      }
    });
    child.on('error', (error) =>
      reject(environmentError(`a worker process cannot be started (${error.message})`)),
    );
    child.on('exit', () => {
      children.delete(child);
      resolve({ ready, reply });
    });
    child.send(order, () => undefined);
  });
}
