import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { startThread } from 'research-basics/embedded';
import { messageOf } from 'research-basics/errors';
import { nothingDelivered } from './delivered';
import { monotonicMs } from './retry';
import { releaseLocks } from './sentState';
import { settingsToPlain, type ServerSettings } from './settings';
import type { FlushReport } from './types';
import type { FromWorker, ToWorker, WorkerStart } from './worker';
import { workerText } from './workerText';
import type { Delivered } from './delivered';
import { journalStatus, type JournalStatus } from './journalStatus';

/** The main thread's end of the sender thread. */
export interface SenderLink {
  watch(journal: string): void;
  flush(journals: string[], timeoutMs: number): Promise<FlushReport>;
  stop(): Promise<void>;
}

export interface SenderLinkOptions {
  settings: ServerSettings;
  namespace: string;
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
  const owner = randomBytes(8).toString('hex');
  const waiting = new Map<number, { journals: string[]; finish(report: FlushReport): void }>();
  const watched = new Set<string>();
  let nextId = 1;
  let restarts = 0;
  let stopped: (() => void) | undefined;
  let worker: Worker | undefined = start();

  function start(): Worker {
    const data: WorkerStart = {
      settings: settingsToPlain(options.settings),
      namespace: options.namespace,
      folder: options.folder,
      pollMs: options.pollMs,
      owner,
    };
    // Options of this process (a test runner's loader, --inspect) are not for the thread.
    const thread = startThread(
      {
        caller: typeof __filename === 'string' ? __filename : undefined,
        compiledAs: 'dist/senderLink.js',
        file: 'worker.js',
        text: workerText,
      },
      { workerData: data, execArgv: [] },
    );
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
      releaseLocks(options.folder, owner);
      for (const { finish, journals } of waiting.values()) finish(fromDisk(journals, 'the sender stopped'));
      if (stopped !== undefined) stopped();
      else if (restarts++ < RESTARTS) {
        worker = start();
        for (const journal of watched) tell({ kind: 'watch', journal });
      }
    });
    // Last: a listener for messages holds the process again.
    thread.unref();
    return thread;
  }

  function fromDisk(journals: string[], reason: string): FlushReport {
    const status = journals.map((journal) => {
      const size = fs.statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
      return journalStatus({ journal, error: undefined, blocked: 'no' }, options.settings.uri, size);
    });
    return toReport(status, nothingDelivered(), `${reason}; the journal is complete, sync sends the rest`);
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
        // The thread may hang in a request that the server does not answer; the disk tells how far it got.
        const timer = setTimeout(
          () => finish(fromDisk(journals, 'the server did not answer in time')),
          timeoutMs + 1000,
        );
        const finish = (report: FlushReport): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(report);
        };
        waiting.set(id, { journals, finish });
        if (worker === undefined) {
          finish(
            toReport([], nothingDelivered(), 'the sender does not run; the journal is complete, run sync'),
          );
        }
        tell({ kind: 'flush', id, journals, deadline: monotonicMs() + timeoutMs });
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

/** What a flush reports: counts, the state of each run, and the reason when something is left. */
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
