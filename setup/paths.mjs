import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The workbench: the folder that holds package.json. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');

/** Where this copy of the workbench keeps what set-up remembers: logs, the lock, failed attempts. */
export const workFolder = join(root, '.cache', 'setup');

/** Large files shared by every copy of the workbench of this user, kept when `node_modules` goes. */
export const cacheFolder =
  env.STM_LAB_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stm-lab');

/** The Python environment of this copy. */
export const venvFolder = join(root, '.venv');
export const venvPython = join(venvFolder, 'bin', 'python');
