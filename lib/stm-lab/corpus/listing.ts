import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints } from '../base/codePoints';
import { inputError } from 'research-basics/errors';
import { counted, withExamples } from './examples';

/** A file below a folder. */
export interface ListedFile {
  /** As the disk spells it, relative to the folder, with the system's separators as `/`. */
  readonly path: string;
  /**
   * As lists and patterns mean it: composed (NFC, where macOS stores decomposed names), and with `/` for the `\` that
   * archives made on Windows leave in names.
   */
  readonly name: string;
  /** For a file that was reached through a link and is listed under its folder's own path too: that path. */
  readonly alsoAt?: string;
}

/** What a folder and all folders below it hold. */
export interface Listing {
  /** Sorted by code point of their paths. */
  readonly files: readonly ListedFile[];
  /** One sentence each: links that lead nowhere, folders without permission, names that cannot be opened. */
  readonly problems: readonly string[];
}

/** Endings of recordings, whatever their case. */
const RECORDING = /\.(?:wave?|flac|mp3|ogg|oga|opus|m4a|aac|sph|aiff?|aifc|caf|w64|rf64|amr|wma|au|raw)$/i;

/** Whether a name has the ending of a recording, and is not a resource fork of macOS (`._name`). */
export function isRecordingName(name: string): boolean {
  return RECORDING.test(name) && !/(?:^|\/)\._[^/]*$/.test(name);
}

/** What operating systems, editors and file servers leave beside the files of a corpus. */
const LITTER =
  /^(?:\._.*|\.DS_Store|\.git|\.svn|\.hg|\.AppleDouble|\.Trash.*|\.Spotlight-V100|\.fseventsd|\.ipynb_checkpoints|\.snapshot|__MACOSX|@eaDir|#recycle|\$RECYCLE\.BIN|System Volume Information|lost\+found|Thumbs\.db|desktop\.ini)$/i;

/** Describes a file whose path is known, as `listFiles` does. */
export function listedFile(file: string): ListedFile {
  return { path: file, name: file.normalize('NFC').replaceAll('\\', '/') };
}

/**
 * Lists all files below a folder. Links to folders are entered, since corpora on clusters are often links to other
 * disks; a folder that is reached twice is listed at its own path and under the first link to it, and a link to a
 * folder that holds the root is not entered. The resource forks of macOS (`._name`, `__MACOSX`) and the like are not files
 * of a corpus and are passed over.
 *
 * @param options `links`: `followed` (default), or `ignored`: nothing outside of the folder is listed.
 * @throws UserError (`input`) when the root is not a folder that can be read.
 */
export function listFiles(
  root: string,
  { links = 'followed' }: { readonly links?: 'followed' | 'ignored' } = {},
): Listing {
  if (!fs.existsSync(root)) throw inputError(`${root}: there is no such folder`);
  if (!fs.statSync(root).isDirectory()) throw inputError(`${root}: is a file; a folder was expected`);
  const files: ListedFile[] = [];
  /** Where each folder was entered first, and whether a second time, by its real path. */
  const entered = new Map<string, { readonly at: string; twice: boolean }>();
  const [closed, nowhere, upwards, misspelt]: [string[], string[], string[], string[]] = [[], [], [], []];
  let waiting: string[] = [];
  const linked: string[] = [];

  const enter = (start: string): void => {
    const open = [start];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      let entries: fs.Dirent[];
      let real: string;
      try {
        real = fs.realpathSync(path.join(root, folder));
        entries = fs.readdirSync(real, { withFileTypes: true });
      } catch (error) {
        if (folder === '') throw inputError(`${root}: cannot be read (${(error as Error).message})`, error);
        closed.push(folder);
        continue;
      }
      const first = entered.get(real);
      if (first === undefined) entered.set(real, { at: folder, twice: false });
      else if (first.twice) continue;
      else first.twice = true;
      const take = (name: string, inner: string): void => {
        const file = listedFile(inner);
        files.push(first === undefined ? file : { ...file, alsoAt: below(first.at, name) });
      };
      for (const entry of entries) {
        const { name } = entry;
        if (LITTER.test(name)) continue;
        const inner = below(folder, name);
        if (name.includes('\ufffd') && !fs.existsSync(path.join(real, name))) misspelt.push(inner);
        else if (entry.isDirectory()) open.push(inner);
        else if (entry.isFile()) take(name, inner);
        else if (entry.isSymbolicLink() && links === 'followed' && first === undefined) {
          const target = statOf(path.join(real, name));
          if (target === undefined) nowhere.push(inner);
          else if (target.isFile()) linked.push(inner);
          else if (target.isDirectory()) waiting.push(inner);
        }
      }
    }
  };

  enter('');
  // Folders under their own paths come first, so that links only add what cannot be reached without them.
  while (waiting.length > 0) {
    const round = waiting.sort(compareCodePoints);
    waiting = [];
    for (const link of round) {
      const target = realPath(path.join(root, link));
      const holder = realPath(path.dirname(path.join(root, link)));
      if (target === undefined || holder === undefined) closed.push(link);
      else if (isInside(target, holder)) upwards.push(link);
      else if (!(entered.get(target)?.twice ?? false)) enter(link);
    }
  }
  const listed = new Set(files.map((file) => file.path));
  for (const link of linked) {
    const target = realPath(path.join(root, link)) ?? link;
    const holder = entered.get(path.dirname(target));
    const other = holder === undefined ? link : below(holder.at, path.basename(target));
    files.push(listed.has(other) ? { ...listedFile(link), alsoAt: other } : listedFile(link));
  }
  files.sort((a, b) => compareCodePoints(a.path, b.path));
  return {
    files,
    problems: [
      ...sentence(root, closed, 'folder', 'cannot be read; give yourself permission to it'),
      ...sentence(root, nowhere, 'link', 'leads nowhere; is its disk mounted?'),
      ...sentence(root, upwards, 'link', 'leads back to a folder that holds it and is not entered'),
      ...sentence(
        root,
        misspelt,
        'name',
        'is not UTF-8 and cannot be opened; rename it, for example with convmv',
      ),
    ],
  };
}

/** The recordings below a folder, each once. */
export function listRecordings(root: string): string[] {
  return listFiles(root)
    .files.filter(({ name, alsoAt }) => alsoAt === undefined && isRecordingName(name))
    .map((file) => file.path);
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function statOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

function realPath(file: string): string | undefined {
  try {
    return fs.realpathSync(file);
  } catch {
    return undefined;
  }
}

/** Whether `inner` is `outer` or lies below it. */
export function isInside(outer: string, inner: string): boolean {
  const way = path.relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}

function sentence(root: string, names: string[], what: string, says: string): string[] {
  if (names.length === 0) return [];
  const examples = withExamples([...names].sort(compareCodePoints));
  return [`${root}: ${counted(names.length, what)} left out, since each ${says}: ${examples}`];
}
