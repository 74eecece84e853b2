import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileError, inputError } from 'research-basics/errors';

/**
 * The path of a file that an earlier stage wrote.
 *
 * @param folder results of that stage
 * @param command of the command line that writes the file, such as `split`
 * @throws UserError (`input`) naming the file and that command when it is missing.
 */
export function stageFile(folder: string, name: string, command: string): string {
  const file = path.join(folder, name);
  let found: fs.Stats | undefined;
  try {
    found = fs.statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(file, error);
  }
  if (found === undefined)
    throw inputError(
      `${file}: is missing; run "stm-lab ${command} --out ${folder}" first, or give the folder of an earlier run`,
    );
  return file;
}
