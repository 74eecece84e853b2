import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Task } from './results';
import type { Ending } from './searches';

/**
 * Runs tasks in `jobs` processes, each with peers of its own; `done` hears of every ending as it comes. Rejects when a
 * process ends before its work does.
 */
export async function runTasks(
  tasks: readonly Task[],
  jobs: number,
  done: (task: Task, ending: Ending) => void,
): Promise<void> {
  const queue = [...tasks];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(join(__dirname, 'worker.ts'));
      let current: Task | undefined;
      const next = (): void => {
        current = queue.shift();
        if (current) child.send(current);
        else child.disconnect();
      };
      child.on('message', (ending: Ending) => {
        done(current!, ending);
        next();
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (current) reject(new Error(`${JSON.stringify(current)}: ended with ${signal ?? code}`));
        else resolve();
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work));
}
