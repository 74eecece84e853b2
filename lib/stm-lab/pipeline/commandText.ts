import * as path from 'node:path';

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

function publicText(word: string): string {
  if (!path.isAbsolute(word)) return word;
  const relative = path.relative(process.cwd(), word);
  return relative.startsWith('..') ? path.basename(word) : relative || '.';
}
