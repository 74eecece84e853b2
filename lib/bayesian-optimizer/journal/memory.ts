import type { JournalRecord } from './records';
import { parseRecord } from './records';

/** Where a study's records go. */
export interface Journal {
  /** The journal file; undefined in memory. */
  readonly file: string | undefined;
  /** The records added, by anyone, since this was last called. */
  readNew(): JournalRecord[];
  /**
   * Adds records, all or (when the machine dies) a first part of them, and returns once they are on disk.
   *
   * @param allowed asked once nobody else can append, and after what others appended can be read: nothing is added
   *   where it says no.
   * @returns whether they were added.
   */
  append(records: readonly JournalRecord[], allowed?: () => boolean): boolean;
  /** Runs `body` while no other process is in an `exclusively` of this journal. Appending needs no such call. */
  exclusively<T>(body: () => T): T;
}

/** A journal that lives as long as the process. */
export function memoryJournal(): Journal {
  const records: JournalRecord[] = [];
  let read = 0;
  return {
    file: undefined,
    readNew: () => {
      const fresh = records.slice(read);
      read = records.length;
      return fresh;
    },
    append: (added, allowed) => {
      if (allowed?.() === false) return false;
      // Through text, as a file would: nothing of the caller's objects is shared.
      records.push(...added.map((record) => parseRecord(JSON.stringify(record))));
      return true;
    },
    exclusively: (body) => body(),
  };
}
