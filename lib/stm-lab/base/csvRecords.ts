import * as fs from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { inputError, messageOf, StmLabError } from './errors';
import { openForReading } from './files';

/** One record of a CSV file as `eachCsvRecord` found it. */
export interface CsvRecord {
  /** Line the record begins on, counted from 1. */
  readonly line: number;
  readonly cells: string[];
  /** Why the cells cannot be trusted, in words that follow "line 7: "; undefined for a sound record. */
  readonly fault: string | undefined;
}

const BLOCK = 1 << 20;
/** A quoted cell still open after so many lines is a stray quotation mark, not a long cell. */
const LONGEST_RECORD = 50;

/**
 * Reads a CSV file record by record in bounded memory (RFC 4180 quoting, UTF-8, byte-order mark allowed;
 * blank lines are passed over). Unlike `readCsv` it never gives up: a record whose quotation marks do not
 * match is handed over with a `fault`, and reading resumes on the next line.
 *
 * @param longestRecord Lines a record may span before its quotation mark counts as stray. Default 50.
 * @throws StmLabError (`input`) naming the file when it cannot be read.
 */
export function eachCsvRecord(
  file: string,
  visit: (record: CsvRecord) => void,
  longestRecord = LONGEST_RECORD,
): void {
  let line = 1;
  let open: string[] = [];
  const giveUpFirst = (): void => {
    const [first, ...rest] = open;
    visit({ line: line++, cells: [first!], fault: 'a quotation mark is never closed' });
    open = [];
    rest.forEach(feed);
  };
  const feed = (text: string): void => {
    if (open.length === 0 && text.indexOf('"') < 0) {
      if (text !== '') visit({ line, cells: text.split(','), fault: undefined });
      line++;
      return;
    }
    open.push(text);
    const scanned = scanRecord(open.join('\n'));
    if (scanned === 'open') {
      if (open.length >= longestRecord) giveUpFirst();
      return;
    }
    // A stray mark ends at the next line that holds one: blame the first line, keep the others.
    if (scanned.fault !== undefined && open.length > 1) return giveUpFirst();
    visit({ line, ...scanned });
    line += open.length;
    open = [];
  };
  eachLine(file, feed);
  while (open.length > 0) giveUpFirst();
}

function scanRecord(text: string): { cells: string[]; fault: string | undefined } | 'open' {
  const cells: string[] = [];
  let fault: string | undefined;
  for (let at = 0; ; at++) {
    if (text[at] === '"') {
      let cell = '';
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close < 0) return 'open';
        cell += text.slice(at + 1, close);
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      cells.push(cell);
      if (at < text.length && text[at] !== ',') {
        fault = `text follows the closing quotation mark of cell ${cells.length}`;
        at = indexOrEnd(text, at);
      }
    } else {
      const end = indexOrEnd(text, at);
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return { cells, fault };
  }
}

function indexOrEnd(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  return comma < 0 ? text.length : comma;
}

/**
 * Reads a text file line by line in bounded memory (UTF-8, byte-order mark allowed, `\n` or `\r\n`).
 *
 * @throws StmLabError (`input`) naming the file when it cannot be read.
 */
export function eachLine(file: string, visit: (text: string) => void): void {
  const handle = openForReading(file);
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    let atStart = true;
    for (;;) {
      const count = fs.readSync(handle, block, 0, BLOCK, null);
      let text = rest + (count === 0 ? decoder.end() : decoder.write(block.subarray(0, count)));
      if (atStart && text.length > 0) {
        text = text.replace(/^\ufeff/, '');
        atStart = false;
      }
      const lines = text.split('\n');
      rest = lines.pop()!;
      for (const line of lines) visit(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (count === 0) break;
    }
    if (rest !== '') visit(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
  } catch (error) {
    // What the visitor has to say of a record is said already.
    if (error instanceof StmLabError) throw error;
    throw inputError(`${file}: cannot be read (${messageOf(error)})`, error);
  } finally {
    fs.closeSync(handle);
  }
}
