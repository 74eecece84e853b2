import * as fs from 'node:fs';
import * as path from 'node:path';
import { createExclusive, readJson, sha256, writeJson } from 'research-basics/files';
import { describeProcess, processState, type ProcessNote } from 'research-basics/process';

/** How far one journal has been delivered to one server. An aid, not a truth: when it is lost, the server is asked. */
export interface SentState {
  server: string;
  runId: string;
  experimentId: string;
  /** When the server made the experiment, which tells one database from another. Missing in older notes. */
  experimentCreated?: number;
  artifactUri: string;
  /** Byte offset up to which parameters, metrics, tags, datasets and status are delivered. */
  records: number;
  /** Byte offset up to which artifacts and models are delivered. */
  artifacts: number;
  /** The status last given to the server. */
  status: string;
  /** What the server refused for good, one sentence each. */
  problems: string[];
}

/** File beside a journal that says how much of it a server holds. */
export function sentStateFile(journal: string, server: string): string {
  return journal.replace(/\.jsonl$/, `.${sha256(server).slice(0, 8)}.sent.json`);
}

/** How much of a journal a server holds; undefined when nothing is known. */
export function readSentState(journal: string, server: string): SentState | undefined {
  const file = sentStateFile(journal, server);
  if (!fs.existsSync(file)) return undefined;
  try {
    return readJson<SentState>(file);
  } catch {
    return undefined;
  }
}

/** Remembers how much of a journal a server holds, in one step. */
export function writeSentState(journal: string, state: SentState): void {
  writeJson(sentStateFile(journal, state.server), state);
}

/** Forgets what a server holds of a journal, so that it is sent from the start. */
export function forgetSentState(journal: string, server: string): void {
  fs.rmSync(sentStateFile(journal, server), { force: true });
}

/** A lock whose holder has not been seen for this long (on another machine) is taken over. */
const FOREIGN_LOCK_MS = 180_000;
const HEARTBEAT_MS = 20_000;

/**
 * Takes the right to send one journal.
 *
 * @param owner names the taker, so that what a stopped thread of this process held can be freed.
 * @returns a function that gives it back, or undefined when a living process holds it.
 */
export function lockJournal(journal: string, owner = ''): (() => void) | undefined {
  const file = journal.replace(/\.jsonl$/, '.lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createExclusive(file, JSON.stringify({ ...describeProcess(), owner })) === 'made') {
      const heartbeat = setInterval(() => {
        const now = new Date();
        fs.utimes(file, now, now, () => undefined);
      }, HEARTBEAT_MS);
      heartbeat.unref();
      return () => {
        clearInterval(heartbeat);
        fs.rmSync(file, { force: true });
      };
    }
    if (lockIsHeld(file)) return undefined;
    // Moved aside rather than deleted: of several who find it stale, one succeeds.
    const aside = `${file}.${process.pid}.${Date.now()}`;
    try {
      fs.renameSync(file, aside);
      fs.rmSync(aside, { force: true });
    } catch {
      // Another one was faster.
    }
  }
  return undefined;
}

/** Frees the locks that a thread left behind when it was stopped in the midst of its work. */
export function releaseLocks(folder: string, owner: string): void {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    if (!name.endsWith('.lock')) continue;
    const file = path.join(folder, name);
    try {
      const holder = JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessNote & { owner?: string };
      if (holder.pid === process.pid && holder.owner === owner) fs.rmSync(file, { force: true });
    } catch {
      // Gone meanwhile, or being written by someone else.
    }
  }
}

function lockIsHeld(file: string): boolean {
  let age: number;
  let holder: ProcessNote | undefined;
  try {
    age = Date.now() - fs.statSync(file).mtimeMs;
    holder = JSON.parse(fs.readFileSync(file, 'utf8')) as ProcessNote;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // Just being written, or its writer died between making and filling it.
    return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < 5000;
  }
  const state = processState(holder);
  return state === 'alive' || (state === 'unknown' && age < FOREIGN_LOCK_MS);
}
