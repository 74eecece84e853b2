import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { inputError, messageOf } from './errors';

/** A held lock. */
export interface Lock {
  /** Gives the lock back. Harmless when called twice. */
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the holder was started, in the kernel's own count; tells a reused process number. Linux only. */
  readonly started: string | null;
}

/** Start time of a process from /proc, or null where there is none. */
function processStart(pid: number): string | null {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; start time is the 20th field after it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isRunning({ pid, host, started }: Holder): boolean {
  // A process of another machine (shared folder) cannot be asked, so its lock stands.
  if (host !== os.hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return started === null || processStart(pid) === started;
}

/**
 * Takes an exclusive lock, kept as a small file with the holder's process number. A lock whose process has ended
 * (killed, or the machine restarted) is taken over.
 *
 * @param file path of the lock file, e.g. `OUT/.lock`; its folder is made when missing
 * @param subject what is locked, for the message, e.g. "results/features"
 * @throws StmLabError (`input`) when a running process holds it, naming that process.
 */
export function acquireLock(file: string, subject: string): Lock {
  const own: Holder = { pid: process.pid, host: os.hostname(), started: processStart(process.pid) };
  const text = JSON.stringify(own);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(draft, text);
  } catch (error) {
    throw inputError(
      `${subject}: cannot be locked (${messageOf(error)}); choose a folder you may write to`,
      error,
    );
  }
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        // A link appears whole or not at all, unlike a file being written.
        fs.linkSync(draft, file);
        return { release: () => releaseOwn(file, text) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
          throw inputError(`${subject}: cannot be locked (${messageOf(error)})`, error);
      }
      removeStale(file, subject);
    }
    throw inputError(`${subject}: could not be locked; remove ${file} if no other run is using it`);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function releaseOwn(file: string, text: string): void {
  try {
    if (fs.readFileSync(file, 'utf8') === text) fs.rmSync(file, { force: true });
  } catch {
    // Already gone.
  }
}

function removeStale(file: string, subject: string): void {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return;
  }
  let holder: Holder | undefined;
  try {
    holder = JSON.parse(text) as Holder;
  } catch {
    // Not ours; treated as stale.
  }
  if (holder !== undefined && isRunning(holder))
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
