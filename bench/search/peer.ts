import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Space, Values } from 'bayesian-optimizer';
import { peerPython, type PeerName } from '../peerPython';

/** Other packages' methods, each with the Python environment that it runs in. */
export const peerMethods: Readonly<Record<string, PeerName>> = {
  'optuna-gp': 'torch',
  'optuna-tpe': 'torch',
  'optuna-tpe-multivariate': 'torch',
  halton: 'torch',
  botorch: 'torch',
  hebo: 'hebo',
  smac: 'smac',
};

export interface Peer {
  start(space: Space, method: string, seed: number, trials: number): Promise<void>;
  ask(): Promise<{ values: Values }>;
  tell(value: number): Promise<void>;
  close(): void;
}

/** The peers of one environment in a process of their own, one thread. */
export function startPeer(name: PeerName): Peer {
  const child = spawn(peerPython(name), [join(__dirname, 'peers.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' },
  });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  child.on('exit', () => waiting.splice(0).forEach(({ reject }) => reject(new Error(`${name} ended`))));
  const call = <T>(message: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve: (line) => resolve(JSON.parse(line) as T), reject });
      child.stdin.write(`${JSON.stringify(message)}\n`);
    });
  return {
    start: async (space, method, seed, trials) => {
      await call({ start: { space, method, seed, trials } });
    },
    ask: () => call({ ask: true }),
    tell: async (value) => {
      await call({ tell: value });
    },
    close: () => child.stdin.end(),
  };
}
