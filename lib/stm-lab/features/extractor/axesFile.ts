import * as fs from 'node:fs';
import { writeFileAtomic } from 'research-basics/files';

/** Significant digits: fewer than those in which `Math.exp` and its kin differ between versions of Node.js. */
const DIGITS = 12;

const text = (axes: unknown): string =>
  JSON.stringify(
    axes,
    (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value),
    2,
  ) + '\n';

/**
 * Writes the axes of a feature matrix, numbers to 12 significant digits, so that the file has the same bytes under every
 * version of Node.js. A file that holds the same axes in more digits stays as it is: what was computed from it stays valid.
 */
export function writeAxes(file: string, axes: unknown): void {
  const wanted = text(axes);
  let present: string | undefined;
  try {
    present = text(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    // There is none, or none that can be read.
  }
  if (present !== wanted) writeFileAtomic(file, wanted);
}
