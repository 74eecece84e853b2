import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError, messageOf } from 'research-basics/errors';
import { checkArtifactPath } from './artifacts';
import { spoolFolder, type SpooledFile } from './journal';

/** Keeps copies of what is to be uploaded beside a journal. */
export interface Spool {
  /** Copies a file under its path among the artifacts. */
  file(file: string, to: string): SpooledFile;
  bytes(bytes: Uint8Array, to: string): SpooledFile;
}

/**
 * Copies of files and texts that a journal will send, in a folder beside it.
 *
 * @throws UserError from the spool: (`input`) for what is not a file or cannot be read, (`environment`) where copies cannot be
 *   written.
 */
export function createSpool(journal: string): Spool {
  const keep = (write: (target: string) => void): { spool: string; bytes: number } => {
    const folder = spoolFolder(journal);
    const name = randomBytes(8).toString('hex');
    const target = path.join(folder, name);
    try {
      fs.mkdirSync(folder, { recursive: true });
      write(target);
      return { spool: name, bytes: fs.statSync(target).size };
    } catch (error) {
      fs.rmSync(target, { force: true });
      throw environmentError(
        `${target}: the artifact cannot be kept for sending (${messageOf(error)})`,
        error,
      );
    }
  };
  return {
    file(file, to) {
      checkArtifactPath(to);
      let kind: fs.Stats;
      try {
        kind = fs.statSync(file);
      } catch (error) {
        throw inputError(`${file}: cannot be logged as an artifact (${messageOf(error)})`, error);
      }
      if (!kind.isFile()) throw inputError(`${file}: is not a file; log folders with logFolder`);
      // Now, because the file may change before it is sent. A clone where the file system can (no bytes are copied), else a copy.
      return { to, ...keep((target) => fs.copyFileSync(file, target, fs.constants.COPYFILE_FICLONE)) };
    },
    bytes(bytes, to) {
      checkArtifactPath(to);
      return { to, ...keep((target) => fs.writeFileSync(target, bytes)) };
    },
  };
}

/** A path among artifacts: folder and name, with `/`. */
export function joinArtifactPath(folder: string, name: string): string {
  const clean = name.split(path.sep).join('/');
  return folder === '' ? clean : `${folder.replace(/\/+$/, '')}/${clean}`;
}

/**
 * Relative paths of all files under a folder, sorted.
 *
 * @throws UserError (`input`) for a folder that cannot be read, and a link that leads out of it.
 */
export function filesUnder(folder: string): string[] {
  let names: string[];
  try {
    names = fs.readdirSync(folder, { recursive: true }) as string[];
  } catch (error) {
    throw inputError(`${folder}: is not a folder that can be read (${messageOf(error)})`, error);
  }
  const root = fs.realpathSync(folder);
  return names
    .filter((name) => {
      const file = path.join(folder, name);
      if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
      if (!fs.realpathSync(file).startsWith(root + path.sep))
        throw inputError(
          `${file}: is a link that leads out of ${folder}; log that file by itself, or remove the link`,
        );
      return true;
    })
    .sort();
}
