import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeCsv } from '../../base/csv';
import { inputError } from '../../base/errors';
import type { CorpusDescription, CorpusLayout } from './description';
import { findRecordings, walk, type Found } from './find';
import { fill, resolve } from './rules';

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

export interface BuildOptions {
  /**
   * Whose labels and groups: those of the paper, or the same without its leaks and slips. They differ
   * only where a description says so. Default `corrected`.
   */
  readonly rules?: 'published' | 'corrected';
}

const AUDIO = /\.(wav|flac|mp3|ogg|opus|m4a|sph|aif|aiff)$/i;

/**
 * Finds the recordings of a corpus in a local copy that has its published folder tree, and gives each
 * its label and group by the rules of the description.
 *
 * @throws StmLabError (`input`) when the root is not a folder, when the description knows no layout, or
 *   when nothing in the root fits it.
 */
export function buildManifest(
  corpus: CorpusDescription,
  root: string,
  { rules = 'corrected' }: BuildOptions = {},
): BuiltManifest {
  const layout = knownLayout(corpus);
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw inputError(`${root}: is not a folder; give the root of your copy of ${corpus.name}`);
  const files = walk(root);
  const found = findRecordings(files, root, layout);
  const { label, group } = rules === 'published' ? { ...layout, ...layout.published } : layout;
  const rows = found.recordings.map(({ path: recording, values }) => ({
    path: recording,
    label: resolve(label, values),
    group: fill(group, values),
    language: layout.language === undefined ? '' : resolve(layout.language, values),
  }));
  const { missing } = found;
  if (rows.length === 0)
    throw inputError(
      `${root}: nothing in it looks like ${corpus.name}${missing.length > 0 ? ` (its tables list ${missing.length} recordings that are not there)` : ''}; ${corpus.obtain.how}`,
    );
  const explained = new Set(rows.map((row) => row.path));
  return {
    rows,
    missing,
    unexplained: files.filter((file) => AUDIO.test(file) && !explained.has(file)),
    warnings: warningsOf(corpus, rows, found, rules === 'published' || layout.published?.group === undefined),
  };
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
  const start = corpus.start_offset_s.value ?? 0;
  const constant = knownLayout(corpus).columns ?? {};
  writeCsv(
    target,
    ['path', 'label', 'group', 'start_s', 'language', ...Object.keys(constant)],
    rows.map((row) => ({
      ...row,
      ...constant,
      path: path.relative(folder, path.resolve(root, row.path)).split(path.sep).join('/'),
      start_s: start,
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

function warningsOf(
  corpus: CorpusDescription,
  rows: readonly BuiltRow[],
  { ambiguous }: Found,
  groupsArePublished: boolean,
): string[] {
  const { name, labels, expected } = corpus;
  const warnings: string[] = [];
  const compare = (what: string, found: number, published: number | null): void => {
    if (published !== null && found !== published)
      warnings.push(`${name}: ${found} ${what} found, ${published} are published`);
  };
  compare('recordings', rows.length, expected.recordings.value);
  if (groupsArePublished)
    compare('groups', new Set(rows.map((row) => row.group)).size, expected.groups.value);
  const provisional = new Set(rows.map((row) => row.label).filter((label) => !labels.includes(label)));
  if (labels.length > 0 && provisional.size > 0)
    warnings.push(
      `${name}: "${[...provisional].join('", "')}" is not yet a label; replace it by "${labels.join('" or "')}": ${corpus.label_rule}`,
    );
  if (ambiguous.length > 0)
    warnings.push(
      `${name}: its table puts ${ambiguous.length} recordings into two groups, e.g. ${ambiguous[0]}; the first counts`,
    );
  return warnings;
}
