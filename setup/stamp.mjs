import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pid } from 'node:process';

/** SHA-256 (16 digits) over the parts in order; a part that is `undefined` counts as absent. */
export function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part === undefined ? -1 : part.length}:`).update(part ?? '');
  return hash.digest('hex').slice(0, 16);
}

/** A file's bytes, or `undefined` when it is missing. */
export function contentOf(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Writes a file whole or not at all. */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

/** A JSON file as a value, or `undefined` when it is missing or damaged. */
export function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

export function writeStamp(file, value) {
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}

export function removeStamp(file) {
  rmSync(file, { force: true });
}
