/**
 * Supplies the functions of `node:util` that tfjs-node 4.22 calls: `isNullOrUndefined` prints a deprecation warning (DEP0051)
 * in Node.js 22 and was removed in 23; `isArray` prints one (DEP0044) from 22 on and is removed in 26. Both do what they
 * always did. To be called before tfjs-node is loaded.
 */
export function supplyRemovedUtil(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the module object itself is amended
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
}
