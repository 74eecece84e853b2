import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError, messageOf } from 'research-basics/errors';
import { createExclusive, endsTorn, sha256 } from 'research-basics/files';
import type { ProcessNote } from 'research-basics/process';
import { checkArtifactPath } from './artifacts';
import type { RemoteDataset, RunStatus } from './clientTypes';
import type { WireNumber } from './rules';

/**
 * The journal of a run: one JSON object a line, appended and never changed. It is the truth; what the
 * server holds is a copy of it. Beside `<name>.jsonl` lie `<name>.files/` (artifacts not yet sent),
 * `<name>.<server>.sent.json` (how far that server got) and, while someone sends, `<name>.lock`.
 */
export type JournalEntry =
  | StartEntry
  | { op: 'resume'; t: number; writer: ProcessNote }
  | { op: 'tags'; x: Record<string, string> }
  | { op: 'params'; x: Record<string, string> }
  /** Metrics of one call: time, step, values by name. */
  | ({ op: 'metrics'; t: number; s: number; x: Record<string, WireNumber> } & MetricSubject)
  /** Single points: name, value, time, step. */
  | { op: 'rows'; x: [string, WireNumber, number, number][] }
  | { op: 'dataset'; x: RemoteDataset }
  /** Models that the run used. */
  | { op: 'inputs'; models: ModelTarget[] }
  | ({ op: 'artifact' } & SpooledFile)
  | ModelEntry
  | { op: 'end'; t: number; status: RunStatus };

/** A model by the server's id, or by our own and the journal that holds it. */
export type ModelTarget = { id: string } | { uid: string; journal: string };

/** What metrics were measured of (`m`) and on (`d`: name and digest of a dataset). */
export interface MetricSubject {
  m?: ModelTarget;
  d?: [string, string];
}

export interface StartEntry {
  op: 'start';
  format: 1;
  /** 32 hexadecimal digits; also the run's tag `<namespace>.uid`, by which it is found on a server. */
  uid: string;
  /** Prefix of the tags that we set ourselves. Journals written before it was recorded have none. */
  namespace?: string;
  key?: string;
  name: string;
  experiment: string;
  /** The server's id of the experiment, in place of its name. */
  experimentId?: string;
  /** The server's id of the run, which someone else made. */
  runId?: string;
  experimentTags?: Record<string, string>;
  parent?: { uid: string; journal: string };
  tags: Record<string, string>;
  t: number;
  writer: ProcessNote;
}

/** A file to upload: its path among the run's artifacts, and the copy kept until it is sent. */
export interface SpooledFile {
  to: string;
  /** File name inside `<name>.files/`. */
  spool: string;
  bytes: number;
}

export interface ModelEntry {
  op: 'model';
  /** 32 hexadecimal digits; also the model's tag `<namespace>.uid`. */
  uid: string;
  name: string;
  t: number;
  files: SpooledFile[];
  /** The MLmodel file's content, without the ids that only the server knows. */
  mlmodel: Record<string, unknown>;
  params: Record<string, string>;
  tags?: Record<string, string>;
  type?: string;
  step?: number;
  registerAs?: string;
  alias?: string;
}

/** A file name for a run's key: the key itself where it is a plain name, else made safe and made unique by a hash. */
export function journalName(key: string): string {
  const safe = key
    .replace(/[^A-Za-z0-9_.-]+/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100);
  return safe === key ? key : `${safe}-${sha256(key).slice(0, 8)}`;
}

export interface JournalWriter {
  readonly file: string;
  /** Returns when the line is in the operating system's hands: a kill of this process cannot undo it. */
  append(entry: JournalEntry): void;
  /** Forces the journal to disk and gives its file handle back; a later append opens it again. */
  close(): void;
}

/**
 * Ends a line that was cut short. Not a newline alone: a line that lacks nothing else would come to count, although the
 * resumed run, which did not see it, writes it again.
 */
const SPOILT = '~\n';

/** How long a line may wait for the disk itself (power failure), in ms. */
const FSYNC_EVERY_MS = 1000;

/**
 * Makes a journal with its first line, whole or not at all.
 *
 * @returns `exists` when there is one already, which stays as it is.
 * @throws UserError (`environment`) when the disk refuses.
 */
export function createJournal(file: string, start: StartEntry): 'made' | 'exists' {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return createExclusive(file, `${JSON.stringify(start)}\n`);
  } catch (error) {
    throw environmentError(`${file}: the run journal cannot be made (${messageOf(error)})`, error);
  }
}

/**
 * Opens a journal for appending, making it when missing. Each append is one `write` in append mode, so
 * that it survives the death of the process at once, and is forced to disk within a second in the
 * background. A line cut short by an earlier death is spoilt and closed, and readers skip it.
 *
 * @throws UserError (`environment`) when the disk refuses.
 */
export function openJournal(file: string): JournalWriter {
  let handle: number | undefined;
  let torn = false;
  let timer: NodeJS.Timeout | undefined;

  const open = (): number => {
    if (handle !== undefined) return handle;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      handle = fs.openSync(file, 'a+');
      torn = endsTorn(handle);
      return handle;
    } catch (error) {
      throw environmentError(`${file}: the run journal cannot be opened (${messageOf(error)})`, error);
    }
  };

  const syncLater = (): void => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (handle !== undefined) fs.fsync(handle, () => undefined);
    }, FSYNC_EVERY_MS);
    timer.unref();
  };

  return {
    file,
    append(entry) {
      const target = open();
      const line = Buffer.from(`${torn ? SPOILT : ''}${JSON.stringify(entry)}\n`, 'utf8');
      let written = 0;
      try {
        while (written < line.length) written += fs.writeSync(target, line, written);
        torn = false;
      } catch (error) {
        if (written > 0) torn = true;
        throw environmentError(
          `${file}: the run journal cannot be written (${messageOf(error)}); free disk space or choose another folder`,
          error,
        );
      }
      syncLater();
    },
    close() {
      clearTimeout(timer);
      timer = undefined;
      if (handle === undefined) return;
      const closing = handle;
      handle = undefined;
      try {
        fs.fsyncSync(closing);
      } finally {
        fs.closeSync(closing);
      }
    },
  };
}

export interface ReadEntry {
  entry: JournalEntry;
  /** Byte offset after this line. */
  end: number;
}

/**
 * Whole lines of a journal from a byte offset, about `maxBytes` of them (at least one, when there is
 * one), and the offset after them. A last line without newline is left for later; a line that is not
 * JSON was cut by a crash (its call never returned) and is passed over.
 */
export function readEntries(
  file: string,
  offset: number,
  maxBytes = 1 << 20,
): { entries: ReadEntry[]; end: number } {
  const handle = fs.openSync(file, 'r');
  try {
    for (let size = maxBytes; ; size *= 4) {
      const block = Buffer.allocUnsafe(size);
      const count = fs.readSync(handle, block, 0, size, offset);
      const last = count === 0 ? -1 : block.lastIndexOf(0x0a, count - 1);
      if (last >= 0) return parseLines(block.subarray(0, last + 1), offset);
      if (count < size) return { entries: [], end: offset };
    }
  } finally {
    fs.closeSync(handle);
  }
}

function parseLines(block: Buffer, offset: number): { entries: ReadEntry[]; end: number } {
  const entries: ReadEntry[] = [];
  for (let start = 0; start < block.length;) {
    const stop = block.indexOf(0x0a, start);
    const text = block.toString('utf8', start, stop);
    start = stop + 1;
    try {
      const entry = JSON.parse(text) as JournalEntry;
      if (typeof entry?.op === 'string') entries.push({ entry, end: offset + start });
    } catch {
      // Cut by a crash.
    }
  }
  return { entries, end: offset + block.length };
}

/** The first entry of a journal. @throws UserError (`input`) when the file is not a run journal, or of a newer version. */
export function readStart(file: string): StartEntry {
  const first = readEntries(file, 0, 1 << 16).entries[0]?.entry;
  if (first?.op !== 'start')
    throw inputError(`${file}: is not a run journal (its first line is not a run start)`);
  if (first.format !== 1) {
    throw inputError(
      `${file}: journal format ${String(first.format)} is newer than this program; update mlflow-tracking-client`,
    );
  }
  return first;
}

/** The model of this identity in a journal; undefined when it holds none. */
export function findModel(file: string, uid: string): ModelEntry | undefined {
  for (let offset = 0; ;) {
    const { entries, end } = readEntries(file, offset);
    for (const { entry } of entries) if (entry.op === 'model' && entry.uid === uid) return entry;
    if (end === offset) return undefined;
    offset = end;
  }
}

/** All journals of a folder, by name. A missing folder has none. */
export function listJournals(folder: string): string[] {
  try {
    return fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
      .sort()
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

/** Where a journal's artifacts wait to be sent. */
export function spoolFolder(journal: string): string {
  return journal.replace(/\.jsonl$/, '.files');
}

/**
 * The copy that waits to be sent. A journal may come from another machine or person: what it names outside of its own
 * folder is neither sent nor removed.
 *
 * @throws UserError (`input`) for a name that no tracker gives, or a link.
 */
export function spooledFile(journal: string, { to, spool }: Pick<SpooledFile, 'to' | 'spool'>): string {
  checkArtifactPath(to);
  const file = path.join(spoolFolder(journal), String(spool));
  if (
    !/^[0-9a-f]{16}$/.test(spool) ||
    fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
  )
    throw inputError(
      `${journal}: the copy of artifact "${to}" would be ${JSON.stringify(spool)}, which is not a file of this journal; it is not sent`,
    );
  return file;
}
