import * as path from 'node:path';
import { compareCodePoints } from '../base/codePoints';
import { listRecordings } from './listing';

/**
 * Recordings of a folder and of all folders below it, links followed (see `listFiles`): those of a folder before those of
 * the folders in it, each sorted by code point.
 */
export function soundsBelow(folder: string): string[] {
  return listRecordings(folder)
    .map((file) => file.split('/'))
    .sort(compareSteps)
    .map((steps) => path.join(folder, ...steps));
}

function compareSteps(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; ; i++) {
    const [lastA, lastB] = [i === a.length - 1, i === b.length - 1];
    if (lastA !== lastB) return lastA ? -1 : 1;
    const order = compareCodePoints(a[i]!, b[i]!);
    if (order !== 0 || lastA) return order;
  }
}
