import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { environmentError, messageOf } from 'research-basics/errors';
import { sleep } from 'research-basics/sleep';
import { isAlive, thisProcess } from './process';

export interface LockOptions {
  /** A lock whose holder cannot be asked (another machine) counts as abandoned after this many seconds. Default 30. */
  readonly graceSeconds?: number;
  /** Give up with a sentence after this many seconds. Default 300. */
  readonly timeoutSeconds?: number;
  /**
   * Text that changes while the lock's holder (by its name) lives: the grace period counts from its last change too.
   * Default: none is known.
   */
  readonly signOf?: (holder: string) => string;
}

/**
 * Runs `body` while holding the lock file. The file is made with an exclusive open, which is atomic on
 * local disks and on NFS from version 3; Optuna's file locks use the same name and the same rule, so both
 * can share a journal. A lock left by a dead process of this machine is broken at once, any other after
 * the grace period without change of the lock or of its holder's sign of life.
 *
 * @throws UserError (`environment`) when the lock cannot be acquired in time or its folder is not writable.
 */
export function withLock<T>(file: string, body: () => T, options: LockOptions = {}): T {
  const { graceSeconds = 30, timeoutSeconds = 300, signOf = () => '' } = options;
  const token = `${thisProcess()} ${randomBytes(6).toString('hex')}\n`;
  const started = performance.now();
  let seen = '';
  let seenAt = started;
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    if (tryAcquire(file, token)) break;
    const holder = readHolder(file);
    if (holder === undefined) continue;
    const now = performance.now();
    const name = holder.split(' ')[0]!;
    const sign = `${holder}${signOf(name)}`;
    if (sign !== seen) {
      seen = sign;
      seenAt = now;
    }
    const dead = isAlive(name) === 'dead';
    if (dead || now - seenAt > graceSeconds * 1000) {
      breakLock(file, holder);
      continue;
    }
    if (now - started > timeoutSeconds * 1000) {
      throw environmentError(
        `${file}: held by ${holder.trim() || 'another program'} for over ${timeoutSeconds} s; stop that process or delete the file`,
      );
    }
    sleep(wait);
  }
  try {
    return body();
  } finally {
    if (readHolder(file) === token) fs.rmSync(file, { force: true });
  }
}

function tryAcquire(file: string, token: string): boolean {
  try {
    fs.writeFileSync(file, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw environmentError(`${file}: the lock cannot be made (${messageOf(error)})`, error);
  }
}

/** The lock's content; for a lock of Optuna's (a symbolic link or an empty file) its time of change; undefined when gone. */
function readHolder(file: string): string | undefined {
  try {
    const status = fs.lstatSync(file);
    const text = status.isSymbolicLink() ? '' : fs.readFileSync(file, 'utf8');
    return text === '' ? ` ${status.mtimeMs}` : text;
  } catch {
    return undefined;
  }
}

/**
 * Takes an abandoned lock away. Renaming first makes sure that only one of several breakers succeeds; if
 * what was renamed is no longer the abandoned lock, it is put back.
 */
function breakLock(file: string, holder: string): void {
  const aside = `${file}.${randomBytes(6).toString('hex')}.rename`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return;
  }
  if (readHolder(aside) !== holder) {
    try {
      fs.linkSync(aside, file);
    } catch {
      // Somebody else holds the lock by now; the journal's first-claim-wins rule covers this instant.
    }
  }
  fs.rmSync(aside, { force: true });
}
