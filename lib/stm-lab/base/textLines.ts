import { isUtf8 } from 'node:buffer';
import * as fs from 'node:fs';
import { fileError, inputError, UserError } from 'research-basics/errors';
import { openForReading } from 'research-basics/files';

/** How the characters of a text file are written. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** What was found out about a text file while it was read. */
export interface TextForm {
  readonly encoding: TextEncoding;
  /** Lines that are not UTF-8 and were read as Windows-1252 (a superset of Latin-1), and the first of them. */
  readonly foreign?: { readonly lines: number; readonly first: number };
}

const BLOCK = 1 << 20;
const LF = 0x0a;
const CR = 0x0d;

/** First bytes of files that people take for tables. */
const NO_TEXT: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ['a compressed workbook (Excel or OpenDocument) or ZIP archive', [0x50, 0x4b, 0x03, 0x04]],
  ['an Excel 97-2003 workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['compressed (gzip)', [0x1f, 0x8b]],
  ['an Apache Parquet table', [0x50, 0x41, 0x52, 0x31]],
  ['a PDF document', [0x25, 0x50, 0x44, 0x46]],
];

/**
 * Reads a text file line by line in bounded memory. Lines end with LF or CR LF; with CR where the first mebibyte has no
 * LF at all (old Macintosh). UTF-16 is recognised by its byte-order mark, or by every other one of the first 16 bytes
 * being 0. In any other file each line is UTF-8 or else Windows-1252, since people append to a list with other programs.
 *
 * @param visit called with each line, without its end
 * @throws UserError naming the file: `input` when it is missing or no text (a workbook), `environment` when the
 *   system fails; and what the visitor throws.
 */
export function eachTextLine(file: string, visit: (text: string) => void): TextForm {
  const handle = openForReading(file);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    const read = (): Buffer => block.subarray(0, fs.readSync(handle, block, 0, BLOCK, null));
    const first = read();
    const magic = NO_TEXT.find(([, bytes]) => bytes.every((byte, i) => first[i] === byte));
    if (magic !== undefined)
      throw inputError(
        `${file}: is ${magic[0]}, not a table in text; save it as CSV (comma-separated, UTF-8)`,
      );
    const encoding = encodingOf(first);
    const lines = encoding === 'utf-8' ? byteLines(first, visit) : wideLines(first, encoding, visit);
    for (let piece = first; piece.length > 0; piece = read()) lines.push(piece);
    const foreign = lines.end();
    return { encoding, ...(foreign === undefined ? {} : { foreign }) };
  } catch (error) {
    // The visitor's own errors name the record already.
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw fileError(file, error);
  } finally {
    fs.closeSync(handle);
  }
}

interface LineReader {
  push(bytes: Buffer): void;
  end(): TextForm['foreign'];
}

function encodingOf(head: Buffer): TextEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  // A header begins with ASCII: in UTF-16 every other byte of that is 0.
  const pairs = 8;
  if (head.length < 2 * pairs) return 'utf-8';
  const zeros = (offset: number): number =>
    Array.from({ length: pairs }, (_, i) => head[2 * i + offset]!).filter((byte) => byte === 0).length;
  if (zeros(1) === pairs && zeros(0) === 0) return 'utf-16le';
  if (zeros(0) === pairs && zeros(1) === 0) return 'utf-16be';
  return 'utf-8';
}

/** Lines of bytes, decoded one by one only where a block is not UTF-8 as a whole. */
function byteLines(head: Buffer, visit: (text: string) => void): LineReader {
  const end = head.includes(LF) || !head.includes(CR) ? LF : CR;
  const latin = new TextDecoder('windows-1252');
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  let foreign = 0;
  let firstForeign = 0;
  const say = (text: string): void => {
    line++;
    const from = line === 1 && text.startsWith('\ufeff') ? 1 : 0;
    visit(text.slice(from, end === LF && text.endsWith('\r') ? -1 : undefined));
  };
  const sayBytes = (bytes: Buffer): void => {
    if (isUtf8(bytes)) return say(bytes.toString('utf8'));
    foreign++;
    if (foreign === 1) firstForeign = line + 1;
    say(latin.decode(bytes));
  };
  const sayWhole = (bytes: Buffer): void => {
    if (isUtf8(bytes)) {
      const lines = bytes.toString('utf8').split(end === LF ? '\n' : '\r');
      lines.pop();
      return lines.forEach(say);
    }
    for (let from = 0; from < bytes.length;) {
      const to = bytes.indexOf(end, from);
      sayBytes(bytes.subarray(from, to));
      from = to + 1;
    }
  };
  return {
    push(bytes) {
      const last = bytes.lastIndexOf(end);
      if (last < 0) {
        rest = Buffer.concat([rest, bytes]);
        return;
      }
      sayWhole(Buffer.concat([rest, bytes.subarray(0, last + 1)]));
      rest = Buffer.from(bytes.subarray(last + 1));
    },
    end() {
      if (rest.length > 0) sayBytes(rest);
      return foreign === 0 ? undefined : { lines: foreign, first: firstForeign };
    },
  };
}

/** Lines of UTF-16. */
function wideLines(
  head: Buffer,
  encoding: 'utf-16le' | 'utf-16be',
  visit: (text: string) => void,
): LineReader {
  const decoder = new TextDecoder(encoding);
  const beginning = new TextDecoder(encoding).decode(head);
  const end = beginning.includes('\n') || !beginning.includes('\r') ? '\n' : '\r';
  let rest = '';
  const say = (text: string): void => visit(end === '\n' && text.endsWith('\r') ? text.slice(0, -1) : text);
  return {
    push(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(end);
      rest = lines.pop()!;
      lines.forEach(say);
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') say(rest);
      return undefined;
    },
  };
}
