import { isRecordingName, type ListedFile } from '../listing';

/** Finds entries by name: as it is written, else whatever its case where only one fits. */
export interface Lookup<T> {
  /** Adds an entry; the first of a name counts. Returns the entry that has it already, if any. */
  add(name: string, entry: T): T | undefined;
  get(name: string): T | undefined;
}

/** An empty lookup. */
export function createLookup<T>(): Lookup<T> {
  const exact = new Map<string, T>();
  const folded = new Map<string, T | undefined>();
  return {
    add(name, entry) {
      const known = exact.get(name);
      if (known !== undefined) return known;
      exact.set(name, entry);
      const fold = name.toLowerCase();
      folded.set(fold, folded.has(fold) ? undefined : entry);
      return undefined;
    },
    get: (name) => exact.get(name) ?? folded.get(name.toLowerCase()),
  };
}

/**
 * Files by the paths that tables and lists write: with `\` or `./`, decomposed, in another case, without an ending, or
 * with that of the format before the corpus was converted.
 */
export function fileLookup(files: readonly ListedFile[]): (written: string) => ListedFile | undefined {
  const whole = createLookup<ListedFile>();
  const bare = createLookup<ListedFile>();
  const withoutEnding = (name: string): string =>
    isRecordingName(name) ? name.replace(/\.[^.]*$/, '') : name;
  // A file that is reached by a link only stands in where there is no other.
  for (const linked of [false, true])
    for (const file of files) {
      if ((file.alsoAt !== undefined) !== linked) continue;
      whole.add(file.name, file);
      if (isRecordingName(file.name)) bare.add(withoutEnding(file.name), file);
    }
  return (written) => {
    const name = written
      .normalize('NFC')
      .replaceAll('\\', '/')
      .replace(/^(?:\.\/)+/, '');
    return whole.get(name) ?? bare.get(withoutEnding(name));
  };
}
