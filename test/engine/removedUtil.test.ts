import assert from 'node:assert/strict';
import { test } from 'node:test';
import { supplyRemovedUtil } from 'stm-lab/dist/engine/removedUtil';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- the module object itself is amended
const util = require('node:util') as Record<'isNullOrUndefined' | 'isArray', (value: unknown) => boolean>;

test('what tfjs-node calls of node:util works under every Node.js, without its deprecation warnings', async () => {
  const { isNullOrUndefined: before } = util;
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', listen);
  try {
    supplyRemovedUtil();
    assert.notEqual(util.isNullOrUndefined, before, "Node's own, which warns in 22, is replaced");
    assert.deepEqual([null, undefined, 0, ''].map(util.isNullOrUndefined), [true, true, false, false]);
    assert.deepEqual([[], {}, 'a'].map(util.isArray), [true, false, false]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  } finally {
    process.off('warning', listen);
  }
});
