import * as fs from 'node:fs';

/**
 * What the file system says of a file: changes whenever the content does (the change time cannot be set back), so
 * that an unchanged file need not be read again to know its hash.
 *
 * @throws the file system's error when the file is missing.
 */
export function fileStamp(file: string): string {
  const { ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  return `${ino}-${size}-${mtimeNs}-${ctimeNs}`;
}
