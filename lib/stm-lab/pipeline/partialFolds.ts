import * as fs from 'node:fs';
import * as path from 'node:path';
import { canonicalJson } from 'research-basics/canonicalJson';
import { writeFileAtomic } from 'research-basics/files';

/**
 * Empties a folder of finished folds unless they belong to this computation: folds of another model or other
 * features are of no use any more.
 *
 * @param identity any JSON value that says what is being computed.
 */
export function forgetOtherFolds(folder: string, identity: unknown): void {
  const file = path.join(folder, 'identity.json');
  const wanted = canonicalJson(identity);
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== wanted) {
    fs.rmSync(folder, { recursive: true, force: true });
    writeFileAtomic(file, wanted);
  }
}
