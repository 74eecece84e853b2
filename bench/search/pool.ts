import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Task } from './results';

/**
 * Runs tasks in `jobs` processes, each with an Optuna of its own when `python` is given; `done` hears of
 * every regret as it comes. Rejects when a process ends before its work does.
 */
export async function runTasks(
  tasks: readonly Task[],
  jobs: number,
  python: string | undefined,
  done: (task: Task, regret: number) => void,
): Promise<void> {
  const queue = [...tasks];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(join(__dirname, 'worker.ts'), python === undefined ? [] : [python]);
      let current: Task | undefined;
      const next = (): void => {
        current = queue.shift();
        if (current) child.send(current);
        else child.disconnect();
      };
      child.on('message', ({ regret }: { regret: number }) => {
        done(current!, regret);
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
