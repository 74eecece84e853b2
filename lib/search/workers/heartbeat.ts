import * as fs from 'node:fs';
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { leaseFile, leaseSeconds } from '../studyRecords';

/**
 * Touches a worker's file beside the journal from a thread of its own, so that the sign of life goes on
 * while an objective keeps the main thread busy; it ends with the process. Workers of other machines read it.
 */
export function startHeartbeat(journal: string, worker: string): { stop(): void } {
  const file = leaseFile(journal, worker);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '');
  const beat = `
    const { workerData } = require('node:worker_threads');
    const fs = require('node:fs');
    setInterval(() => { try { const now = new Date(); fs.utimesSync(workerData.file, now, now); } catch {} }, workerData.every);`;
  const thread = new Worker(beat, {
    eval: true,
    workerData: { file, every: (leaseSeconds * 1000) / 6 },
    execArgv: [],
  });
  thread.unref();
  return {
    stop: () => {
      void thread.terminate();
      fs.rmSync(file, { force: true });
      try {
        fs.rmdirSync(path.dirname(file));
      } catch {
        // Other workers' files are still there.
      }
    },
  };
}
