import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError, messageOf } from './errors';
import { createExclusive, sha256 } from './files';
import { LEASE_SECONDS, startHeartbeat, watchFile } from './heartbeat';
import { describeProcess, processState, type ProcessNote } from './process';
import { sleep } from './sleep';

/** A held lock. */
export interface Lock {
  /** Gives the lock back. Harmless when called twice. */
  release(): void;
}

/** Milliseconds between two tries while another process takes an abandoned lock away. */
const RETRY_MS = 20;
const MOST_TRIES = 500;

/**
 * Takes an exclusive lock, kept as a small file that names the holder, each time with a token of its own. The file is
 * made by `createExclusive`, which is atomic on local disks and on NFS. A lock whose process has ended (killed, or the
 * machine restarted) is taken over at once; one of another machine is watched, which blocks this thread, and taken over
 * when it has shown no sign of life for `leaseSeconds` (default 45).
 *
 * A lock file is never moved while it may be held: whoever removes it, the holder included, first makes a claim, a
 * second lock named after the content of the first, and then removes the file only if it still has that content.
 *
 * @param file path of the lock file, e.g. `OUT/.lock`; its folder is made when missing
 * @param subject what is locked, for the message, e.g. "results/features"
 * @throws UserError (`input`) when a running process holds it, naming that process.
 */
export function acquireLock(
  file: string,
  subject: string,
  { leaseSeconds = LEASE_SECONDS }: { readonly leaseSeconds?: number } = {},
): Lock {
  const text = ownText();
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (tryLock(file, text, subject) === 'made') {
      const heartbeat = startHeartbeat(file, text);
      return {
        release() {
          heartbeat.stop();
          releaseOwn(file, text);
        },
      };
    }
    const holder = readText(file);
    if (holder === undefined) continue;
    refuseLiving(holder, file, subject, leaseSeconds);
    if (removeClaimed(file, holder, leaseSeconds) === 'claimed by another') sleep(RETRY_MS);
  }
  throw inputError(`${subject}: could not be locked; remove ${file} if no other run is using it`);
}

/** This process, and a token by which two of its locks differ. */
const ownText = (): string => JSON.stringify({ ...describeProcess(), token: randomBytes(8).toString('hex') });

function tryLock(file: string, text: string, subject: string): 'made' | 'exists' {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return createExclusive(file, text);
  } catch (error) {
    throw inputError(
      `${subject}: cannot be locked (${messageOf(error)}); choose a folder you may write to`,
      error,
    );
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function releaseOwn(file: string, text: string): void {
  try {
    // A process that takes this one for dead may hold the claim, and may have been killed with it.
    for (let tries = 0; tries < 5 && readText(file) === text; tries++)
      if (removeClaimed(file, text, LEASE_SECONDS) === 'claimed by another') sleep(RETRY_MS);
  } catch {
    // The folder is gone or refuses: the lock is stale once this process has ended.
  }
}

function holderOf(text: string): ProcessNote | undefined {
  try {
    return JSON.parse(text) as ProcessNote;
  } catch {
    // Not ours; treated as abandoned.
    return undefined;
  }
}

function isAbandoned(text: string, file: string, leaseSeconds: number): boolean {
  const holder = holderOf(text);
  const state = holder === undefined ? 'dead' : processState(holder);
  return state === 'dead' || (state === 'unknown' && !showsLife(file, leaseSeconds));
}

function refuseLiving(text: string, file: string, subject: string, leaseSeconds: number): void {
  if (isAbandoned(text, file, leaseSeconds)) return;
  const holder = holderOf(text)!;
  throw inputError(
    `${subject}: is locked by process ${holder.pid} on ${holder.host}; wait for it or choose another folder`,
  );
}

/**
 * Removes a lock file if it still has the given content, under a claim for that content: of several processes that find
 * a lock abandoned one removes it, and none removes the lock that comes after. A claim that was itself abandoned, by a
 * process killed within these few lines, is removed in the same way.
 */
function removeClaimed(
  file: string,
  content: string,
  leaseSeconds: number,
): 'removed' | 'changed' | 'claimed by another' {
  const claim = `${file}.${sha256(content).slice(0, 16)}.claim`;
  const own = ownText();
  if (createExclusive(claim, own) === 'exists') {
    const other = readText(claim);
    if (other !== undefined && isAbandoned(other, claim, leaseSeconds))
      removeClaimed(claim, other, leaseSeconds);
    return 'claimed by another';
  }
  try {
    if (readText(file) !== content) return 'changed';
    fs.rmSync(file, { force: true });
    return 'removed';
  } finally {
    fs.rmSync(claim, { force: true });
  }
}

/** Whether a lock of another machine is touched, or given back, within a lease. Blocks this thread until it is known. */
function showsLife(file: string, leaseSeconds: number): boolean {
  const watch = watchFile(file, leaseSeconds);
  for (;;) {
    const state = watch.look();
    if (state === 'gone') return false;
    if (watch.changed()) return true;
    if (state === 'silent') return false;
    sleep(250);
  }
}
