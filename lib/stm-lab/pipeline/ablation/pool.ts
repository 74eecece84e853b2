import { fork, type ChildProcess } from 'node:child_process';
import * as path from 'node:path';
import { throwIfStopped } from 'research-basics/pace';
import { environmentError, messageOf, UserError } from 'research-basics/errors';
import type { Region } from '../../ablation';
import type { AblationPlan, CellOutcome } from './score';

/** One cell to be scored. */
export interface CellTask {
  readonly name: string;
  readonly region?: Region | undefined;
}

/** What a worker process is given once, then one task at a time. */
export interface AblationWorkerOrder {
  readonly features: string;
  readonly plan: AblationPlan;
  /** Folder of the cells. */
  readonly cells: string;
}

/** Messages to a worker. */
export type ToAblationWorker = { readonly order: AblationWorkerOrder } | { readonly task: CellTask };

/** Its answers, one a task. */
export type FromAblationWorker =
  { readonly outcome: CellOutcome } | { readonly error: string; readonly kind: UserError['kind'] | 'other' };

/** Scores cells one after another; for as long as the whole ablation. */
export interface CellScorer {
  score(task: CellTask): Promise<CellOutcome>;
  close(): void;
}

/** Processes that may die over one cell before the ablation gives up. */
const ATTEMPTS = 3;

/**
 * A worker process that scores cells: TensorFlow cannot be loaded twice in one process, so cells that run
 * side by side need processes. One that dies (out of memory, killed) is replaced and its cell done again.
 *
 * @throws UserError (`environment`) from the scorer, when processes keep dying over one cell; else what the cell threw.
 */
export function processScorer(order: AblationWorkerOrder, signal: AbortSignal | undefined): CellScorer {
  let child: ChildProcess | undefined;
  const started = (): ChildProcess => {
    if (child === undefined) {
      child = fork(path.join(__dirname, 'worker.js'), [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      send(child, { order });
    }
    return child;
  };
  const ask = (task: CellTask): Promise<FromAblationWorker | 'died'> =>
    new Promise((resolve, reject) => {
      const worker = started();
      const finish = (answer: FromAblationWorker | 'died'): void => {
        worker.off('message', finish);
        worker.off('exit', died);
        worker.off('error', failed);
        resolve(answer);
      };
      const died = (): void => {
        child = undefined;
        finish('died');
      };
      const failed = (error: Error): void =>
        reject(environmentError(`a worker process cannot be started (${messageOf(error)})`, error));
      worker.on('message', finish);
      worker.on('exit', died);
      worker.on('error', failed);
      send(worker, { task });
    });
  const stop = (): void => void child?.kill('SIGKILL');
  signal?.addEventListener('abort', stop);
  return {
    async score(task) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const answer = await ask(task);
        throwIfStopped(signal, 'ablation');
        if (answer === 'died') continue;
        if ('outcome' in answer) return answer.outcome;
        throw answer.kind === 'other' ? new Error(answer.error) : new UserError(answer.kind, answer.error);
      }
      throw environmentError(
        `ablation cell ${task.name}: ${ATTEMPTS} worker processes died over it; use fewer workers, or more memory`,
      );
    },
    close() {
      signal?.removeEventListener('abort', stop);
      child?.disconnect();
    },
  };
}

/** A worker that is gone is noticed by its exit, not here. */
function send(worker: ChildProcess, message: ToAblationWorker): void {
  worker.send(message, () => undefined);
}
