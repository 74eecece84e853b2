import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { canonicalJson } from './canonicalJson';
import { fileError, inputError, messageOf } from './errors';
import { sleep } from './sleep';

/** A sibling of `target` that no reader takes for the finished file. */
export function temporaryName(target: string): string {
  return path.join(
    path.dirname(target),
    `.${path.basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`,
  );
}

/** What `link` answers on file systems without hard links (exFAT, FAT, some network shares and FUSE mounts). */
const NO_LINKS: ReadonlySet<unknown> = new Set([
  'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'EACCES',
]); // prettier-ignore

/**
 * Makes a file that did not exist, content and all, by a link: of several processes one succeeds, and one
 * that is killed in between leaves no empty file, which others would have to take for one being written. Where the file
 * system has no hard links the file is opened exclusively and written at once (see `createExclusively`).
 *
 * @returns whether this call made it; `exists` leaves the file as it is.
 * @throws the file system's error for any other failure.
 */
export function createExclusive(target: string, content: string): 'made' | 'exists' {
  const draft = `${target}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    fs.writeFileSync(draft, content);
    fs.linkSync(draft, target);
    return 'made';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') {
      // On NFS the answer to a link that was made may be lost and the repeated request be refused.
      return fs.statSync(draft).nlink === 2 ? 'made' : 'exists';
    }
    // A refusal of the draft itself is not a statement about links.
    if (!NO_LINKS.has(code) || (error as NodeJS.ErrnoException).syscall !== 'link') throw error;
    return createExclusively(target, content);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Milliseconds after which an empty file counts as left by a process that was killed before it wrote. */
const UNWRITTEN_MS = 2000;

/**
 * Makes a file that did not exist by an exclusive open. Between opening and writing others see an empty file; one that
 * stays empty for two seconds was left by a killed process, is removed and created again. A process that was stopped in
 * between and finds its file removed has not made it.
 */
function createExclusively(target: string, content: string): 'made' | 'exists' {
  for (;;) {
    let handle: number;
    try {
      handle = fs.openSync(target, 'wx');
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (!staysEmpty(target)) return 'exists';
      removeEmpty(target);
      continue;
    }
    try {
      fs.writeFileSync(handle, content);
      fs.fsyncSync(handle);
    } catch (error) {
      fs.rmSync(target, { force: true });
      throw error;
    } finally {
      fs.closeSync(handle);
    }
    return holds(target, content) ? 'made' : 'exists';
  }
}

function staysEmpty(file: string): boolean {
  const began = performance.now();
  for (;;) {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found === undefined || found.size > 0) return false;
    if (performance.now() - began > UNWRITTEN_MS) return true;
    sleep(20);
  }
}

/** Removes a file that is still empty; of several processes one at a time, since the next one may make it again. */
function removeEmpty(file: string): void {
  const claim = `${file}.empty`;
  try {
    fs.mkdirSync(claim);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    sleep(20);
    const found = fs.statSync(claim, { throwIfNoEntry: false });
    // A claim lasts microseconds, unless its process was killed.
    if (found === undefined || Date.now() - found.mtimeMs < 10_000) return;
  }
  if (fs.statSync(file, { throwIfNoEntry: false })?.size === 0) fs.rmSync(file, { force: true });
  fs.rmSync(claim, { recursive: true, force: true });
}

function holds(file: string, content: string): boolean {
  try {
    return fs.readFileSync(file, 'utf8') === content;
  } catch {
    return false;
  }
}

/**
 * Removes what killed processes left half-written anywhere below a folder. Only for a folder that no other
 * process writes to (hold its lock).
 */
export function removeTemporaries(folder: string): void {
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (/^\..+\.\d+\.[0-9a-f]{8}\.tmp$/.test(path.basename(name)))
      fs.rmSync(path.join(folder, name), { force: true });
  }
}

/**
 * Writes a whole file so that a reader sees the old content or the new, never a part: temporary name,
 * fsync, rename. The folder is made when missing. A generator's pieces are written one after another.
 *
 * @throws UserError (`input`) when the file cannot be written; the old content stays.
 */
export function writeFileAtomic(target: string, content: string | Uint8Array | Generator<string>): void {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    const handle = fs.openSync(temporary, 'w');
    try {
      const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for (const piece of pieces) fs.writeFileSync(handle, piece);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw inputError(
      `${target}: could not be written (${messageOf(error)}); free space or choose another output folder`,
      error,
    );
  }
}

/** JSON with two-space indent and a final newline, written atomically. Key order is the caller's. */
export function writeJson(target: string, value: unknown): void {
  writeFileAtomic(target, `${JSON.stringify(value, null, 2)}\n`);
}

/** Whether the last line of an open file was cut before its end, by a kill or a full disk: the next one would continue it. */
export function endsTorn(handle: number): boolean {
  const { size } = fs.fstatSync(handle);
  const last = Buffer.alloc(1, '\n');
  if (size > 0) fs.readSync(handle, last, 0, 1, size - 1);
  return last.toString('latin1') !== '\n';
}

/**
 * Reads and parses a JSON file.
 *
 * @throws UserError naming the file when it cannot be read (`fileError`) or is not JSON (`input`).
 */
export function readJson<T>(file: string): T {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw inputError(`${file}: is not valid JSON (${messageOf(error)})`, error);
  }
}

/** SHA-256 as 64 hexadecimal digits, of bytes, text, or any JSON value (by `canonicalJson`). */
export function sha256(value: unknown): string {
  const content = typeof value === 'string' || value instanceof Uint8Array ? value : canonicalJson(value);
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Opens a file for reading.
 *
 * @returns its handle, to be closed by the caller
 * @throws UserError naming the file when it cannot be opened (`fileError`).
 */
export function openForReading(file: string): number {
  try {
    return fs.openSync(file, 'r');
  } catch (error) {
    throw fileError(file, error);
  }
}

/** One read call takes at most 2 GiB. */
const LONGEST_READ = 1 << 30;

/** Fills `target` from byte `position` of an open file. Returns the bytes read: fewer only where the file ends. */
export function readFully(handle: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const wanted = Math.min(target.length - done, LONGEST_READ);
    const count = fs.readSync(handle, target, done, wanted, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/**
 * SHA-256 of a file's bytes, read in blocks of 1 MiB.
 *
 * @param onBlock called after every block, for a sign of life
 * @throws UserError naming the file when it cannot be read (`fileError`).
 */
export function sha256File(file: string, onBlock?: () => void): string {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(1 << 20);
  const handle = openForReading(file);
  try {
    for (;;) {
      const count = fs.readSync(handle, block, 0, block.length, null);
      if (count === 0) break;
      hash.update(block.subarray(0, count));
      onBlock?.();
    }
  } catch (error) {
    throw fileError(file, error);
  } finally {
    fs.closeSync(handle);
  }
  return hash.digest('hex');
}
