import { sha256 } from 'research-basics/files';

/** Longest name in bytes of UTF-8: file systems take 255, and temporary names need room. */
const LONGEST = 80;
const REFUSED = /[^\p{L}\p{N}_.-]+/gu;
const PLAIN = /^[\p{Ll}\p{Lo}\p{N}_][\p{Ll}\p{Lo}\p{N}_.-]*$/u;

/**
 * The name of a file or folder for something that someone named. Different names have different files, also on file
 * systems without regard to case: a name of small letters, digits and `_ . -` is its own; any other becomes what is
 * readable of it and 8 digits of its SHA-256 ("C#" is "C-6ffd81af").
 */
export function fileName(name: string): string {
  const plain =
    PLAIN.test(name) &&
    name === name.normalize('NFC') &&
    !/\.$|-[0-9a-f]{8}$/.test(name) &&
    !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/.test(name) &&
    Buffer.byteLength(name) <= LONGEST;
  if (plain) return name;
  const readable = readableName(name, LONGEST - 9);
  return `${readable === '' ? 'name' : readable}-${sha256(name).slice(0, 8)}`;
}

/** What a file system takes of a name, letters and digits of any script, cut to a length in bytes; may be empty. */
export function readableName(name: string, longest: number): string {
  let readable = '';
  for (const character of name.normalize('NFC').replace(REFUSED, '_')) {
    if (Buffer.byteLength(readable + character) > longest) break;
    readable += character;
  }
  return readable.replace(/^[_.]+|[_.]+$/g, '');
}
