/** Programs measured from outside: time, processor time and memory of a process and all its children. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';

/** What running a program took. */
export interface Measured {
  readonly code: number | null;
  readonly seconds: number;
  /** Of all its processes, to about half a second. */
  readonly processorSeconds: number;
  /** Largest sum over its processes at one time, and the largest single process; bytes of resident memory. */
  readonly peakBytes: number;
  readonly largestBytes: number;
  readonly err: string;
}

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // It has just ended.
  }
};

/** Parent of each process, from /proc. */
function treeOf(root: number): number[] {
  const parents = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(/\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1] ?? 0)] as const);
  const tree = [root];
  for (let i = 0; i < tree.length; i++)
    for (const [child, parent] of parents) if (parent === tree[i]) tree.push(child);
  return tree;
}

const TICKS = 100;

/**
 * Runs a program to its end, or for some seconds and then kills it with all its children (SIGKILL).
 *
 * @param killAfter seconds; default: it runs to its end.
 */
export function measured(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  killAfter?: number,
): Promise<Measured> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let [peakBytes, largestBytes] = [0, 0];
  let err = '';
  const processor = new Map<number, number>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-4000)));
  const sample = (): void => {
    const sizes = treeOf(child.pid!).map((pid) => {
      const [, user = '0', system = '0'] =
        /^\d+ \(.*\) (?:\S+ ){11}(\d+) (\d+)/s.exec(read(`/proc/${pid}/stat`)) ?? [];
      processor.set(pid, Math.max(processor.get(pid) ?? 0, Number(user) + Number(system)));
      return 1024 * Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    });
    largestBytes = Math.max(largestBytes, ...sizes);
    peakBytes = Math.max(
      peakBytes,
      sizes.reduce((sum, size) => sum + size, 0),
    );
  };
  const sampling = setInterval(sample, 400);
  const killing = setTimeout(
    () => process.kill(-child.pid!, 'SIGKILL'),
    killAfter === undefined ? 2 ** 31 - 1 : 1000 * killAfter,
  );
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(sampling);
      clearTimeout(killing);
      const processorSeconds = [...processor.values()].reduce((sum, own) => sum + own, 0) / TICKS;
      const seconds = (performance.now() - began) / 1000;
      resolve({ code, seconds, processorSeconds, peakBytes, largestBytes, err });
    });
  });
}
