import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeCsv } from '../../base/csv';
import { inputError } from 'research-basics/errors';
import { counted, withExamples } from '../examples';
import { isRecordingName, listedFile, listFiles, type ListedFile, type Listing } from '../listing';
import { listedColumns } from './columns';
import type { CorpusDescription, CorpusLayout } from './description';
import { findRecordings, type Found } from './find';
import { fill, resolve, type Values } from './rules';

/** One line of a manifest that is being built. */
export interface BuiltRow {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly language: string;
  /** Seconds skipped at the beginning. */
  readonly startSeconds: number;
  /** The layout's further columns, e.g. the official fold. */
  readonly columns: Readonly<Record<string, string | number>>;
}

/** Recordings found in a local copy of a corpus. */
export interface BuiltManifest {
  readonly rows: readonly BuiltRow[];
  /** Recordings that a table lists and the disk does not hold. */
  readonly missing: readonly string[];
  /** Audio files below the root that the layout does not explain. */
  readonly unexplained: readonly string[];
  /** Recordings that the corpus says nothing of: no annotation beside them, no group in its table. Left out. */
  readonly undescribed: readonly string[];
  /** Recordings that the layout's own rule leaves out. */
  readonly excluded: readonly string[];
  /** One sentence each, e.g. when the numbers are not the published ones. */
  readonly warnings: readonly string[];
}

export interface BuildOptions {
  /**
   * Whose labels and groups: those of the paper, or the same without its leaks and slips. They differ
   * only where a description says so. Default `corrected`.
   */
  readonly rules?: 'published' | 'corrected';
  /**
   * Paths of all files below the root, where they are known already: the folder is then not searched, only the tables
   * and annotations in it are read. Default: the folder is searched.
   */
  readonly files?: readonly string[];
}

/**
 * Finds the recordings of a corpus in a local copy that has its published folder tree, and gives each
 * its label and group by the rules of the description.
 *
 * @throws UserError (`input`) when the root is not a folder, when the description knows no layout, or
 *   when nothing in the root fits it.
 */
export function buildManifest(
  corpus: CorpusDescription,
  root: string,
  { rules = 'corrected', files: known }: BuildOptions = {},
): BuiltManifest {
  const layout = knownLayout(corpus);
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw inputError(`${root}: is not a folder; give the root of your copy of ${corpus.name}`);
  const { files, problems }: Listing =
    known === undefined ? listFiles(root) : { files: known.map(listedFile), problems: [] };
  const found = findRecordings(files, root, layout);
  const valuesOf = rowValues(corpus, layout, files, root, rules);
  const made = found.recordings.map(({ file, values }) => ({ file, row: valuesOf(file, values) }));
  const complete = made.filter(({ row }) => row.label !== '' && row.group !== '');
  const unnamed = made.filter(({ row }) => row.label === '' || row.group === '').map(({ file }) => file);
  const rows = complete.map(({ row }) => row);
  if (rows.length === 0) throw nothingFound(corpus, root, found);
  const described = [...made.map(({ file }) => file), ...found.unannotated, ...found.excluded];
  const accounted = new Set(described.flatMap(({ path: own, alsoAt }) => [own, alsoAt ?? own]));
  return {
    rows,
    missing: found.missing,
    unexplained: files
      .filter((file) => isRecordingName(file.name) && file.alsoAt === undefined && !accounted.has(file.path))
      .map((file) => file.path),
    undescribed: [...found.unannotated, ...unnamed].map((file) => file.path),
    excluded: found.excluded.map((file) => file.path),
    warnings: [
      ...problems,
      ...warningsOf(corpus, rows, found, rules === 'published' || layout.published?.group === undefined),
    ],
  };
}

/** What a recording becomes in the manifest. */
function rowValues(
  corpus: CorpusDescription,
  layout: CorpusLayout,
  files: readonly ListedFile[],
  root: string,
  rules: 'published' | 'corrected',
): (file: ListedFile, values: Values) => BuiltRow {
  const { label, group } = rules === 'published' ? { ...layout, ...layout.published } : layout;
  const columnsOf = listedColumns(layout, files, root);
  const start = corpus.start_offset_s.value ?? 0;
  return (file, values) => ({
    path: file.path,
    label: resolve(label, values).trim(),
    group: fill(group, values).trim(),
    language: layout.language === undefined ? '' : resolve(layout.language, values),
    startSeconds: layout.start === undefined ? start : Number(resolve(layout.start, values)),
    columns: columnsOf(file, values),
  });
}

/**
 * Writes what `buildManifest` found as `path,label,group,start_s,language` and the layout's own columns;
 * paths are made relative to the file.
 */
export function writeBuiltManifest(
  target: string,
  corpus: CorpusDescription,
  root: string,
  rows: readonly BuiltRow[],
): void {
  const folder = path.dirname(path.resolve(target));
  writeCsv(
    target,
    ['path', 'label', 'group', 'start_s', 'language', ...Object.keys(knownLayout(corpus).columns ?? {})],
    rows.map(({ columns, startSeconds, ...row }) => ({
      ...row,
      ...columns,
      path: path.relative(folder, path.resolve(root, row.path)).split(path.sep).join('/'),
      start_s: startSeconds,
    })),
    { formulas: 'keep' },
  );
}

function knownLayout({ id, layout, label_rule, group_rule }: CorpusDescription): CorpusLayout {
  if (layout.value !== null) return layout.value;
  throw inputError(
    `${id}: its folder tree is not described (${layout.reason}); write the manifest yourself (path,label,group), by these rules: ${label_rule} ${group_rule.corrected ?? group_rule.published}`,
  );
}

function nothingFound({ name, obtain }: CorpusDescription, root: string, found: Found): Error {
  const { missing, unannotated, excluded, faults } = found;
  const reasons = [
    missing.length > 0 ? [`its tables list ${counted(missing.length, 'recording')} not found`] : [],
    unannotated.length > 0 ? [`without annotation: ${counted(unannotated.length, 'recording')}`] : [],
    excluded.length > 0 ? [`left out by its rule: ${counted(excluded.length, 'recording')}`] : [],
    faults.slice(0, 1),
  ].flat();
  return inputError(
    `${root}: nothing in it looks like ${name}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}; ${obtain.how}`,
  );
}

function warningsOf(
  corpus: CorpusDescription,
  rows: readonly BuiltRow[],
  { ambiguous, faults }: Found,
  groupsArePublished: boolean,
): string[] {
  const { name, labels, expected } = corpus;
  const warnings: string[] = [];
  const compare = (what: string, found: number, value: number | null | undefined): void => {
    if (value === null || value === undefined || found === value) return;
    if (expected.of !== 'paper') warnings.push(`${name}: ${found} ${what} found, ${value} are published`);
    else if (found < value) warnings.push(`${name}: ${found} ${what} found, the paper has ${value}`);
  };
  const distinct = (values: readonly string[]): number => new Set(values).size;
  compare('recordings', rows.length, expected.recordings.value);
  if (groupsArePublished) compare('groups', distinct(rows.map((row) => row.group)), expected.groups.value);
  compare('labels', distinct(rows.map((row) => row.label)), expected.labels?.value);
  const provisional = new Set(rows.map((row) => row.label).filter((label) => !labels.includes(label)));
  if (labels.length > 0 && provisional.size > 0)
    warnings.push(
      `${name}: "${[...provisional].join('", "')}" is not yet a label; replace it by "${labels.join('" or "')}": ${corpus.label_rule}`,
    );
  warnings.push(...tornGroups(name, rows));
  if (ambiguous.length > 0)
    warnings.push(
      `${name}: its table puts ${counted(ambiguous.length, 'recording')} into two groups; the first counts: ${withExamples(ambiguous)}`,
    );
  if (faults.length > 0)
    warnings.push(
      `${name}: ${counted(faults.length, 'line')} of its tables left out: ${withExamples(faults)}`,
    );
  return warnings;
}

/** A sentence for each official division (`fold`, `part`) that puts recordings of one group on both sides. */
function tornGroups(name: string, rows: readonly BuiltRow[]): string[] {
  return ['fold', 'part'].flatMap((column) => {
    const sides = new Map<string, string | number>();
    const torn = new Set<string>();
    for (const { group, columns } of rows) {
      const side = columns[column];
      if (side === undefined || side === '') continue;
      if ((sides.get(group) ?? side) !== side) torn.add(group);
      sides.set(group, side);
    }
    if (torn.size === 0) return [];
    return [
      `${name}: ${torn.size} of ${sides.size} groups lie in more than one official ${column}, so that scores by it are too good: ${withExamples([...torn], 5)}`,
    ];
  });
}
