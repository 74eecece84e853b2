/**
 * Names that a reader would take for one but a computer takes for several: they differ only by case,
 * white space or Unicode normal form. A group spelled in two ways leaks from training into test.
 *
 * @returns one sentence for each set of such names, with code points shown where the names look alike.
 */
export function spellingWarnings(what: 'group' | 'label', names: Iterable<string>): string[] {
  const spellings = new Map<string, string[]>();
  for (const name of names) {
    const folded = foldName(name);
    const found = spellings.get(folded);
    if (found === undefined) spellings.set(folded, [name]);
    else found.push(name);
  }
  const consequence =
    what === 'group' ? 'the splits take them for different groups' : 'they count as classes of their own';
  return [...spellings.values()]
    .filter((found) => found.length > 1)
    .map(
      (found) =>
        `${what} ${found.map(showName).join(' and ')} look like one name in ${found.length} spellings; ${consequence}, so write it one way`,
    );
}

function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase().normalize('NFKC').trim().replaceAll(/\s+/gu, ' ');
}

function showName(name: string): string {
  if (name === name.normalize('NFC')) return JSON.stringify(name);
  const unusual = [...name]
    .filter((character) => /[^\x20-\x7e]/.test(character))
    .map((character) => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
  return `${JSON.stringify(name)} (with ${unusual.join(' ')})`;
}
