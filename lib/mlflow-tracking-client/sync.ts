import { inputError } from 'research-basics/errors';
import { listJournals, openJournal, readEntries, readStart, type JournalEntry } from './journal';
import { monotonicMs, pause } from './retry';
import { nothingDelivered, type Delivered } from './delivered';
import type { JournalStatus } from './journalStatus';
import { createSender } from './sender';
import { processState, type ProcessNote } from 'research-basics/process';
import { serverSettings } from './settings';

export interface SyncOptions {
  /** Server address. Default: `MLFLOW_TRACKING_URI`. */
  uri?: string;
  /** Prefix of our own tags in journals that record none. Default `mlflow-tracking-client`. */
  namespace?: string;
  /** `yes` only says what would be sent, and changes nothing. Default `no`. */
  dryRun?: 'yes' | 'no';
  /** What becomes of a run whose process died without ending it: it is ended as FAILED (default), or left RUNNING. */
  abandoned?: 'fail' | 'keep';
  /** Gives up after this long without any progress, in ms. Default 60 s. */
  patienceMs?: number;
  signal?: AbortSignal;
  onProgress?: (progress: { delivered: Delivered; pendingRuns: number; pendingBytes: number }) => void;
  onWarning?: (text: string) => void;
}

export interface SyncReport {
  state: 'complete' | 'partial' | 'dry-run';
  server: string;
  delivered: Delivered;
  runs: JournalStatus[];
  /** Runs ended as FAILED because their process is gone, by name. */
  abandoned: string[];
  problems: string[];
}

/**
 * Sends whatever a folder of journals still holds for a server, parents first. May be repeated, interrupted
 * and run beside living trackers: each point arrives exactly once.
 *
 * @throws UserError (`input`) for an unusable address; a server that fails shows in the report instead.
 */
export async function syncJournals(folder: string, options: SyncOptions = {}): Promise<SyncReport> {
  const uri = options.uri ?? process.env['MLFLOW_TRACKING_URI'];
  if (!uri) throw inputError('no MLflow server is given; set MLFLOW_TRACKING_URI or give its address');
  const settings = serverSettings(uri);
  const dryRun = options.dryRun === 'yes';
  const journals = listJournals(folder);
  const sender = createSender({
    settings,
    verify: true,
    namespace: options.namespace,
    onWarning: options.onWarning ?? (() => undefined),
  });
  try {
    const abandoned: string[] = [];
    for (const journal of journals) {
      const name = abandonedRun(journal);
      if (name === undefined || options.abandoned === 'keep') continue;
      abandoned.push(name.name);
      if (dryRun) continue;
      const writer = openJournal(journal);
      writer.append({ op: 'end', t: name.lastTime, status: 'FAILED' });
      writer.close();
    }
    sender.watch(journals);
    if (!dryRun) await drain(sender, options);
    const runs = sender.status();
    return {
      state: dryRun ? 'dry-run' : runs.every((run) => run.state === 'delivered') ? 'complete' : 'partial',
      server: settings.uri,
      delivered: dryRun ? nothingDelivered() : sender.delivered,
      runs,
      abandoned,
      problems: [...new Set(runs.flatMap((run) => run.problems.map((problem) => `${run.name}: ${problem}`)))],
    };
  } finally {
    sender.close();
  }
}

async function drain(sender: ReturnType<typeof createSender>, options: SyncOptions): Promise<void> {
  const patienceMs = options.patienceMs ?? 60_000;
  let lastMove = monotonicMs();
  let lastSeen = '';
  for (;;) {
    await sender.pass();
    const { runs, bytes } = sender.backlog();
    options.onProgress?.({ delivered: { ...sender.delivered }, pendingRuns: runs, pendingBytes: bytes });
    const seen = `${bytes}/${JSON.stringify(sender.delivered)}`;
    if (seen !== lastSeen) lastMove = monotonicMs();
    lastSeen = seen;
    const given = sender.refusal() !== undefined || options.signal?.aborted === true;
    if (runs === 0 || given || monotonicMs() - lastMove > patienceMs) return;
    await pause(Math.min(Math.max(sender.waitMs(), 100), 2000), options.signal);
  }
}

/** The run's name and last sign of life, when its writer died without ending it. */
function abandonedRun(journal: string): { name: string; lastTime: number } | undefined {
  let writer: ProcessNote;
  let name: string;
  try {
    const start = readStart(journal);
    ({ writer, name } = start);
  } catch {
    return undefined;
  }
  let last: JournalEntry['op'] | undefined;
  let lastTime = 0;
  for (let offset = 0; ;) {
    const { entries, end } = readEntries(journal, offset);
    if (end === offset) break;
    offset = end;
    for (const { entry } of entries) {
      if ('t' in entry) lastTime = Math.max(lastTime, entry.t);
      if (entry.op === 'end' || entry.op === 'resume' || entry.op === 'start') last = entry.op;
      if (entry.op === 'resume') writer = entry.writer;
    }
  }
  return last !== 'end' && processState(writer) === 'dead' ? { name, lastTime } : undefined;
}
