import * as path from 'node:path';
import { withoutUserInfo } from 'mlflow-tracking-client';

/**
 * The command that this process runs, as a reader can repeat it: "stm-lab ablate --size quick …". Paths below
 * the working folder are relative, others are cut to their last part, so that no home folder is published.
 * Undefined outside the command line (in a notebook, for example).
 */
export function commandText(argv: readonly string[] = process.argv): string | undefined {
  const [, program, ...args] = argv;
  if (program === undefined || !/^stm-lab(\.js)?$/.test(path.basename(program))) return undefined;
  return ['stm-lab', ...args.map(publicText)]
    .map((word) => (/[\s"']/.test(word) ? JSON.stringify(word) : word))
    .join(' ');
}

/** The command as a tag of a run. */
export function commandTag(): Record<string, string> {
  const text = commandText();
  return text === undefined ? {} : { 'stm.command': text };
}

/** A word of the command without what is private in it: folders outside of the working folder, and user data of an address. */
function publicText(word: string): string {
  const option = /^(--?[\w-]+=)(.*)$/s.exec(word);
  if (option !== null) return `${option[1]}${publicText(option[2]!)}`;
  if (/^file:/i.test(word)) return path.basename(word);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) return withoutUserInfo(word);
  const cut = (part: string): string => {
    // A "~" inside of a word reaches the program as it is.
    if (/^~/.test(part)) return path.basename(part);
    if (!path.isAbsolute(part) && !path.normalize(part).startsWith('..')) return part;
    const relative = path.relative(process.cwd(), path.resolve(part));
    return relative.startsWith('..') ? path.basename(part) : relative || '.';
  };
  // Lists of paths, as in "--axes /home/me/a.json,/home/me/b.json".
  return word
    .split(/([,;])/)
    .map(cut)
    .join('');
}
