import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Space, Values } from 'bayesian-optimizer';

/** The version of Optuna that a Python holds. */
export function optunaVersion(python: string): string {
  const program = 'import optuna; print(optuna.__version__)';
  return execFileSync(python, ['-c', program], { encoding: 'utf8' }).trim();
}

export interface Peer {
  start(space: Space, sampler: 'gp' | 'tpe', seed: number): Promise<void>;
  ask(): Promise<{ values: Values }>;
  tell(value: number): Promise<void>;
  close(): void;
}

/** Optuna in a process of its own, one thread. */
export function startPeer(python: string): Peer {
  const child = spawn(python, [join(__dirname, 'optunaPeer.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  const call = <T>(message: unknown): Promise<T> =>
    new Promise((resolve) => {
      waiting.push((line) => resolve(JSON.parse(line) as T));
      child.stdin.write(`${JSON.stringify(message)}\n`);
    });
  return {
    start: async (space, sampler, seed) => {
      await call({ start: { space, sampler, seed } });
    },
    ask: () => call({ ask: true }),
    tell: async (value) => {
      await call({ tell: value });
    },
    close: () => child.stdin.end(),
  };
}
