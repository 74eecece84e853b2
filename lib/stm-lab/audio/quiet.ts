import { AsyncLocalStorage } from 'node:async_hooks';

const quiet = new AsyncLocalStorage<true>();
let running = 0;
let original: Pick<Console, 'error' | 'warn'> | undefined;

/**
 * Runs a decoder that reports damage on the console as well as in its result: what it prints is dropped, what anything
 * else prints meanwhile is not.
 */
export async function withoutConsole<T>(work: () => T | Promise<T>): Promise<T> {
  if (running++ === 0) {
    const { error, warn } = console;
    original = { error, warn };
    const passing =
      (print: (...values: unknown[]) => void) =>
      (...values: unknown[]): void => {
        if (quiet.getStore() === undefined) print.apply(console, values);
      };
    Object.assign(console, { error: passing(error), warn: passing(warn) });
  }
  try {
    return await quiet.run(true, async () => work());
  } finally {
    if (--running === 0) Object.assign(console, original);
  }
}
