import * as fs from 'node:fs';
import { eachCsvRecord } from '../../base/csvRecords';
import { inputError } from '../../base/errors';

/**
 * Reads a corpus's own table as records of text. Comma-separated tables follow RFC 4180; in
 * tab-separated ones a quotation mark is an ordinary character, as sentences hold them.
 *
 * @throws StmLabError (`input`) naming the line whose number of cells is not the header's.
 */
export function readTable(file: string, delimiter: ',' | '\t'): Record<string, string>[] {
  let header: readonly string[] | undefined;
  const records: Record<string, string>[] = [];
  const take = (cells: readonly string[], line: number): void => {
    if (header === undefined) {
      header = cells;
      return;
    }
    if (cells.length !== header.length)
      throw inputError(
        `${file}: line ${line} has ${cells.length} cells where the header has ${header.length}`,
      );
    records.push(Object.fromEntries(header.map((name, i) => [name, cells[i]!])));
  };
  if (delimiter === ',') eachCsvRecord(file, ({ cells, line }) => take(cells, line));
  else
    fs.readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .forEach((text, i) => {
        if (text !== '') take(text.split('\t'), i + 1);
      });
  return records;
}
