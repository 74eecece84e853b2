import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError, messageOf } from 'research-basics/errors';
import { withLock } from './lock';
import { signOfProcess } from './owners';
import type { Journal } from './memory';
import type { JournalRecord } from './records';
import { parseRecord } from './records';

/**
 * An append-only journal file (made when missing, with its folder). A last line torn by a crash is not
 * read and is cut off before the next append.
 *
 * @throws UserError (`input`) when the file cannot be opened, or a line before the last is damaged.
 */
export function fileJournal(file: string): Journal {
  const target = path.resolve(file);
  let offset = 0;
  let lines = 0;
  try {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.closeSync(fs.openSync(target, 'a'));
  } catch (error) {
    throw inputError(`${file}: the journal cannot be opened (${messageOf(error)})`, error);
  }

  /** Complete, readable lines after `offset`, and the bytes they take. */
  const parseTail = (bytes: Buffer): { records: JournalRecord[]; length: number } => {
    const records: JournalRecord[] = [];
    let length = 0;
    for (let start = 0; ;) {
      const end = bytes.indexOf(10, start);
      if (end < 0) break;
      try {
        records.push(parseRecord(bytes.toString('utf8', start, end)));
      } catch (error) {
        if (bytes.indexOf(10, end + 1) < 0) break;
        throw inputError(
          `${file}: line ${lines + records.length + 1} is damaged (${messageOf(error)}); delete that line, the study continues with the rest`,
          error,
        );
      }
      start = end + 1;
      length = start;
    }
    return { records, length };
  };

  const readTail = (): Buffer => {
    const handle = fs.openSync(target, 'r');
    try {
      const size = fs.fstatSync(handle).size;
      const bytes = Buffer.alloc(Math.max(0, size - offset));
      let filled = 0;
      while (filled < bytes.length) {
        const count = fs.readSync(handle, bytes, filled, bytes.length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    } finally {
      fs.closeSync(handle);
    }
  };

  const pending: JournalRecord[] = [];
  const advance = (): number => {
    const bytes = readTail();
    const { records, length } = parseTail(bytes);
    for (const record of records) pending.push(record);
    offset += length;
    lines += records.length;
    return bytes.length - length;
  };

  return {
    file: target,
    readNew: () => {
      advance();
      return pending.splice(0);
    },
    append: (records, allowed) => {
      const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
      return withLock(`${target}.lock`, () => {
        const torn = advance();
        if (allowed?.() === false) return false;
        if (torn > 0) fs.truncateSync(target, offset);
        const handle = fs.openSync(target, 'a');
        try {
          fs.writeFileSync(handle, text);
          fs.fsyncSync(handle);
        } finally {
          fs.closeSync(handle);
        }
        return true;
      });
    },
    exclusively: (body) =>
      withLock(`${target}.ask.lock`, body, {
        graceSeconds: 120,
        signOf: (holder) => signOfProcess(target, holder),
      }),
  };
}
