import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { isRecordingName } from './listing';

/** A recording's file, or why there is none, in words for a `ManifestProblem`. */
export type FoundRecording =
  | { readonly file: string }
  | {
      readonly reason: string;
      /** `environment`: the system did not let us look. */
      readonly cause?: 'environment';
    };

/** What the system says of a path that cannot be one of a recording. */
const PATH_FAULTS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'has a name that is too long for the file system',
  ELOOP: 'is a loop of symbolic links',
  ENOTDIR: 'lies below a file as if it were a folder',
};

/**
 * Looks for recordings by path. Names that differ in Unicode normal form alone (macOS writes a decomposed e + accent,
 * lists mostly the composed one) are the same; a path without an extension, as some lists have them, is the recording of
 * that name when there is exactly one. Folders that had to be listed are remembered by the finder.
 */
export function createRecordingFinder(): (file: string) => FoundRecording {
  const folders = new Map<string, FolderNames>();
  const namesIn = (folder: string): FolderNames => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const names = listFolder(folder);
    folders.set(folder, names);
    return names;
  };
  /** A path as it is spelled on the disk; undefined when there is none. */
  const spelled = (file: string): string | undefined => {
    if (fs.existsSync(file)) return file;
    const folder = path.dirname(file);
    const parent = folder === file ? undefined : spelled(folder);
    if (parent === undefined) return undefined;
    const found = namesIn(parent).byName.get(path.basename(file).normalize('NFC'));
    return found?.length === 1 ? path.join(parent, found[0]!) : undefined;
  };
  /** The recording that a path without extension means. */
  const extended = (file: string): FoundRecording | undefined => {
    if (isRecordingName(file)) return undefined;
    const folder = spelled(path.dirname(file));
    const found =
      folder === undefined ? [] : (namesIn(folder).byStem.get(path.basename(file).normalize('NFC')) ?? []);
    if (found.length > 1)
      return { reason: `could be ${found.join(' or ')}; write the path with its extension` };
    return found.length === 1 ? { file: path.join(folder!, found[0]!) } : undefined;
  };
  const find = (file: string): FoundRecording => {
    if (file.includes('\0')) return { reason: 'holds a NUL character; write the path without it' };
    try {
      const found = fs.statSync(file, { throwIfNoEntry: false });
      if (found?.isFile() === true) return { file };
      const other = extended(file);
      if (other !== undefined) return other;
      if (found !== undefined) return { reason: 'is not a file' };
      const elsewhere = spelled(file);
      // A link that leads nowhere is spelled as it is.
      if (elsewhere !== undefined && elsewhere !== file) return find(elsewhere);
      return file.includes('\\') ? find(file.replaceAll('\\', '/')) : { reason: 'there is no such file' };
    } catch (error) {
      const fault = PATH_FAULTS[(error as NodeJS.ErrnoException).code ?? ''];
      if (fault !== undefined) return { reason: fault };
      return { reason: `could not be checked (${messageOf(error)}); try again`, cause: 'environment' };
    }
  };
  return find;
}

interface FolderNames {
  /** Names by their composed form. */
  readonly byName: ReadonlyMap<string, readonly string[]>;
  /** Names of recordings by their composed form without extension. */
  readonly byStem: ReadonlyMap<string, readonly string[]>;
}

function listFolder(folder: string): FolderNames {
  const byName = new Map<string, string[]>();
  const byStem = new Map<string, string[]>();
  const note = (map: Map<string, string[]>, key: string, name: string): void => {
    const found = map.get(key);
    if (found === undefined) map.set(key, [name]);
    else found.push(name);
  };
  for (const name of fs.readdirSync(folder)) {
    const composed = name.normalize('NFC');
    note(byName, composed, name);
    if (isRecordingName(composed)) note(byStem, composed.slice(0, -path.extname(composed).length), name);
  }
  return { byName, byStem };
}

/** A path as it is shown in a message: at most 120 characters, without line ends and other control characters. */
export function showPath(written: string): string {
  const clean = written.replaceAll(
    // eslint-disable-next-line no-control-regex -- these are what is to be shown
    /[\x00-\x1f\x7f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return clean.length <= 120 ? clean : `${clean.slice(0, 80)}…${clean.slice(-30)}`;
}
