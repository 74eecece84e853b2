import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError, messageOf } from 'research-basics/errors';
import { endsTorn, sha256 } from 'research-basics/files';
import { eachTextLine } from '../../base/textLines';
import type { Accepted, Outcome, Unusable } from './messages';

/** One finished recording as the journal remembers it. */
interface Entry {
  /** Hash of content, parameters, offset and declared format. */
  readonly key: string;
  /** Hash of the file's bytes, and what the file system said of it then. */
  readonly hash: string;
  readonly stamp: string;
  readonly outcome: Outcome;
  /** Where its features lie in the record file, counted in rows; absent when rejected. */
  readonly record?: number;
  /** Rows it has there, when more than one: the recording's own and one for each excerpt. */
  readonly rows?: number;
  /** Hash of those features: a record that was not written whole is not believed. */
  readonly check?: string;
}

/** Finished work kept safe between runs. */
export interface Journal {
  /** Hash of a file's bytes, when the file has not changed since it was last hashed. */
  knownHash(stamp: string): string | undefined;
  /** The outcome kept under a key; never a failure, which is tried again. */
  find(key: string): Outcome | undefined;
  /** Remembers that a file has a hash (and so, if the key is known, its outcome). */
  noteHash(stamp: string, hash: string): void;
  /** Keeps a finished recording: features first, then the line that makes them count. */
  add(entry: {
    key: string;
    hash: string;
    stamp: string;
    outcome: Accepted | Unusable;
    features?: Float32Array;
  }): void;
  /** Features kept under a key: one row, or as many as were added. */
  features(key: string): Float32Array;
  close(): void;
}

/** Verdicts of the analysis itself in journals of earlier versions, which did not tell unusable from failed. */
const OLD_VERDICT = /^(too short: |no excerpt accepted: |holds samples that are not finite )/;

/**
 * The outcome of an entry as it counts today. A rejection of an earlier version whose reason may lie in the
 * surroundings (a missing decoder, a failing disk) does not count: the recording is tried again, once.
 */
function outcomeToday({ outcome }: Entry): Outcome | undefined {
  if (!('reason' in outcome) || (outcome.kind as string | undefined) === 'unusable') return outcome;
  const { reason } = outcome;
  return OLD_VERDICT.test(reason) ? { kind: 'unusable', reason } : undefined;
}

type Line = Entry | { hash: string; stamp: string };

/** A line with a checksum of itself, 16 hexadecimal digits, in front. */
function sealLine(value: unknown): string {
  const text = JSON.stringify(value);
  return `${sha256(text).slice(0, 16)} ${text}`;
}

/** What a line says; undefined when it was torn or damaged. */
function openLine(line: string): Line | undefined {
  const text = line.slice(17);
  const whole = text !== '' && sha256(text).slice(0, 16) === line.slice(0, 16);
  return whole ? (JSON.parse(text) as Line) : undefined;
}

/**
 * Opens the journal of an output folder: `journal.jsonl`, one line per finished recording, and `records-N.f32`,
 * their features (rows of N values). Both are only appended to and carry checksums: what a killed
 * process or a failing disk leaves torn or changed is not believed, and is computed again.
 *
 * @throws UserError (`input`) when they cannot be read or, later, written (full disk).
 */
export function openJournal(folder: string, rowLength: number): Journal {
  const lineFile = path.join(folder, 'journal.jsonl');
  const recordFile = path.join(folder, `records-${rowLength}.f32`);
  const rowBytes = rowLength * 4;
  const guard = <T>(file: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw inputError(
        `${file}: could not be read or written (${messageOf(error)}); free space and run again, finished recordings are kept`,
        error,
      );
    }
  };
  const lines = guard(lineFile, () => {
    fs.mkdirSync(folder, { recursive: true });
    return fs.openSync(lineFile, 'a+');
  });
  const records = guard(recordFile, () =>
    fs.openSync(recordFile, fs.constants.O_RDWR | fs.constants.O_CREAT),
  );

  const entries = new Map<string, Entry>();
  const hashes = new Map<string, string>();
  const readRecord = ({ record = 0, rows = 1 }: Entry): Float32Array => {
    const values = new Float32Array(rows * rowLength);
    const bytes = new Uint8Array(values.buffer);
    const count = fs.readSync(records, bytes, 0, bytes.length, record * rowBytes);
    return count === bytes.length ? values : new Float32Array();
  };
  const checkOf = (row: Float32Array): string =>
    sha256(new Uint8Array(row.buffer, row.byteOffset, row.byteLength)).slice(0, 16);

  // Line by line: a million recordings are more than one string holds.
  eachTextLine(lineFile, (line) => {
    const entry = openLine(line);
    if (entry === undefined) return;
    hashes.set(entry.stamp, entry.hash);
    if ('key' in entry) entries.set(entry.key, entry);
  });
  // A torn line would swallow the next one.
  guard(lineFile, () => {
    if (endsTorn(lines)) fs.writeSync(lines, '\n');
  });
  let next = guard(recordFile, () => Math.ceil(fs.fstatSync(records).size / rowBytes));

  const append = (value: unknown): void => {
    guard(lineFile, () => {
      const bytes = Buffer.from(`${sealLine(value)}\n`);
      for (let done = 0; done < bytes.length;) done += fs.writeSync(lines, bytes, done);
    });
  };
  const verified = new Set<string>();
  const isWhole = (entry: Entry): boolean => {
    if (entry.record === undefined || verified.has(entry.key)) return true;
    const values = readRecord(entry);
    // Earlier versions kept features that are not finite.
    if (checkOf(values) !== entry.check || !values.every(Number.isFinite)) return false;
    verified.add(entry.key);
    return true;
  };
  return {
    knownHash: (stamp) => hashes.get(stamp),
    find(key) {
      const entry = entries.get(key);
      return entry !== undefined && isWhole(entry) ? outcomeToday(entry) : undefined;
    },
    noteHash(stamp, hash) {
      if (hashes.get(stamp) === hash) return;
      hashes.set(stamp, hash);
      append({ hash, stamp });
    },
    add({ key, hash, stamp, outcome, features }) {
      let place: { record: number; rows?: number; check: string } | undefined;
      if (features !== undefined) {
        const record = next;
        const rows = features.length / rowLength;
        next += rows;
        const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
        guard(recordFile, () => {
          for (let done = 0; done < bytes.length;)
            done += fs.writeSync(records, bytes, done, bytes.length - done, record * rowBytes + done);
        });
        place = { record, ...(rows === 1 ? {} : { rows }), check: checkOf(features) };
        verified.add(key);
      }
      const entry: Entry = { key, hash, stamp, outcome, ...place };
      append(entry);
      entries.set(key, entry);
      hashes.set(stamp, hash);
    },
    features(key) {
      const entry = entries.get(key);
      if (entry?.record === undefined) throw new Error(`journal has no features under ${key}`);
      const values = guard(recordFile, () => readRecord(entry));
      if (checkOf(values) !== entry.check)
        throw inputError(
          `${recordFile}: changed while it was in use; see that nothing else writes there and run again`,
        );
      return values;
    },
    close() {
      fs.closeSync(lines);
      fs.closeSync(records);
    },
  };
}
