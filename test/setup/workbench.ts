import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

/** The folder that holds package.json. */
export const root = path.resolve(__dirname, '..', '..');

/** Address of a file of setup/, for `import()`: those are plain JavaScript modules without declarations. */
export function setupModule(name: string): string {
  return pathToFileURL(path.join(root, 'setup', name)).href;
}

/** A new folder inside the workbench, so that notebooks in it find the packages; removed after the test. */
export function temporaryFolder(context: TestContext): string {
  const parent = path.join(root, '.cache', 'test');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, 'setup-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
