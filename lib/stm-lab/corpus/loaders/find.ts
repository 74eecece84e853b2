import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import type { ListedFile } from '../listing';
import type { CorpusLayout, CorpusTable, LeaveOutRule } from './description';
import { createLookup, fileLookup } from './lookup';
import { fill, namesIn, type Values } from './rules';
import { readTable } from './table';

/** A recording on disk and what its path, the corpus's table and the text beside it say of it. */
export interface FoundRecording {
  readonly file: ListedFile;
  readonly values: Values;
}

export interface Found {
  readonly recordings: readonly FoundRecording[];
  /** What a table lists and the disk does not hold: paths, or the table's keys. */
  readonly missing: readonly string[];
  /** Recordings that the table describes twice, not the same way. */
  readonly ambiguous: readonly string[];
  /** Recordings that the corpus gives no annotation beside. */
  readonly unannotated: readonly ListedFile[];
  /** Recordings that the layout's `leave_out` leaves out. */
  readonly excluded: readonly ListedFile[];
  /** A sentence for each line of a table that cannot be read. */
  readonly faults: readonly string[];
}

/**
 * Finds the recordings of a layout among the files below a root.
 *
 * @throws UserError (`input`) when the layout's table is missing, or cannot be read at all.
 */
export function findRecordings(files: readonly ListedFile[], root: string, layout: CorpusLayout): Found {
  const { files: pattern, table, beside } = layout;
  const found =
    table === undefined
      ? { ...NOTHING, recordings: matching(files, pattern!) }
      : pattern === undefined
        ? listedByTable(files, root, layout, table)
        : describedByTable(matching(files, pattern), files, root, layout, table);
  const once = withoutAliases(found.recordings);
  return beside === undefined
    ? { ...found, recordings: once }
    : { ...found, ...annotated(once, files, root, beside) };
}

const NOTHING: Omit<Found, 'recordings'> = {
  missing: [],
  ambiguous: [],
  unannotated: [],
  excluded: [],
  faults: [],
};

function matching(files: readonly ListedFile[], source: string): FoundRecording[] {
  const pattern = new RegExp(source, 'iu');
  return files.flatMap((file) => {
    const match = pattern.exec(file.name);
    if (match === null) return [];
    // Groups of a part of the pattern that is optional are undefined.
    const named = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
    return [{ file, values: Object.fromEntries(named) }];
  });
}

/** A recording that is found at its own path and through a link counts once. */
function withoutAliases(recordings: readonly FoundRecording[]): FoundRecording[] {
  const own = new Set(recordings.map(({ file }) => file.path));
  return recordings.filter(({ file }) => file.alsoAt === undefined || !own.has(file.alsoAt));
}

function annotated(
  recordings: readonly FoundRecording[],
  files: readonly ListedFile[],
  root: string,
  ending: string,
): Pick<Found, 'recordings' | 'unannotated'> {
  const textOf = fileLookup(files);
  const unannotated: ListedFile[] = [];
  const described = recordings.flatMap(({ file, values }): FoundRecording[] => {
    const text = textOf(file.name.replace(/\.[^.]*$/, ending));
    const words =
      text === undefined || !text.name.toLowerCase().endsWith(ending)
        ? ''
        : fs.readFileSync(path.join(root, text.path), 'utf8').replace(/^\ufeff/, '');
    const beside = words.trim().replaceAll(/\s+/g, ' ');
    if (beside !== '') return [{ file, values: { ...values, beside } }];
    unannotated.push(file);
    return [];
  });
  return { recordings: described, unannotated };
}

/** Records of all tables of the corpus, with the named groups of the table's path. */
function records(
  files: readonly ListedFile[],
  root: string,
  layout: CorpusLayout,
  table: CorpusTable,
): { readonly records: readonly FoundRecording[]; readonly faults: readonly string[] } {
  const tables = withoutAliases(matching(files, table.file));
  if (tables.length === 0)
    throw inputError(
      `${root}: holds no ${readable(table.file)}, the corpus's own table; put it there as it is published`,
    );
  const names = namesIn(layout);
  const scored = layout.leave_out === undefined ? undefined : new RegExp(layout.leave_out.columns, 'u');
  const keep = (name: string): boolean => names.has(name) || (scored?.test(name) ?? false);
  const faults: string[] = [];
  const onFault = (sentence: string): void => void faults.push(sentence);
  const found = tables.flatMap(({ file, values }) =>
    readTable(path.join(root, file.path), table, { keep, onFault }).map((record) => ({
      file,
      values: { ...values, ...record },
    })),
  );
  return { records: found, faults };
}

/** A pattern over paths as a reader would write the path. */
function readable(pattern: string): string {
  return pattern
    .replaceAll(/\(\?:\.\*\/\)\?/g, '')
    .replaceAll(/\(\?<(\w+)>[^()]*\)/g, '<$1>')
    .replaceAll(/[\^$\\]/g, '');
}

function listedByTable(
  files: readonly ListedFile[],
  root: string,
  layout: CorpusLayout,
  table: CorpusTable,
): Found {
  const fileOf = fileLookup(files);
  const listed = records(files, root, layout, table);
  const recordings = new Map<string, FoundRecording>();
  const missing: string[] = [];
  const ambiguous = new Set<string>();
  for (const { file, values } of listed.records) {
    const written = fill(table.path!, values).replaceAll('\\', '/');
    const name = path.posix.normalize(`${path.posix.dirname(file.name)}/${written}`);
    const recording = fileOf(name);
    if (recording === undefined) {
      missing.push(name);
      continue;
    }
    const known = recordings.get(recording.path);
    if (known === undefined) recordings.set(recording.path, { file: recording, values });
    else if (fill(layout.group, known.values) !== fill(layout.group, values)) ambiguous.add(name);
  }
  return {
    ...NOTHING,
    recordings: [...recordings.values()],
    missing,
    ambiguous: [...ambiguous],
    faults: listed.faults,
  };
}

function describedByTable(
  candidates: readonly FoundRecording[],
  files: readonly ListedFile[],
  root: string,
  layout: CorpusLayout,
  table: CorpusTable,
): Found {
  const { records: all, faults } = records(files, root, layout, table);
  const ambiguous = new Set<string>();
  const described = new Map<FoundRecording, Values>();
  let open: readonly FoundRecording[] = candidates;
  let left: readonly Values[] = all.map(({ values }) => values);
  layout.keys!.forEach((key, i) => {
    const byKey = createLookup<Values>();
    const torn = new Set<Values>();
    for (const values of left) {
      const known = byKey.add(fill(table.keys![i]!, values).normalize('NFC'), values);
      if (known !== undefined && fill(layout.group, known) !== fill(layout.group, values)) torn.add(known);
    }
    const used = new Set<string>();
    open = open.filter((candidate) => {
      const name = fill(key, candidate.values).normalize('NFC');
      const values = byKey.get(name);
      if (values === undefined) return true;
      if (torn.has(values)) ambiguous.add(name);
      described.set(candidate, values);
      used.add(fill(table.keys![i]!, values));
      return false;
    });
    left = left.filter((values) => !used.has(fill(table.keys![i]!, values)));
  });
  const recordings = candidates.flatMap((candidate): FoundRecording[] => {
    const values = described.get(candidate);
    return values === undefined ? [] : [{ file: candidate.file, values: { ...values, ...candidate.values } }];
  });
  const out =
    layout.leave_out === undefined ? undefined : excludedKeys(all, layout.leave_out, table.keys![0]!);
  const isOut = ({ values }: FoundRecording): boolean => out?.has(fill(layout.keys![0]!, values)) ?? false;
  return {
    ...NOTHING,
    recordings: recordings.filter((recording) => !isOut(recording)),
    excluded: recordings.filter(isOut).map(({ file }) => file),
    missing: [...new Set(left.map((values) => fill(table.keys![0]!, values)))].filter(
      (name) => !(out?.has(name) ?? false),
    ),
    ambiguous: [...ambiguous],
    faults,
  };
}

/** Keys of the recordings that a rule leaves out, by the mean of each column over a recording's lines. */
function excludedKeys(
  all: readonly FoundRecording[],
  { columns, values: worth, from }: LeaveOutRule,
  key: string,
): Set<string> {
  const pattern = new RegExp(columns, 'u');
  const names = Object.keys(all[0]?.values ?? {}).filter((name) => pattern.test(name));
  const sums = new Map<string, Float64Array>();
  for (const { values } of all) {
    const name = fill(key, values);
    const own = sums.get(name) ?? new Float64Array(2 * names.length);
    sums.set(name, own);
    names.forEach((column, i) => {
      const text = values[column]!;
      if (!Object.hasOwn(worth, text)) return;
      own[2 * i]! += worth[text]!;
      own[2 * i + 1]!++;
    });
  }
  return new Set(
    [...sums].flatMap(([name, own]) =>
      names.some((_, i) => own[2 * i + 1]! > 0 && own[2 * i]! / own[2 * i + 1]! >= from) ? [name] : [],
    ),
  );
}
