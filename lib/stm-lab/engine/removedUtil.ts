/**
 * Supplies the functions of `node:util` that tfjs-node 4.22 calls and newer Node.js lacks: `isNullOrUndefined` was removed in
 * Node.js 23; `isArray` prints a deprecation warning (DEP0044) from 22 on and is removed in 26. Both do what they always did.
 * To be called before tfjs-node is loaded.
 */
export function supplyRemovedUtil(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the module object itself is amended
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
}
