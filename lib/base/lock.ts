import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError, messageOf } from './errors';
import { createFileWhole } from './files';
import { LEASE_SECONDS, startHeartbeat, watchFile } from './heartbeat';
import { noteProcess, processState, type ProcessNote } from './process';
import { sleep } from './sleep';

/** A held lock. */
export interface Lock {
  /** Gives the lock back. Harmless when called twice. */
  release(): void;
}

/**
 * Takes an exclusive lock, kept as a small file that names the holder. The file is made by a link, which is atomic on
 * local disks and on NFS. A lock whose process has ended (killed, or the machine restarted) is taken over at once; one of
 * another machine is watched, which blocks this thread, and taken over when it has shown no sign of life for
 * `leaseSeconds` (default 45).
 *
 * @param file path of the lock file, e.g. `OUT/.lock`; its folder is made when missing
 * @param subject what is locked, for the message, e.g. "results/features"
 * @throws StmLabError (`input`) when a running process holds it, naming that process.
 */
export function acquireLock(
  file: string,
  subject: string,
  { leaseSeconds = LEASE_SECONDS }: { readonly leaseSeconds?: number } = {},
): Lock {
  const text = JSON.stringify(noteProcess());
  for (let attempt = 0; attempt < 20; attempt++) {
    if (tryLock(file, text, subject) === 'made') {
      const heartbeat = startHeartbeat(file, text);
      return {
        release() {
          heartbeat.stop();
          releaseOwn(file, text);
        },
      };
    }
    removeStale(file, subject, leaseSeconds);
  }
  throw inputError(`${subject}: could not be locked; remove ${file} if no other run is using it`);
}

function tryLock(file: string, text: string, subject: string): 'made' | 'exists' {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return createFileWhole(file, text);
  } catch (error) {
    throw inputError(
      `${subject}: cannot be locked (${messageOf(error)}); choose a folder you may write to`,
      error,
    );
  }
}

function releaseOwn(file: string, text: string): void {
  try {
    if (fs.readFileSync(file, 'utf8') === text) fs.rmSync(file, { force: true });
  } catch {
    // Already gone.
  }
}

function removeStale(file: string, subject: string, leaseSeconds: number): void {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return;
  }
  let holder: ProcessNote | undefined;
  try {
    holder = JSON.parse(text) as ProcessNote;
  } catch {
    // Not ours; treated as stale.
  }
  const state = holder === undefined ? 'dead' : processState(holder);
  if (holder !== undefined && (state === 'alive' || (state === 'unknown' && showsLife(file, leaseSeconds))))
    throw inputError(
      `${subject}: is in use by process ${holder.pid} on ${holder.host}; wait for it or choose another folder`,
    );
  const aside = `${file}.${randomBytes(4).toString('hex')}.stale`;
  try {
    fs.renameSync(file, aside);
    // Between reading and renaming another process may have taken the lock over: then give it back.
    if (fs.readFileSync(aside, 'utf8') !== text) fs.linkSync(aside, file);
  } catch {
    // Another process was quicker; the next attempt sees its lock.
  }
  fs.rmSync(aside, { force: true });
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
