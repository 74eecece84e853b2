import { createRequire } from 'node:module';

/** Runs something while an export of the library is another function. */
export async function replaced<T>(
  module: string,
  name: string,
  by: (original: never) => unknown,
  run: () => Promise<T>,
): Promise<T> {
  const exported = createRequire(__filename)(module) as Record<string, unknown>;
  const original = exported[name];
  exported[name] = by(original as never);
  try {
    return await run();
  } finally {
    exported[name] = original;
  }
}
