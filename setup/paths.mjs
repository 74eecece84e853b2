import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** The workbench: the folder that holds package.json. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');

/** Folders of our own packages under `root`: each holds a package.json. */
export const packageFolders = readdirSync(join(root, 'lib'))
  .filter((name) => existsSync(join(root, 'lib', name, 'package.json')))
  .map((name) => join('lib', name))
  .sort();

/** Where this copy of the workbench keeps what set-up remembers: logs, the lock, failed attempts. */
export const workFolder = join(root, '.cache', 'setup');

/** Large files shared by every copy of the workbench of this user, kept when `node_modules` goes. */
export const cacheFolder =
  env.STM_LAB_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stm-lab');

/** The Python environment of this copy. */
export const venvFolder = join(root, '.venv');
export const venvPython = join(venvFolder, 'bin', 'python');
