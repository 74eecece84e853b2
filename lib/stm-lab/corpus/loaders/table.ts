import * as fs from 'node:fs';
import { eachCsvRecord } from '../../base/csvRecords';
import { eachTextLine } from '../../base/textLines';
import { inputError, messageOf } from 'research-basics/errors';
import type { CorpusTable } from './description';

/** Lines one quoted cell may span: artists' biographies run to hundreds. */
const LONGEST_RECORD = 1000;
/** Distinct texts of which one copy is shared. */
const MOST_INTERNED = 1 << 20;

/** What is read of a table, and where lines that cannot be read are reported. */
export interface ReadTableOptions {
  /** Columns to keep; some tables hold hundreds of megabytes of prose. Default: all. */
  readonly keep?: (column: string) => boolean;
  /** Called with a sentence for each line that is left out. Default: such a line is thrown. */
  readonly onFault?: (sentence: string) => void;
}

/**
 * Reads a corpus's own table as records of text, in bounded memory except for what is kept. Comma-separated tables follow
 * RFC 4180. Tab-separated ones are quoted when their header is; in all others a quotation mark is an ordinary
 * character, as sentences hold them. A JSON table is a list of objects. Space around cells is dropped, and so are
 * header lines where none is expected: at the top of a table that is described without one, or where tables were joined.
 *
 * @throws UserError (`input`) for a header or a JSON text that cannot be read, naming the file.
 */
export function readTable(
  file: string,
  table: Pick<CorpusTable, 'format' | 'header' | 'columns' | 'surplus'>,
  { keep = () => true, onFault }: ReadTableOptions = {},
): Record<string, string>[] {
  if (table.format === 'json') return readJsonTable(file, keep);
  const headerLines = table.columns === undefined ? (table.header ?? 1) : 0;
  const header: string[] = [...(table.columns ?? [])];
  const records: Record<string, string>[] = [];
  const interned = new Map<string, string>();
  // One copy of each text; a mere slice would keep the whole line it was cut from.
  const copy = (text: string): string => {
    const known = interned.get(text);
    if (known !== undefined) return known;
    const made = Buffer.from(text).toString();
    if (interned.size < MOST_INTERNED) interned.set(made, made);
    return made;
  };
  let seen = 0;
  const take = (cells: readonly string[], line: number, fault: string | undefined): void => {
    const trimmed = cells.map((cell) => cell.trim());
    if (seen++ < headerLines) {
      if (fault !== undefined) throw inputError(`${file}: line ${line}, in the header, ${fault}`);
      trimmed.forEach(
        (cell, i) => (header[i] = [header[i] ?? '', cell].filter((part) => part !== '').join('_')),
      );
      return;
    }
    if (repeatsHeader(trimmed, header, seen === 1 ? 0.5 : 1)) return;
    const tooMany = table.surplus !== 'ignored' && trimmed.slice(header.length).some((cell) => cell !== '');
    const wrong =
      fault ??
      (tooMany || trimmed.length < header.length
        ? `it has ${trimmed.length} cells where the header has ${header.length}`
        : undefined);
    if (wrong !== undefined) {
      const sentence = `${file}: line ${line} cannot be read: ${wrong}`;
      if (onFault === undefined) throw inputError(sentence);
      return onFault(sentence);
    }
    records.push(
      Object.fromEntries(
        header.flatMap((name, i): [string, string][] => (keep(name) ? [[name, copy(trimmed[i]!)]] : [])),
      ),
    );
  };
  if (table.format === 'csv')
    eachCsvRecord(file, ({ cells, line, fault }) => take(cells, line, fault), {
      longestRecord: LONGEST_RECORD,
      delimiter: ',',
    });
  else {
    let line = 0;
    let quoted: boolean | undefined;
    eachTextLine(file, (text) => {
      line++;
      if (text.trim() === '') return;
      const cells = text.split('\t');
      quoted ??= cells.some((cell) => /^".*"$/.test(cell));
      if (!quoted) return take(cells, line, undefined);
      const open = cells.find((cell) => cell.startsWith('"') && !/^"(?:[^"]|"")*"$/.test(cell));
      const fault =
        open === undefined ? undefined : `the quotation marks of ${open.slice(0, 60)} do not match`;
      take(
        cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)),
        line,
        fault,
      );
    });
  }
  return records;
}

/** Whether a line holds the names of the columns, at least a share of them and two, rather than a record. */
function repeatsHeader(cells: readonly string[], header: readonly string[], share: number): boolean {
  const fold = (text: string): string => text.toLowerCase();
  const same = header.filter((name, i) => fold(name) === fold(cells[i] ?? '')).length;
  return same >= Math.max(2, share * header.length);
}

function readJsonTable(file: string, keep: (name: string) => boolean): Record<string, string>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    throw inputError(`${file}: cannot be read as JSON (${messageOf(error)})`, error);
  }
  if (!Array.isArray(parsed)) throw inputError(`${file}: must hold a list of objects`);
  return parsed.map((entry: unknown, i) => {
    if (typeof entry !== 'object' || entry === null)
      throw inputError(`${file}: entry ${i + 1} is not an object`);
    const values = Object.entries(entry).filter(
      ([name, value]) => keep(name) && (typeof value === 'string' || typeof value === 'number'),
    );
    return Object.fromEntries(values.map(([name, value]) => [name, String(value).trim()]));
  });
}
