import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { readStart } from './journal';
import { readSentState } from './sentState';

/** Where one journal stands with one server. */
export interface JournalStatus {
  journal: string;
  /** `delivered`: all of it; `pending`: some is left; `held`: repeating will not help; `elsewhere`: another process sends it. */
  state: 'delivered' | 'pending' | 'held' | 'elsewhere';
  name: string;
  key?: string;
  uid: string;
  /** The server's id, once known. */
  runId?: string;
  experimentId?: string;
  pendingBytes: number;
  /** Why it is not delivered, or what the server refused. */
  problems: string[];
}

/** The status of a journal of this size, with what the sender knows beside the note of what was sent. */
export function journalStatus(
  job: { journal: string; error: string | undefined; blocked: 'no' | 'held' | 'elsewhere' },
  server: string,
  size: number,
): JournalStatus {
  const sent = readSentState(job.journal, server);
  const problems = [...(sent?.problems ?? [])];
  if (job.error !== undefined) problems.push(job.error);
  let name = path.basename(job.journal, '.jsonl');
  let key: string | undefined;
  let uid = '';
  try {
    ({ name, key, uid } = readStart(job.journal));
  } catch (error) {
    problems.push(messageOf(error));
  }
  const done = sent === undefined ? 0 : Math.min(sent.records, sent.artifacts);
  const state = done >= size && size > 0 ? 'delivered' : job.blocked === 'no' ? 'pending' : job.blocked;
  return {
    journal: job.journal,
    state,
    name,
    ...(key === undefined ? {} : { key }),
    uid,
    ...(sent === undefined ? {} : { runId: sent.runId, experimentId: sent.experimentId }),
    pendingBytes: Math.max(0, size - done),
    problems,
  };
}
