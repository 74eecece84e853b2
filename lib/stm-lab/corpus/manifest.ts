import * as fs from 'node:fs';
import * as path from 'node:path';
import { eachCsvRecord } from '../base/csvRecords';
import { inputError } from 'research-basics/errors';
import { sha256File } from 'research-basics/files';
import { KNOWN_COLUMNS, REQUIRED_COLUMNS } from './columns';
import { isFolder, readClassFolder } from './folder';
import { isInside } from './listing';
import { createRecordingFinder, showPath } from './recordings';
import { spellingWarnings } from './spelling';
import type { Manifest, ManifestProblem, ManifestRow } from './types';

/** What a manifest is read for, and how closely its recordings are looked at. */
export interface ReadManifestOptions {
  /**
   * `training` (default): fewer than two groups or two classes is an error, since nothing can be split.
   * `extraction`: the same is a warning, since features can be computed.
   */
  readonly purpose?: 'training' | 'extraction';
  /** `check` (default): a recording that is missing is a problem. `trust`: the disk is not asked. */
  readonly files?: 'check' | 'trust';
  /**
   * Where recordings may lie. `anywhere` (default): corpora are often on other disks, and a manifest only says what is
   * read as audio. `inside`: for a manifest of someone else; a recording outside of the manifest's folder, by an absolute
   * path, `..` or a symbolic link, is a problem.
   */
  readonly paths?: 'anywhere' | 'inside';
  /**
   * Column that names the collection of each recording. Default: `collection`, where there is one. Recordings whose cell
   * is empty count as one collection together, since nothing says that they are not.
   */
  readonly collection?: string | undefined;
}

/**
 * Reads a manifest: a table with one recording per line and the columns `path`, `label`, `group`
 * (required), `start_s` (seconds skipped, default 0), `collection` (where it was taken
 * from) and any others, which are kept as text. Paths are
 * relative to the manifest's own folder unless absolute. Cells are separated by commas, semicolons or tabs, in UTF-8,
 * UTF-16 or Windows-1252 (see `eachCsvRecord`). A path is found in another Unicode normal form, and without its
 * extension when exactly one recording has that name (see `createRecordingFinder`). A folder may be given too: its
 * `manifest.csv`, or else one sub-folder per class (see `readClassFolder`).
 *
 * A line that cannot be used becomes one problem and the others are read. Holds a million rows.
 *
 * @throws UserError (`input`) where nothing can continue: the file or a required column is missing, no
 *   line is usable, or (for training) all recordings share one group or one class.
 */
export function readManifest(file: string, options: ReadManifestOptions = {}): Manifest {
  const { purpose = 'training', files = 'check', paths = 'anywhere' } = options;
  if (isFolder(file)) {
    const inner = path.join(file, 'manifest.csv');
    if (fs.existsSync(inner)) return readManifest(inner, options);
    if (options.collection !== undefined)
      throw inputError(
        `${file}: a folder of classes has no column "${options.collection}"; write a manifest that names the collections`,
      );
    const found = readClassFolder(file, paths === 'inside' ? 'ignored' : 'followed');
    return { ...found, warnings: [...found.warnings, ...namesWarnings(file, found.rows, purpose)] };
  }
  if (!fs.existsSync(file))
    throw inputError(
      `${file}: there is no such file; give a CSV file with the columns path, label and group, or a folder of recordings: class/recording.wav or class/group/recording.wav`,
    );
  const folder = path.dirname(path.resolve(file));
  const rows: ManifestRow[] = [];
  const problems: ManifestProblem[] = [];
  const lineOfFile = new Map<string, number>();
  const interned = new Map<string, string>();
  let columns: Columns | undefined;

  // One copy of each label, group and repeated description, whatever the number of rows.
  const intern = (text: string): string => {
    const known = interned.get(text);
    if (known !== undefined) return known;
    interned.set(text, text);
    return text;
  };

  const find = createRecordingFinder();
  const form = eachCsvRecord(file, ({ line, cells: all, fault }) => {
    if (columns === undefined) {
      columns = readHeader(file, all, fault, options.collection);
      return;
    }
    // Spreadsheet programs write empty cells behind the last column, and rows of nothing else.
    const cells = withoutSurplus(all, columns.names.length);
    if (fault === undefined && cells.every((cell) => cell.trim() === '')) return;
    const written = cells[columns.path] ?? '';
    const refuse = (reason: string, cause?: 'environment'): void =>
      void problems.push({ line, path: written, reason, ...(cause === undefined ? {} : { cause }) });
    if (fault !== undefined) return refuse(`${fault}; write a quotation mark inside a cell twice`);
    if (cells.length !== columns.names.length)
      return refuse(
        `has ${cells.length} cells where the header has ${columns.names.length}; put cells that hold a comma in quotation marks`,
      );
    if (written.trim() === '') return refuse('the path is empty');
    const label = cells[columns.label]!;
    if (label.trim() === '') return refuse('the label is empty');
    const group = cells[columns.group]!;
    if (group.trim() === '')
      return refuse('the group is empty; name the speaker, artist or place, else splits would leak');
    const start = columns.start < 0 ? '' : cells[columns.start]!.trim();
    const startSeconds = start === '' ? 0 : Number(start.replace(/^(\d+),(\d+)$/, '$1.$2'));
    if (!Number.isFinite(startSeconds) || startSeconds < 0)
      return refuse(`start_s is "${start}"; give seconds as a number of 0 or more, or leave it empty`);
    let absolute = path.resolve(folder, written);
    const outside = (): boolean => paths === 'inside' && !liesInside(folder, absolute);
    const refuseOutside = (): void =>
      refuse(
        "lies outside of the manifest's folder; move it there, or read the manifest with paths anywhere",
      );
    // Before the disk is touched: an untrusted manifest must not reveal which files exist elsewhere.
    if (outside()) return refuseOutside();
    if (files === 'check') {
      const found = find(absolute);
      if ('reason' in found) return refuse(found.reason, found.cause);
      if (found.file !== absolute) {
        absolute = found.file;
        if (outside()) return refuseOutside();
      }
    }
    const first = lineOfFile.get(absolute);
    if (first !== undefined) return refuse(`is the same recording as line ${first}; keep one of them`);
    lineOfFile.set(absolute, line);
    rows.push({
      line,
      path: written,
      file: absolute,
      label: intern(label),
      group: intern(group),
      ...(columns.collection < 0 ? {} : { collection: intern(cells[columns.collection]!.trim()) }),
      startSeconds,
      extra: readExtra(columns, cells, intern),
    });
  });
  if (columns === undefined)
    throw inputError(`${file}: is empty; a header line with path,label,group was expected`);
  const warnings = unknownColumnWarnings((columns as Columns).names);
  if (form.foreign !== undefined)
    warnings.push(
      `${form.foreign.lines} lines (the first: line ${form.foreign.first}) are not UTF-8 and were read as Windows-1252 (Latin-1); save it as UTF-8 if names look wrong`,
    );
  if (rows.length === 0) throw noUsableRow(file, problems);
  warnings.push(...namesWarnings(file, rows, purpose));
  return { file: path.resolve(file), rows, problems, warnings, hash: sha256File(file) };
}

/** What is odd about the groups and labels; for training, too few of them are an error. */
function namesWarnings(
  file: string,
  rows: readonly ManifestRow[],
  purpose: 'training' | 'extraction',
): string[] {
  const groups = new Set(rows.map((row) => row.group));
  const labels = new Set(rows.map((row) => row.label));
  const few = tooFew(groups, labels);
  if (few.length > 0 && purpose === 'training') throw inputError(`${file}: ${few[0]!}`);
  return [...spellingWarnings('group', groups), ...spellingWarnings('label', labels), ...few];
}

/** Whether a file lies in a folder, links followed as far as they exist. */
function liesInside(folder: string, file: string): boolean {
  const real = (name: string): string => {
    try {
      return fs.realpathSync(name);
    } catch {
      return name === path.dirname(name) ? name : path.join(real(path.dirname(name)), path.basename(name));
    }
  };
  return isInside(folder, file) && isInside(real(folder), real(file));
}

/** Cells without the empty ones behind the last column. */
function withoutSurplus(cells: readonly string[], columns: number): readonly string[] {
  return cells.length > columns && cells.slice(columns).every((cell) => cell.trim() === '')
    ? cells.slice(0, columns)
    : cells;
}

interface Columns {
  readonly names: string[];
  readonly path: number;
  readonly label: number;
  readonly group: number;
  readonly start: number;
  /** -1 where nothing names collections. */
  readonly collection: number;
  readonly extra: readonly [name: string, index: number][];
}

function readHeader(
  file: string,
  cells: readonly string[],
  fault: string | undefined,
  collection: string | undefined,
): Columns {
  if (fault !== undefined) throw inputError(`${file}: in the header line, ${fault}`);
  const all = cells.map((name) => name.trim());
  // Columns without a name are nothing that a reader could mean; a spreadsheet program leaves them behind the last one.
  const names = all.slice(0, 1 + all.reduce((last, name, i) => (name === '' ? last : i), -1));
  for (const required of REQUIRED_COLUMNS) {
    if (!names.includes(required))
      throw inputError(
        `${file}: has no column "${required}" (its columns: ${names.join(', ')}); a manifest needs path, label and group`,
      );
  }
  const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice !== undefined) throw inputError(`${file}: duplicate column "${twice}"; rename one`);
  if (collection !== undefined && !names.includes(collection))
    throw inputError(
      `${file}: has no column "${collection}" to take collections from (its columns: ${names.join(', ')})`,
    );
  const used: string[] = [...REQUIRED_COLUMNS, 'start_s', 'collection'];
  return {
    names,
    path: names.indexOf('path'),
    label: names.indexOf('label'),
    group: names.indexOf('group'),
    start: names.indexOf('start_s'),
    collection: names.indexOf(collection ?? 'collection'),
    extra: names
      .map((name, i) => [name, i] as [string, number])
      .filter(([name]) => name !== '' && !used.includes(name)),
  };
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

function readExtra(
  columns: Columns,
  cells: readonly string[],
  intern: (text: string) => string,
): Readonly<Record<string, string>> {
  if (columns.extra.length === 0) return NOTHING;
  // Not by assignment: a column may be called __proto__.
  return Object.fromEntries(
    columns.extra.map(([name, index]) => {
      const text = cells[index]!;
      return [name, text.length <= 40 ? intern(text) : text];
    }),
  );
}

function unknownColumnWarnings(names: readonly string[]): string[] {
  return names
    .filter((name) => name !== '' && !KNOWN_COLUMNS.has(name))
    .map((name) => `column "${name}" is not one that any stage reads; it is kept as text`);
}

function noUsableRow(file: string, problems: readonly ManifestProblem[]): Error {
  const first = problems[0];
  return inputError(
    first === undefined
      ? `${file}: has a header but no recordings`
      : `${file}: none of its ${problems.length} lines can be used; the first, line ${first.line} (${showPath(first.path)}): ${first.reason}`,
  );
}

function tooFew(groups: ReadonlySet<string>, labels: ReadonlySet<string>): string[] {
  const sentences: string[] = [];
  if (groups.size === 1)
    sentences.push(
      `all recordings are in one group ("${[...groups][0]}"); name speakers, artists or places in the group column, else nothing can be held out`,
    );
  if (labels.size === 1)
    sentences.push(`all recordings have one label ("${[...labels][0]}"); at least two classes are needed`);
  return sentences;
}
