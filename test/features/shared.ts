import * as fs from 'node:fs';
import * as path from 'node:path';

const root = path.resolve(__dirname, '..', '..');

/** Reference data beside the repository, or `undefined` (the test says that it skips). */
export function sharedFolder(...parts: string[]): string | undefined {
  const folder = path.join(process.env.STM_SHARED ?? path.join(root, '..', 'shared'), ...parts);
  return fs.existsSync(folder) ? folder : undefined;
}

/** Golden data kept in the repository. */
export function goldenFolder(...parts: string[]): string {
  return path.join(root, 'test', 'golden', ...parts);
}

/** Largest magnitude of the difference. */
export function maxError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
