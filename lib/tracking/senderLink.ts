import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../base/errors';
import { nothingDelivered } from './delivered';
import { settingsToPlain, type ServerSettings } from './settings';
import type { FlushReport } from './types';
import type { FromWorker, ToWorker, WorkerStart } from './worker';
import type { Delivered } from './delivered';
import type { JournalStatus } from './journalStatus';

/** The main thread's end of the sender thread. */
export interface SenderLink {
  watch(journal: string): void;
  flush(journals: string[], timeoutMs: number): Promise<FlushReport>;
  stop(): Promise<void>;
}

export interface SenderLinkOptions {
  settings: ServerSettings;
  folder: string;
  pollMs: number;
  onWarning(text: string): void;
  onRunId(journal: string, runId: string): void;
}

/** A thread that died is started again this often. */
const RESTARTS = 3;
/** How long a stopping thread may finish its current request. */
const STOP_MS = 2000;

/** Starts the sender thread. It never keeps the process alive, except while a flush is waited for. */
export function connectSender(options: SenderLinkOptions): SenderLink {
  const waiting = new Map<number, { finish(report: FlushReport): void }>();
  const watched = new Set<string>();
  let nextId = 1;
  let restarts = 0;
  let stopped: (() => void) | undefined;
  let worker: Worker | undefined = start();

  function start(): Worker {
    const data: WorkerStart = {
      settings: settingsToPlain(options.settings),
      folder: options.folder,
      pollMs: options.pollMs,
    };
    // Options of this process (a test runner's loader, --inspect) are not for the thread.
    const thread = new Worker(path.join(__dirname, 'worker.js'), { workerData: data, execArgv: [] });
    thread.unref();
    thread.on('message', (message: FromWorker) => {
      if (message.kind === 'warning') options.onWarning(message.text);
      else if (message.kind === 'runId') options.onRunId(message.journal, message.runId);
      else if (message.kind === 'stopped') stopped?.();
      else waiting.get(message.id)?.finish(toReport(message.status, message.delivered));
    });
    thread.on('error', (error) => {
      options.onWarning(
        `the sender failed (${options.settings.redact(messageOf(error))}); the journal is complete`,
      );
    });
    thread.on('exit', () => {
      worker = undefined;
      const reason = 'the sender stopped before everything was sent; the journal is complete, run sync';
      for (const { finish } of waiting.values()) finish(toReport([], nothingDelivered(), reason));
      if (stopped !== undefined) stopped();
      else if (restarts++ < RESTARTS) {
        worker = start();
        for (const journal of watched) tell({ kind: 'watch', journal });
      }
    });
    return thread;
  }

  function tell(message: ToWorker): void {
    worker?.postMessage(message);
  }

  return {
    watch(journal) {
      watched.add(journal);
      tell({ kind: 'watch', journal });
    },
    flush(journals, timeoutMs) {
      const id = nextId++;
      return new Promise((resolve) => {
        const timer = setTimeout(
          () =>
            finish(
              toReport([], nothingDelivered(), 'the server did not answer in time; the journal is complete'),
            ),
          timeoutMs + options.settings.timeoutMs,
        );
        const finish = (report: FlushReport): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(report);
        };
        waiting.set(id, { finish });
        if (worker === undefined) {
          finish(
            toReport([], nothingDelivered(), 'the sender does not run; the journal is complete, run sync'),
          );
        }
        tell({ kind: 'flush', id, journals, deadline: Date.now() + timeoutMs });
      });
    },
    async stop() {
      const thread = worker;
      if (thread === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STOP_MS);
        stopped = () => {
          clearTimeout(timer);
          resolve();
        };
        tell({ kind: 'stop' });
      });
      await thread.terminate();
    },
  };
}

export function toReport(runs: JournalStatus[], delivered: Delivered, reason?: string): FlushReport {
  const complete = reason === undefined && runs.every((run) => run.state === 'delivered');
  return {
    state: complete ? 'complete' : 'partial',
    delivered,
    runs,
    pendingBytes: runs.reduce((sum, run) => sum + run.pendingBytes, 0),
    problems: [
      ...(reason === undefined ? [] : [reason]),
      ...new Set(runs.flatMap((run) => run.problems.map((problem) => `${run.name}: ${problem}`))),
    ],
  };
}
