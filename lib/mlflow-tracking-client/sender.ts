import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import type { MlflowClient } from './clientTypes';
import { createMlflowClient } from './client';
import { isPermanent, isTransient, type ServerError } from './serverError';
import type { StartEntry } from './journal';
import { journalStatus, type JournalStatus } from './journalStatus';
import { DEFAULT_NAMESPACE } from './namespace';
import { backOffMs, monotonicMs } from './retry';
import { nothingDelivered, type Delivered } from './delivered';
import { RunHeld } from './runFinder';
import type { SendContext } from './sendContext';
import {
  isChild,
  newJob,
  releaseJob,
  removeSpool,
  resendJob,
  sizeOfJob,
  takeJob,
  type SendJob,
} from './sendJob';
import { readSentState } from './sentState';
import { createServerMemory } from './serverMemory';
import { createServerPatience } from './serverPatience';
import type { ServerSettings } from './settings';

export interface SenderOptions {
  settings: ServerSettings;
  /** Prefix of our own tags in journals that record none. Default `mlflow-tracking-client`. */
  namespace?: string | undefined;
  /** Names this sender in its locks. */
  owner?: string;
  /**
   * Asks the server whether it still holds what the notes say it was given: its database may have been replaced.
   * Default false: that costs a request per experiment every few seconds.
   */
  verify?: boolean;
  onWarning(text: string): void;
  /** Called when a journal's run is found or made on the server. */
  onRunId?(journal: string, runId: string): void;
}

/** Delivers many journals to one server, parents before children. */
export interface Sender {
  readonly client: MlflowClient;
  readonly delivered: Delivered;
  /** Takes journals into care, or looks at them again. */
  watch(journals: readonly string[]): void;
  /**
   * One round over the journals that have something to send and whose waiting time is over.
   *
   * @returns whether anything was delivered.
   */
  pass(only?: ReadonlySet<string>): Promise<'moved' | 'idle'>;
  /** What repeating can still deliver, here or by another process; cheap, unlike `status`. */
  backlog(only?: ReadonlySet<string>): { runs: number; bytes: number; elsewhere: number };
  status(only?: ReadonlySet<string>): JournalStatus[];
  /** Forgets waiting times: the next pass tries at once, also `held` journals of these. */
  hurry(held?: ReadonlySet<string>): void;
  /** The failure of the last attempts in a row that only other settings can cure (login, address). */
  refusal(): ServerError | undefined;
  /** Milliseconds until a failed server may be tried again. */
  waitMs(): number;
  /** Gives back all locks. */
  close(): void;
}

const PARALLEL_RUNS = 3;
const LOCKED_RETRY_MS = 2000;
const HELD_RETRY_MS = 60_000;

/** Another process has the run in hand that this one refers to; this journal waits, the others continue. */
class ReferredElsewhere extends Error {}

/** Sends journals to a server until nothing is left or the server stays away; nothing is lost or sent twice. */
export function createSender(options: SenderOptions): Sender {
  // Failures come back at once: the sender has its own patience, and knows better what else to do.
  const client = createMlflowClient({ ...options.settings, retries: 0 });
  const delivered = nothingDelivered();
  const jobs = new Map<string, SendJob>();
  const memory = createServerMemory(client);
  const patience = createServerPatience(client.uri, delivered, options.onWarning);

  const context: SendContext = {
    client,
    delivered,
    namespace: options.namespace ?? DEFAULT_NAMESPACE,
    onWarning: options.onWarning,
    experiment: ({ experiment, experimentId, experimentTags }: StartEntry, fresh: boolean) =>
      experimentId === undefined
        ? memory.ask(`name/${experiment}`, () => client.ensureExperiment(experiment, experimentTags), fresh)
        : memory.ask(`experiment/${experimentId}`, () => client.getExperimentById(experimentId), fresh),
    async modelIdIn(file: string, uid: string): Promise<string | undefined> {
      const journal = inFolder(file);
      if (fs.existsSync(journal)) {
        await attachElsewhere(journal);
        return jobFor(journal).sender!.modelId(uid);
      }
      options.onWarning(`${journal} is missing: metrics of its model are sent without naming it`);
      return undefined;
    },
    async parentRunId(
      parent: { uid: string; journal: string },
      experimentId: string,
      uidTag: string,
    ): Promise<string | undefined> {
      // The parent's journal lies in the child's folder; its name came with the child.
      const journal = inFolder(parent.journal);
      const known = readSentState(journal, client.uri);
      if (known !== undefined && (await memory.holdsRun(known.runId))) return known.runId;
      if (fs.existsSync(journal)) return (await attachElsewhere(journal)).runId;
      const found = await client.searchRuns([experimentId], {
        filter: `tags.\`${uidTag}\` = '${parent.uid}'`,
        limit: 1,
      });
      if (found[0] === undefined) {
        options.onWarning(`${journal} is missing: its child runs are sent without a parent`);
      }
      return found[0]?.id;
    },
  };

  /** The journal of this name beside the ones that are watched; nothing outside of their folder. */
  function inFolder(name: string): string {
    const [first = ''] = jobs.keys();
    return path.join(path.dirname(first), path.basename(name));
  }

  /** Finds or makes the run of another journal, which this one needs. */
  async function attachElsewhere(journal: string): Promise<{ runId: string }> {
    const job = jobFor(journal);
    if (!take(job))
      throw new ReferredElsewhere(
        `${path.basename(journal)}, which this run refers to, is being sent by another process`,
      );
    const sender = job.sender!;
    let state = await sender.attach();
    if (!(await memory.holdsRun(state.runId))) {
      resendJob(job);
      state = await sender.attach();
    }
    options.onRunId?.(journal, state.runId);
    return state;
  }

  function jobFor(journal: string): SendJob {
    const job = jobs.get(journal) ?? newJob(journal);
    jobs.set(journal, job);
    return job;
  }

  const take = (job: SendJob): boolean => takeJob(job, context, options.owner);

  async function work(job: SendJob): Promise<'moved' | 'idle'> {
    const size = sizeOfJob(job);
    if (size === job.deliveredSize) return 'idle';
    const before = readSentState(job.journal, client.uri);
    const complete = before !== undefined && before.records >= size && before.artifacts >= size;
    const lost = before !== undefined && options.verify === true && !(await memory.holds(before));
    if (complete && !lost) {
      job.deliveredSize = size;
      job.error = undefined;
      if (before.status !== 'RUNNING') job.resting = 'yes';
      return 'idle';
    }
    if (!take(job)) {
      job.blocked = 'elsewhere';
      job.notBefore = monotonicMs() + LOCKED_RETRY_MS;
      return 'idle';
    }
    const sender = job.sender!;
    if (lost) {
      options.onWarning(`run "${sender.start.name}" is unknown to ${client.uri}; it is sent again`);
      resendJob(job);
    }
    options.onRunId?.(job.journal, (await sender.attach()).runId);
    await sender.drain();
    const state = sender.state!;
    job.deliveredSize = Math.min(state.records, state.artifacts);
    job.blocked = 'no';
    job.error = undefined;
    job.failures = 0;
    if (state.status !== 'RUNNING') {
      if (job.deliveredSize === sizeOfJob(job)) {
        removeSpool(job);
        job.resting = 'yes';
      }
      releaseJob(job);
    }
    return 'moved';
  }

  function failed(job: SendJob, error: unknown): void {
    const now = monotonicMs();
    job.error = options.settings.redact(messageOf(error));
    if (error instanceof RunHeld || isPermanent(error)) {
      if (job.blocked !== 'held') options.onWarning(job.error);
      job.blocked = 'held';
      job.notBefore = now + HELD_RETRY_MS;
      releaseJob(job);
    } else if (error instanceof ReferredElsewhere) {
      job.notBefore = now + LOCKED_RETRY_MS;
    } else if (isTransient(error)) {
      memory.clear();
      // The server's trouble, not the run's: all wait, so that a struggling server is not pressed.
      job.failures += 1;
      patience.failed(error, job.error);
    } else {
      job.failures += 1;
      job.notBefore = now + backOffMs(job.failures);
      if (job.failures === 1) options.onWarning(`${path.basename(job.journal)}: ${job.error}`);
      releaseJob(job);
    }
  }

  async function pass(only?: ReadonlySet<string>): Promise<'moved' | 'idle'> {
    if (patience.waitMs() > 0) return 'idle';
    const now = monotonicMs();
    const due = [...jobs.values()].filter(
      (job) =>
        job.resting === 'no' &&
        (only === undefined || only.has(job.journal)) &&
        now >= job.notBefore &&
        sizeOfJob(job) > job.deliveredSize,
    );
    if (due.length === 0) return 'idle';
    const children = new Set(due.filter(isChild));
    due.sort((a, b) => +children.has(a) - +children.has(b));
    let moved: 'moved' | 'idle' = 'idle';
    let next = 0;
    const runner = async (): Promise<void> => {
      while (next < due.length && patience.waitMs() === 0) {
        const job = due[next++]!;
        try {
          if ((await work(job)) === 'moved') {
            moved = 'moved';
            patience.succeeded();
          }
        } catch (error) {
          failed(job, error);
        }
      }
    };
    // The parents alone first: their children need their ids.
    const parents = due.length - children.size;
    if (parents > 0 && parents < due.length) {
      const all = due.splice(parents);
      await Promise.all(Array.from({ length: PARALLEL_RUNS }, runner));
      due.push(...all);
    }
    await Promise.all(Array.from({ length: PARALLEL_RUNS }, runner));
    return moved;
  }

  return {
    client,
    delivered,
    watch(journals) {
      for (const journal of journals) jobFor(journal).resting = 'no';
    },
    pass,
    backlog(only) {
      const backlog = { runs: 0, bytes: 0, elsewhere: 0 };
      for (const job of jobs.values()) {
        if (job.resting === 'yes' || job.blocked === 'held' || only?.has(job.journal) === false) continue;
        const bytes = sizeOfJob(job) - job.deliveredSize;
        if (bytes <= 0) continue;
        if (job.blocked === 'elsewhere') backlog.elsewhere += 1;
        else {
          backlog.runs += 1;
          backlog.bytes += bytes;
        }
      }
      return backlog;
    },
    status(only) {
      return [...jobs.values()]
        .filter((job) => only === undefined || only.has(job.journal))
        .map((job) => journalStatus(job, client.uri, sizeOfJob(job)));
    },
    hurry(held) {
      patience.hurry();
      for (const job of jobs.values())
        if (job.blocked !== 'held' || held?.has(job.journal) === true) job.notBefore = 0;
    },
    refusal: () => patience.refusal(),
    waitMs: () => patience.waitMs(),
    close() {
      for (const job of jobs.values()) releaseJob(job);
      client.close();
    },
  };
}
