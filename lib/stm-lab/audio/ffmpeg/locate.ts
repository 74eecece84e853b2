import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, messageOf } from 'research-basics/errors';

/** An FFmpeg program that was found to run. */
export interface Ffmpeg {
  readonly program: string;
  /** As it says itself, e.g. `9.0.2` or `5.1.9-0+deb12u1`. */
  readonly version: string;
}

/** Environment variable that names the program to use. */
const VARIABLE = 'STM_LAB_FFMPEG';

/** How FFmpeg gets to where it is searched for. */
export const FFMPEG_CURE = `install it (apt install ffmpeg, brew install ffmpeg, or npm run reproduce in the workbench), or name the program in ${VARIABLE}`;

/** The program that the Python package imageio-ffmpeg carries, in the environment `.venv` of a folder above this one. */
function fromPython(): string[] {
  const found: string[] = [];
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const library = path.join(folder, '.venv', 'lib');
    if (!fs.existsSync(library)) continue;
    for (const python of fs.readdirSync(library)) {
      const binaries = path.join(library, python, 'site-packages', 'imageio_ffmpeg', 'binaries');
      if (!fs.existsSync(binaries)) continue;
      for (const name of fs.readdirSync(binaries))
        if (name.startsWith('ffmpeg')) found.push(path.join(binaries, name));
    }
  }
  return found;
}

function versionOf(program: string): Promise<Ffmpeg> {
  return new Promise((resolve, reject) => {
    execFile(program, ['-version'], { timeout: 30_000 }, (error, text) => {
      const version = /^ffmpeg version n?(\S+)/m.exec(text)?.[1];
      if (error !== null) reject(error);
      else if (version === undefined) reject(new Error('it does not say which version it is'));
      else resolve({ program, version });
    });
  });
}

async function locate(): Promise<Ffmpeg | undefined> {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') {
    try {
      return await versionOf(named);
    } catch (error) {
      throw environmentError(`${VARIABLE}: ${named} does not run as FFmpeg (${messageOf(error)})`, error);
    }
  }
  // The workbench's own first: its version is the same on every machine.
  for (const program of [...fromPython(), 'ffmpeg']) {
    try {
      return await versionOf(program);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

let located: { readonly named: string | undefined; readonly result: Promise<Ffmpeg | undefined> } | undefined;

/**
 * The FFmpeg program to use: the one that `STM_LAB_FFMPEG` names, else that of the workbench's Python environment, else
 * `ffmpeg` on the path. Undefined when there is none. Looked for once in a process, again while it is missing.
 *
 * @throws UserError (`environment`) when the named one does not run.
 */
export async function findFfmpeg(): Promise<Ffmpeg | undefined> {
  const named = process.env[VARIABLE];
  if (located === undefined || located.named !== named) located = { named, result: locate() };
  const current = located;
  try {
    const found = await current.result;
    if (found === undefined && located === current) located = undefined;
    return found;
  } catch (error) {
    if (located === current) located = undefined;
    throw error;
  }
}
