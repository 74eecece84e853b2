import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startThread } from './embedded';
import { heartbeatText } from './heartbeatText';

/** Seconds between two signs of life. */
export const BEAT_SECONDS = 5;
/** Seconds without a sign of life after which a process of another machine counts as dead. */
export const LEASE_SECONDS = 45;

/** What the thread receives. */
export interface HeartbeatOrder {
  readonly kind: 'start' | 'stop';
  readonly file: string;
  /** Touched only while the file holds this text: a lock that was taken over is not kept alive. */
  readonly content: string;
}

const beating = new Map<string, string>();
let thread: Worker | undefined;

/**
 * Touches a file every few seconds, from a thread, so that the signs of life continue while the main thread is busy; they
 * end with the process. Other machines that share the file system read them with `watchFile`.
 *
 * @param content what the file holds; another content ends the touching.
 */
export function startHeartbeat(file: string, content: string): { stop(): void } {
  const target = path.resolve(file);
  if (thread === undefined) {
    // Options of this process (a test runner's loader, --inspect) are not for the thread.
    thread = startThread(
      {
        caller: typeof __filename === 'string' ? __filename : undefined,
        compiledAs: 'dist/heartbeat.js',
        file: 'heartbeatThread.js',
        text: heartbeatText,
      },
      { workerData: BEAT_SECONDS * 1000, execArgv: [] },
    );
    thread.on('error', () => (thread = undefined));
    thread.unref();
  }
  beating.set(target, content);
  tell({ kind: 'start', file: target, content });
  return {
    stop() {
      if (beating.get(target) !== content) return;
      beating.delete(target);
      tell({ kind: 'stop', file: target, content });
      if (beating.size > 0) return;
      void thread?.terminate();
      thread = undefined;
    },
  };
}

function tell(order: HeartbeatOrder): void {
  thread?.postMessage(order);
}

/** What a watcher has seen of a file since it began. */
export interface FileWatch {
  /**
   * `fresh`: changed within the lease, or not yet watched for that long; `silent`: watched for a lease without any
   * change; `gone`: there is no file. By this process's own steady clock: other machines' clocks may differ or jump.
   */
  look(): 'fresh' | 'silent' | 'gone';
  /** Whether it has changed since the watch began. */
  changed(): boolean;
}

/** Watches another process's file for signs of life. */
export function watchFile(file: string, leaseSeconds: number = LEASE_SECONDS): FileWatch {
  let seen = signOf(file);
  let seenAt = performance.now();
  let changes = 0;
  return {
    look() {
      const now = signOf(file);
      if (now === undefined) return 'gone';
      if (now !== seen) {
        seen = now;
        seenAt = performance.now();
        changes++;
      }
      return performance.now() - seenAt < leaseSeconds * 1000 ? 'fresh' : 'silent';
    },
    changed: () => changes > 0,
  };
}

/** Changes with every touch. Opened rather than asked by name: an NFS client then asks the server, not its cache. */
function signOf(file: string): string | undefined {
  try {
    const handle = fs.openSync(file, 'r');
    try {
      const { ino, mtimeNs } = fs.fstatSync(handle, { bigint: true });
      return `${ino}-${mtimeNs}`;
    } finally {
      fs.closeSync(handle);
    }
  } catch {
    return undefined;
  }
}
