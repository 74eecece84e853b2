import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Holds a lock file for as long as this process or any child given the descriptor lives. The kernel
 * keeps the lock (flock), so none is left behind by a kill, and an installer that outlives a killed
 * set-up still keeps the next one out. Where the `flock` command is missing, nothing is locked.
 *
 * @param file the lock file; it may stay.
 * @param onWait called once when another process holds the lock, before waiting for it.
 * @returns `descriptor` to pass to children, and `release`.
 */
export async function acquireLock(file, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a');
  if ((await flock(descriptor, ['-n'])) === 1) {
    onWait();
    await flock(descriptor, []);
  }
  return { descriptor, release: () => closeSync(descriptor) };
}

/** The lock belongs to the open file that the child shares with us, so it stays when the child ends. */
function flock(descriptor, options) {
  return new Promise((resolve) => {
    const child = spawn('flock', [...options, '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
    child.on('error', () => resolve(0));
    child.on('exit', (code) => resolve(code ?? 0));
  });
}
