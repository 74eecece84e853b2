import * as fs from 'node:fs';
import { readStart, spoolFolder } from './journal';
import { createRunSender, type RunSender } from './runSender';
import type { SendContext } from './sendContext';
import { lockJournal } from './sentState';

/** A journal in a sender's care. */
export interface SendJob {
  readonly journal: string;
  sender: RunSender | undefined;
  unlock: (() => void) | undefined;
  /** Size up to which it is delivered. */
  deliveredSize: number;
  failures: number;
  notBefore: number;
  error: string | undefined;
  blocked: 'no' | 'held' | 'elsewhere';
  /** Delivered and ended: checked again only on request. */
  resting: 'yes' | 'no';
}

/** A journal of which nothing is known yet. */
export function newJob(journal: string): SendJob {
  return {
    journal,
    sender: undefined,
    unlock: undefined,
    deliveredSize: 0,
    failures: 0,
    notBefore: 0,
    error: undefined,
    blocked: 'no',
    resting: 'no',
  };
}

/** Locks a journal and opens its sender; false when another process holds it. */
export function takeJob(job: SendJob, context: SendContext, owner: string | undefined): boolean {
  if (job.unlock === undefined) {
    job.unlock = lockJournal(job.journal, owner);
    if (job.unlock === undefined) return false;
    job.sender = undefined;
  }
  job.sender ??= createRunSender(job.journal, context);
  return true;
}

/** Gives a journal's lock back. */
export function releaseJob(job: SendJob): void {
  job.unlock?.();
  job.unlock = undefined;
  job.sender = undefined;
}

/** All of a journal whose lock is held goes to the server once more, which has lost it. */
export function resendJob(job: SendJob): void {
  job.sender!.forget();
  job.deliveredSize = 0;
  job.resting = 'no';
}

/** Bytes of a journal now. */
export function sizeOfJob(job: SendJob): number {
  return fs.statSync(job.journal, { throwIfNoEntry: false })?.size ?? 0;
}

/** Whether a journal's run is known to have a parent. */
export function isChild(job: SendJob): boolean {
  try {
    return (job.sender?.start ?? readStart(job.journal)).parent !== undefined;
  } catch {
    return false;
  }
}

/** Removes the folder of sent artifacts, when it is empty (a run may have been taken up again meanwhile). */
export function removeSpool(job: SendJob): void {
  try {
    fs.rmdirSync(spoolFolder(job.journal));
  } catch {
    // Not there, or in use.
  }
}
