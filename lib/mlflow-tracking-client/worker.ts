import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from 'research-basics/errors';
import { listJournals } from './journal';
import { monotonicMs, pause } from './retry';
import { createSender } from './sender';
import { settingsFromPlain, type PlainSettings } from './settings';
import type { Delivered } from './delivered';
import type { JournalStatus } from './journalStatus';

/** What the tracker tells its sender thread. Everything else passes through the journals on disk. */
export type ToWorker =
  | { kind: 'watch'; journal: string }
  | { kind: 'flush'; id: number; journals: string[]; deadline: number }
  | { kind: 'stop' };

export type FromWorker =
  | { kind: 'flushed'; id: number; status: JournalStatus[]; delivered: Delivered }
  | { kind: 'runId'; journal: string; runId: string }
  | { kind: 'warning'; text: string }
  | { kind: 'stopped' };

export interface WorkerStart {
  settings: PlainSettings;
  namespace: string;
  folder: string;
  pollMs: number;
  owner: string;
}

/** How often journals left behind by earlier processes are searched for, in ms. */
const RESCAN_MS = 30_000;

/**
 * The sender thread: reads journals, talks to the server, so that neither JSON nor sockets take time from
 * training, and so that it continues while a native computation blocks the main thread.
 */
async function main(start: WorkerStart): Promise<void> {
  const port = parentPort!;
  const tell = (message: FromWorker): void => port.postMessage(message);
  const settings = settingsFromPlain(start.settings);
  const announced = new Map<string, string>();
  const sender = createSender({
    settings,
    namespace: start.namespace,
    owner: start.owner,
    onWarning: (text) => tell({ kind: 'warning', text }),
    onRunId(journal, runId) {
      if (announced.get(journal) === runId) return;
      announced.set(journal, runId);
      tell({ kind: 'runId', journal, runId });
    },
  });
  let wake = new AbortController();
  let running = true;
  let flushes: Extract<ToWorker, { kind: 'flush' }>[] = [];
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'watch') sender.watch([message.journal]);
    else if (message.kind === 'flush') {
      sender.watch(message.journals);
      flushes.push(message);
    } else running = false;
    sender.hurry(message.kind === 'flush' ? new Set(message.journals) : undefined);
    wake.abort();
  });

  let scanned = -Infinity;
  while (running) {
    if (monotonicMs() - scanned > RESCAN_MS) {
      sender.watch(listJournals(start.folder));
      scanned = monotonicMs();
    }
    // What someone waits for goes first.
    const wanted = flushes.length === 0 ? undefined : new Set(flushes.flatMap((flush) => flush.journals));
    const moved = await sender.pass(wanted);
    flushes = flushes.filter((flush) => {
      const own = new Set(flush.journals);
      const { runs, elsewhere } = sender.backlog(own);
      if (runs + elsewhere > 0 && monotonicMs() < flush.deadline) return true;
      const status = sender.status(own);
      tell({ kind: 'flushed', id: flush.id, status, delivered: sender.delivered });
      return false;
    });
    if (moved === 'moved' && flushes.length > 0) continue;
    wake = new AbortController();
    const wait = flushes.length > 0 ? Math.min(Math.max(sender.waitMs(), 50), 1000) : start.pollMs;
    if (running) await pause(wait, wake.signal);
  }
  sender.close();
  tell({ kind: 'stopped' });
  port.close();
}

if (parentPort !== null) {
  main(workerData as WorkerStart).catch((error: unknown) => {
    parentPort!.postMessage({
      kind: 'warning',
      text: `the sender stopped: ${messageOf(error)}`,
    } satisfies FromWorker);
    throw error;
  });
}
