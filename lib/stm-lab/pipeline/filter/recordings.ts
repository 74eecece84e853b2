import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { isFolder, listRecordings, readManifest } from '../../corpus';

/** A recording to be filtered. */
export interface FilterTask {
  readonly file: string;
  /** Path of its results without ending, relative to the folder of the results, with `/`. */
  readonly name: string;
}

/** What is filtered, and what a user should know of it. */
export interface FilterTasks {
  readonly tasks: readonly FilterTask[];
  /** Lines of a manifest that cannot be used, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Lists what is filtered: files by their own names, the recordings of a folder or manifest by their paths below it. Two of
 * one name are told apart by a number.
 *
 * @param inputs files, folders, and manifests (`.csv`, `.tsv`)
 * @throws UserError (`input`) when a path is missing, a folder holds no recording, or two results would replace a
 *   recording itself.
 */
export function filterTasks(inputs: readonly string[], out: string): FilterTasks {
  const found: FilterTask[] = [];
  const problems: string[] = [];
  for (const input of inputs) {
    if (isFolder(input)) {
      const recordings = listRecordings(input);
      if (recordings.length === 0) throw inputError(`${input}: holds no recording`);
      for (const inner of recordings)
        found.push({ file: path.join(input, inner), name: withoutEnding(inner) });
    } else if (/\.[ct]sv$/i.test(input)) {
      const manifest = readManifest(input, { purpose: 'extraction' });
      for (const { line, path: given, reason } of manifest.problems)
        problems.push(`${input}, line ${line}: ${given}: ${reason}`);
      for (const row of manifest.rows) found.push({ file: row.file, name: withoutEnding(row.path) });
    } else found.push({ file: input, name: withoutEnding(path.basename(input)) });
  }
  const used = new Set<string>();
  const tasks = found.map(({ file, name }) => {
    let own = name;
    // File systems may not tell upper from lower case.
    for (let count = 2; used.has(own.toLowerCase()); count++) own = `${name}-${count}`;
    used.add(own.toLowerCase());
    return { file, name: own };
  });
  refuseOverwriting(tasks, out);
  return { tasks, problems };
}

/** A path below the folder of results: nothing leads out of it. */
function withoutEnding(name: string): string {
  const steps = name
    .split(/[/\\]/)
    .filter((step) => !['', '.', '..'].includes(step) && !/^[a-z]:$/i.test(step));
  const inner = steps.join('/');
  return inner.slice(0, inner.length - path.posix.extname(inner).length);
}

function refuseOverwriting(tasks: readonly FilterTask[], out: string): void {
  const real = (file: string): string => {
    try {
      return fs.realpathSync(file);
    } catch {
      return path.resolve(file);
    }
  };
  const recordings = new Set(tasks.map(({ file }) => real(file)));
  for (const { name } of tasks) {
    const sound = real(path.join(out, `${name}.wav`));
    if (recordings.has(sound))
      throw inputError(
        `${sound}: the filtered sound would replace the recording; name another folder with --out`,
      );
  }
}
