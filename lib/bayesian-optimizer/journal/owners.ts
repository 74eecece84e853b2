import * as fs from 'node:fs';
import * as path from 'node:path';
import { startHeartbeat, watchFile, type FileWatch } from 'research-basics/heartbeat';
import { isAlive } from './process';

/** The file a worker touches while it lives, in a folder beside the journal. */
function lifeFile(journal: string, worker: string): string {
  return path.join(`${journal}.workers`, worker.replace(/\//g, '_'));
}

/** Gives signs of life of a worker until stopped, for workers of other machines on the same journal. */
export function showLife(journal: string, worker: string): { stop(): void } {
  const file = lifeFile(journal, worker);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, worker);
  const heartbeat = startHeartbeat(file, worker);
  return {
    stop() {
      heartbeat.stop();
      fs.rmSync(file, { force: true });
      try {
        fs.rmdirSync(path.dirname(file));
      } catch {
        // Other workers' files are still there.
      }
    },
  };
}

/**
 * Tells whether a trial's owner is still alive: on this machine by its process, elsewhere by the file it
 * touches. A foreign worker that never left such a file (Optuna's) is trusted to live.
 */
export function watchOwners(journal: string | undefined): { isAlive(owner: string): boolean } {
  const watches = new Map<string, FileWatch>();
  return {
    isAlive: (owner) => {
      const state = isAlive(owner);
      if (state !== 'unknown' || journal === undefined) return state !== 'dead';
      const watch = watches.get(owner) ?? watchFile(lifeFile(journal, owner));
      watches.set(owner, watch);
      return watch.look() !== 'silent';
    },
  };
}

/** A text that changes while any worker of a process (the holder of a lock, say) lives on a journal. */
export function signOfProcess(journal: string, process: string): string {
  const prefix = path.basename(lifeFile(journal, process));
  try {
    return fs
      .readdirSync(`${journal}.workers`)
      .filter((name) => name.startsWith(prefix))
      .map((name) => fs.statSync(path.join(`${journal}.workers`, name)).mtimeMs)
      .join();
  } catch {
    return '';
  }
}
