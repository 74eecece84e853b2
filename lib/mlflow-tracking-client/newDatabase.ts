import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, writeJson } from 'research-basics/files';
import { type ProcessNote, processState } from 'research-basics/process';

/** A database whose tables a server is still making: MLflow starts with no half of them. */
export interface NewDatabase {
  /** Notes the server that makes the tables. */
  madeBy(server: ProcessNote): void;
  /** The tables are there. */
  finished(): void;
}

/**
 * Makes sure that a server finds either a database that once answered, or none. Tables that a server was making when it was
 * killed are removed; no run can be in them. A database without such a note is never touched.
 *
 * @param kill ends a server that still makes tables for a process that is gone.
 */
export function newDatabase(folder: string, kill: (pid: number) => void): NewDatabase {
  const database = path.join(folder, 'mlflow.db');
  const note = `${database}.unfinished`;
  const isUnfinished = fs.existsSync(note);
  if (isUnfinished) {
    const server = readNote(note);
    if (server !== undefined && processState(server) === 'alive') kill(server.pid);
    for (const end of ['', '-journal', '-wal', '-shm']) fs.rmSync(`${database}${end}`, { force: true });
  }
  const isNew = !fs.existsSync(database);
  if (isNew) fs.writeFileSync(note, '{}\n');
  return {
    madeBy: (server) => {
      if (isNew) writeJson(note, server);
    },
    finished: () => fs.rmSync(note, { force: true }),
  };
}

/** The process noted in a file; undefined when there is no such file, or no process in it. */
export function readNote<Note extends ProcessNote>(file: string): Note | undefined {
  try {
    const note = readJson<Partial<Note>>(file);
    return typeof note.pid === 'number' ? (note as Note) : undefined;
  } catch {
    return undefined;
  }
}
