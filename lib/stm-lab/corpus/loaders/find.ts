import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints } from '../../base/codePoints';
import type { CorpusLayout, CorpusTable } from './description';
import { fill, namesIn, type Values } from './rules';
import { readTable } from './table';

/** A recording on disk and what its path, the corpus's table and the text beside it say of it. */
export interface FoundRecording {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly values: Values;
}

export interface Found {
  readonly recordings: readonly FoundRecording[];
  /** What a table lists and the disk does not hold: paths, or the table's keys. */
  readonly missing: readonly string[];
  /** Recordings that the table describes twice, not the same way. */
  readonly ambiguous: readonly string[];
}

/** All files below a root, as paths with `/`, sorted by code point. */
export function walk(root: string): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const inner = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(inner);
      else found.push(inner);
    }
  };
  visit('');
  return found.sort(compareCodePoints);
}

/** Finds the recordings of a layout among the files below a root. */
export function findRecordings(files: readonly string[], root: string, layout: CorpusLayout): Found {
  const { files: pattern, table, beside } = layout;
  const found =
    pattern === undefined
      ? listedByTable(files, root, layout)
      : table === undefined
        ? { recordings: matching(files, pattern), missing: [], ambiguous: [] }
        : describedByTable(matching(files, pattern), files, root, layout, table);
  if (beside === undefined) return found;
  const present = new Set(files);
  const withText = found.recordings.map(({ path: file, values }) => {
    const text = file.replace(/\.[^.]*$/, beside);
    const words = present.has(text) ? fs.readFileSync(path.join(root, text), 'utf8') : '';
    return { path: file, values: { ...values, beside: words.trim().replaceAll(/\s+/g, ' ') } };
  });
  return { ...found, recordings: withText };
}

function matching(files: readonly string[], source: string): FoundRecording[] {
  const pattern = new RegExp(source, 'u');
  return files.flatMap((file) => {
    const match = pattern.exec(file);
    return match === null ? [] : [{ path: file, values: { ...match.groups } }];
  });
}

/** Records of all tables of the corpus, with the named groups of the table's path. */
function records(
  files: readonly string[],
  root: string,
  layout: CorpusLayout,
  table: CorpusTable,
): FoundRecording[] {
  const wanted = namesIn(layout);
  return matching(files, table.file).flatMap(({ path: file, values }) =>
    readTable(path.join(root, file), table, wanted).map((record) => ({
      path: file,
      values: { ...values, ...record },
    })),
  );
}

function listedByTable(files: readonly string[], root: string, layout: CorpusLayout): Found {
  const present = new Set(files);
  const recordings: FoundRecording[] = [];
  const missing: string[] = [];
  for (const { path: file, values } of records(files, root, layout, layout.table!)) {
    const recording = path.posix.normalize(
      `${path.posix.dirname(file)}/${fill(layout.table!.path!, values)}`,
    );
    if (present.has(recording)) recordings.push({ path: recording, values });
    else missing.push(recording);
  }
  return { recordings, missing, ambiguous: [] };
}

function describedByTable(
  candidates: readonly FoundRecording[],
  files: readonly string[],
  root: string,
  layout: CorpusLayout,
  table: CorpusTable,
): Found {
  const byKey = new Map<string, Values>();
  const ambiguous = new Set<string>();
  for (const { values } of records(files, root, layout, table)) {
    const key = fill(table.key!, values);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, values);
    else if (fill(layout.group, known) !== fill(layout.group, values)) ambiguous.add(key);
  }
  const unseen = new Set(byKey.keys());
  const recordings = candidates.flatMap(({ path: file, values }) => {
    const key = fill(layout.key!, values);
    const described = byKey.get(key);
    unseen.delete(key);
    return described === undefined ? [] : [{ path: file, values: { ...described, ...values } }];
  });
  return { recordings, missing: [...unseen], ambiguous: [...ambiguous] };
}
