import { eachTextLine, type TextForm } from './textLines';

/** One record of a CSV file as `eachCsvRecord` found it. */
export interface CsvRecord {
  /** Line the record begins on, counted from 1. */
  readonly line: number;
  readonly cells: string[];
  /** Why the cells cannot be trusted, in words that follow "line 7: "; undefined for a sound record. */
  readonly fault: string | undefined;
}

/** A quoted cell still open after this many lines is a stray quotation mark, not a long cell. */
const LONGEST_RECORD = 50;

/** Cells are separated by a comma, or as spreadsheet programs of other countries and TSV files have it. */
export type Delimiter = ',' | ';' | '\t';

/** How a file was found to be written. */
export interface TableForm extends TextForm {
  readonly delimiter: Delimiter;
}

/** How `eachCsvRecord` reads. */
export interface CsvOptions {
  /** Lines a record may span before its quotation mark counts as stray. Default 50. */
  readonly longestRecord?: number;
  /** Default `detect`: what the first line has most of outside of quotation marks; a line `sep=;` before it is obeyed. */
  readonly delimiter?: Delimiter | 'detect';
}

/**
 * Reads a CSV file record by record in bounded memory (RFC 4180 quoting; UTF-8 or UTF-16, with or without a byte-order
 * mark, see `eachTextLine`; blank lines are passed over). Unlike `readCsv` it never gives up: a record whose quotation
 * marks do not match is handed over with a `fault`, and reading resumes on the next line.
 *
 * @returns how the file is written.
 * @throws UserError (`input`) naming the file when it cannot be read or is not text.
 */
export function eachCsvRecord(
  file: string,
  visit: (record: CsvRecord) => void,
  { longestRecord = LONGEST_RECORD, delimiter: wanted = 'detect' }: CsvOptions = {},
): TableForm {
  let line = 1;
  let open: string[] = [];
  let delimiter: Delimiter | undefined = wanted === 'detect' ? undefined : wanted;
  const giveUpFirst = (): void => {
    const [first, ...rest] = open;
    visit({ line: line++, cells: [first!], fault: 'a quotation mark is never closed' });
    open = [];
    rest.forEach(feed);
  };
  const feed = (text: string): void => {
    if (delimiter === undefined && text !== '') {
      const declared = line === 1 ? /^sep=([,;\t])$/.exec(text) : null;
      delimiter = (declared?.[1] as Delimiter | undefined) ?? detectDelimiter(text);
      if (declared !== null) {
        line++;
        return;
      }
    }
    if (open.length === 0 && text.indexOf('"') < 0) {
      if (text !== '') visit({ line, cells: text.split(delimiter ?? ','), fault: undefined });
      line++;
      return;
    }
    open.push(text);
    const scanned = scanRecord(open.join('\n'), delimiter ?? ',');
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
  const form = eachTextLine(file, feed);
  while (open.length > 0) giveUpFirst();
  return { ...form, delimiter: delimiter ?? ',' };
}

function detectDelimiter(header: string): Delimiter {
  const bare = header.replaceAll(/"[^"]*"/g, '');
  const count = (character: string): number => bare.split(character).length;
  return ([',', ';', '\t'] as const).reduce((best, next) => (count(next) > count(best) ? next : best));
}

function scanRecord(
  text: string,
  delimiter: Delimiter,
): { cells: string[]; fault: string | undefined } | 'open' {
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
      if (at < text.length && text[at] !== delimiter) {
        fault = `text follows the closing quotation mark of cell ${cells.length}`;
        at = indexOrEnd(text, delimiter, at);
      }
    } else {
      const end = indexOrEnd(text, delimiter, at);
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return { cells, fault };
  }
}

function indexOrEnd(text: string, delimiter: Delimiter, from: number): number {
  const found = text.indexOf(delimiter, from);
  return found < 0 ? text.length : found;
}
