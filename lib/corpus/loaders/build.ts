import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints } from '../../base/codePoints';
import { writeCsv } from '../../base/csv';
import { inputError } from '../../base/errors';
import type { CorpusDescription, CorpusLayout } from './description';
import { readTable } from './table';

/** One line of a manifest that is being built. */
export interface BuiltRow {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly language: string;
}

/** Recordings found in a local copy of a corpus. */
export interface BuiltManifest {
  readonly rows: readonly BuiltRow[];
  /** Recordings that a table lists and the disk does not hold. */
  readonly missing: readonly string[];
  /** Audio files below the root that the layout does not explain. */
  readonly unexplained: readonly string[];
  /** One sentence each, e.g. when the numbers are not the published ones. */
  readonly warnings: readonly string[];
}

const AUDIO = /\.(wav|flac|mp3|ogg|opus|m4a|sph|aif|aiff)$/i;

/**
 * Finds the recordings of a corpus in a local copy that has its published folder tree, and gives each
 * its label and group by the rules of the description.
 *
 * @throws StmLabError (`input`) when the root is not a folder, when the description knows no layout, or
 *   when nothing in the root fits it.
 */
export function buildManifest(corpus: CorpusDescription, root: string): BuiltManifest {
  const { layout } = corpus;
  if (layout === null)
    throw inputError(
      `${corpus.id}: its folder tree is not described; write the manifest yourself (path,label,group), by these rules: ${corpus.label_rule} ${corpus.group_rule.corrected ?? corpus.group_rule.published}`,
    );
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw inputError(`${root}: is not a folder; give the root of your copy of ${corpus.name}`);
  const files = walk(root);
  const { rows, missing } =
    layout.table === undefined ? fromPaths(files, layout) : fromTables(files, root, layout, layout.table);
  if (rows.length === 0)
    throw inputError(
      `${root}: nothing in it looks like ${corpus.name}${missing.length > 0 ? ` (its tables list ${missing.length} recordings that are not there)` : ''}; ${corpus.obtain.how}`,
    );
  const explained = new Set(rows.map((row) => row.path));
  return {
    rows,
    missing,
    unexplained: files.filter((file) => AUDIO.test(file) && !explained.has(file)),
    warnings: countWarnings(corpus, rows),
  };
}

/** Writes what `buildManifest` found as `path,label,group,start_s,language`; paths are made relative to the file. */
export function writeBuiltManifest(
  target: string,
  corpus: CorpusDescription,
  root: string,
  rows: readonly BuiltRow[],
): void {
  const folder = path.dirname(path.resolve(target));
  const start = corpus.start_offset_s.value ?? 0;
  writeCsv(
    target,
    ['path', 'label', 'group', 'start_s', 'language'],
    rows.map((row) => ({
      ...row,
      path: path.relative(folder, path.resolve(root, row.path)).split(path.sep).join('/'),
      start_s: start,
    })),
  );
}

function walk(root: string): string[] {
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

function fromPaths(files: readonly string[], layout: CorpusLayout): { rows: BuiltRow[]; missing: string[] } {
  const pattern = new RegExp(layout.files!, 'u');
  const rows: BuiltRow[] = [];
  for (const file of files) {
    const match = pattern.exec(file);
    if (match !== null) rows.push(toRow(file, layout, match.groups ?? {}));
  }
  return { rows, missing: [] };
}

function fromTables(
  files: readonly string[],
  root: string,
  layout: CorpusLayout,
  table: NonNullable<CorpusLayout['table']>,
): { rows: BuiltRow[]; missing: string[] } {
  const present = new Set(files);
  const pattern = new RegExp(table.file, 'u');
  const rows: BuiltRow[] = [];
  const missing: string[] = [];
  for (const file of files) {
    const match = pattern.exec(file);
    if (match === null) continue;
    for (const record of readTable(path.join(root, file), table.delimiter)) {
      const values = { ...match.groups, ...record };
      const recording = path.posix.normalize(`${path.posix.dirname(file)}/${fill(table.path, values)}`);
      if (present.has(recording)) rows.push(toRow(recording, layout, values));
      else missing.push(recording);
    }
  }
  return { rows, missing };
}

function toRow(recording: string, layout: CorpusLayout, values: Readonly<Record<string, string>>): BuiltRow {
  const { label } = layout;
  return {
    path: recording,
    label:
      typeof label === 'string' ? fill(label, values) : (label.map[fill(label.by, values)] ?? label.else),
    group: fill(layout.group, values),
    language: layout.language === undefined ? '' : fill(layout.language, values),
  };
}

/** Replaces `{name}` by its value. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw inputError(`the layout asks for "${name}", which neither path nor table gives`);
    return value;
  });
}

function countWarnings(corpus: CorpusDescription, rows: readonly BuiltRow[]): string[] {
  const warnings: string[] = [];
  const compare = (what: string, found: number, expected: number | null): void => {
    if (expected !== null && found !== expected)
      warnings.push(`${corpus.name}: ${found} ${what} found, ${expected} are published`);
  };
  compare('recordings', rows.length, corpus.expected.recordings.value);
  compare('groups', new Set(rows.map((row) => row.group)).size, corpus.expected.groups.value);
  return warnings;
}
