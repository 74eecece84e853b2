import { createHash } from 'node:crypto';
import { encodeCell, guardCell } from '../base/csv';
import { inputError } from 'research-basics/errors';
import { groupKFold } from './groupKFold';
import { checkLeakage, describeLeaks, findLeaks } from './leakage';
import { officialFolds, statesParts } from './official';
import { assignRoles, type Role } from './roles';
import { stratifiedGroupKFold } from './stratified';

/** How a split was made; kept with it. */
export interface SplitParameters {
  readonly method: 'stratified-group' | 'group';
  readonly folds: number;
  readonly seed: number;
  readonly shuffle: 'shuffled' | 'in-order';
  readonly flavour: 'published' | 'corrected';
  readonly domains: 'together' | 'by-prefix';
  /** Column of the corpus that stated the folds or roles; the other settings had no say then. */
  readonly column?: string;
}

/** What is to be split. */
export interface MakeSplitOptions extends Partial<SplitParameters> {
  /**
   * One entry per recording; a `ManifestRow` will do. `row` is its row in the feature matrix (default:
   * its place in this list).
   */
  readonly rows: readonly SplitRow[];
  /** What `column` says of each row; see `officialFolds`. */
  readonly values?: readonly (string | undefined)[];
}

/** A recording as a split knows it. */
export interface SplitRow {
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly row?: number;
}

/** Fold and role of every recording, column by column. */
export interface Split {
  readonly parameters: SplitParameters;
  readonly paths: readonly string[];
  readonly labels: readonly string[];
  readonly groups: readonly string[];
  /** Row in the feature matrix. */
  readonly row: Int32Array;
  readonly fold: Int32Array;
  readonly roles: readonly Role[];
  /** One sentence each, e.g. on a class with fewer groups than folds. */
  readonly warnings: readonly string[];
  /** SHA-256 of the split as CSV. */
  readonly hash: string;
}

/**
 * Divides recordings into folds and roles 8:1:1, group-wise.
 *
 * Defaults: `stratified-group`, 10 folds, seed 23, shuffled, `corrected`, all domains together. The paper's
 * own split is `flavour: 'published', domains: 'by-prefix'`: three separate divisions by the part of the
 * label before the colon (speech, music, env). There a group that occurs in two domains may leak between
 * them; that is a warning in the published flavour and an error otherwise.
 *
 * @throws UserError (`input`) for too few groups, a single class, or a group in two folds.
 */
export function makeSplit(options: MakeSplitOptions): Split {
  const { rows } = options;
  const parameters = withDefaults(options);
  const labels = rows.map((row) => row.label);
  const groups = rows.map((row) => row.group);
  if (new Set(labels).size < 2)
    throw inputError(
      rows.length === 0
        ? 'there are no recordings to split; rejected.csv of the extraction gives the reason for each'
        : `all ${rows.length} recordings have one label ("${labels[0]}"); at least two classes are needed`,
    );
  const warnings: string[] = [];
  if (options.column !== undefined) {
    const { column, values = [] } = options;
    const byPart = statesParts(values);
    const inPart = (_: unknown, i: number): boolean => !byPart || Boolean(values[i]?.trim());
    const numbered = rows.map((row, i) => ({ ...row, row: row.row ?? i }));
    const own = numbered.filter(inPart);
    const { fold, roles, folds } = officialFolds(own, { column, values: values.filter(inPart) });
    const out = numbered.filter((row, i) => !inPart(row, i));
    if (out.length > 0)
      warnings.push(
        `${out.length} ${out.length === 1 ? 'recording is' : 'recordings are'} in no part of column "${column}" and left out (first: ${out[0]!.path})`,
      );
    return finish(own, { ...parameters, folds, column }, fold, roles, warnings);
  }
  const fold = new Int32Array(rows.length);
  for (const [domain, places] of domainsOf(labels, parameters.domains)) {
    const part = {
      labels: places.map((i) => labels[i]!),
      groups: places.map((i) => groups[i]!),
    };
    warnings.push(...thinClassWarnings(part.labels, part.groups, parameters.folds));
    const within = divide(part, parameters, domain);
    checkLeakage({ groups: part.groups, fold: within });
    places.forEach((place, i) => (fold[place] = within[i]!));
  }
  const leaks = findLeaks({ groups, fold });
  if (leaks.length > 0) {
    if (parameters.flavour !== 'published')
      throw inputError(
        `${describeLeaks(leaks)}; split with domains "together", or give the groups different names`,
      );
    warnings.push(`${describeLeaks(leaks)} (the published protocol allows this between domains)`);
  }
  return finish(rows, parameters, fold, assignRoles(fold, parameters.folds), warnings);
}

function finish(
  rows: readonly SplitRow[],
  parameters: SplitParameters,
  fold: Int32Array,
  roles: Role[],
  warnings: string[],
): Split {
  const split = {
    parameters,
    paths: rows.map(({ path }) => path),
    labels: rows.map(({ label }) => label),
    groups: rows.map(({ group }) => group),
    row: Int32Array.from(rows, (row, i) => row.row ?? i),
    fold,
    roles,
    warnings,
  };
  return { ...split, hash: hashSplit(split) };
}

function withDefaults(options: MakeSplitOptions): SplitParameters {
  const { method = 'stratified-group', folds = 10, seed = 23, shuffle = 'shuffled' } = options;
  const { flavour = 'corrected', domains = 'together' } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed > 4294967295)
    throw inputError(`seed ${seed}: must be an integer from 0 to 4294967295`);
  return { method, folds, seed, shuffle, flavour, domains };
}

function domainsOf(
  labels: readonly string[],
  domains: SplitParameters['domains'],
): [domain: string | undefined, places: number[]][] {
  if (domains === 'together') return [[undefined, Array.from(labels.keys())]];
  const places = new Map<string, number[]>();
  labels.forEach((label, i) => {
    const domain = label.split(':')[0]!.trim();
    const list = places.get(domain);
    if (list === undefined) places.set(domain, [i]);
    else list.push(i);
  });
  return [...places];
}

function divide(
  part: { labels: readonly string[]; groups: readonly string[] },
  parameters: SplitParameters,
  domain: string | undefined,
): Int32Array {
  try {
    return parameters.method === 'group'
      ? groupKFold({ groups: part.groups, folds: parameters.folds })
      : stratifiedGroupKFold({ ...parameters, ...part });
  } catch (error) {
    if (domain === undefined || !(error instanceof Error)) throw error;
    throw inputError(`domain "${domain}": ${error.message}`, error);
  }
}

function thinClassWarnings(labels: readonly string[], groups: readonly string[], folds: number): string[] {
  const groupsOf = new Map<string, Set<string>>();
  labels.forEach((label, i) => {
    if (!groupsOf.has(label)) groupsOf.set(label, new Set());
    groupsOf.get(label)!.add(groups[i]!);
  });
  return [...groupsOf]
    .filter(([, own]) => own.size < folds)
    .map(
      ([label, own]) =>
        `class "${label}" has ${own.size} ${own.size === 1 ? 'group' : 'groups'}, fewer than the ${folds} folds, so at least ${folds - own.size} folds hold none of it; validation or test may lack the class`,
    );
}

/** Columns of `split.csv`. */
export const SPLIT_COLUMNS = ['path', 'label', 'group', 'row', 'fold', 'role'] as const;

const LINES = 8192;

/** The split as CSV text, in pieces. */
export function* splitToCsv(split: Omit<Split, 'hash'>): Generator<string> {
  const { paths, labels, groups, row, fold, roles } = split;
  yield `${SPLIT_COLUMNS.join(',')}\n`;
  for (let from = 0; from < paths.length; from += LINES) {
    let piece = '';
    for (let i = from; i < Math.min(from + LINES, paths.length); i++) {
      const cells = [paths[i]!, labels[i]!, groups[i]!].map((text) => encodeCell(guardCell(text)));
      piece += `${cells.join(',')},${row[i]},${fold[i]},${roles[i]}\n`;
    }
    yield piece;
  }
}

function hashSplit(split: Omit<Split, 'hash'>): string {
  const hash = createHash('sha256');
  for (const piece of splitToCsv(split)) hash.update(piece);
  return hash.digest('hex');
}

/** Rows in the feature matrix of one role, in the order of the split: what a reduction is fitted on. */
export function featureRowsOf(split: Split, role: Role): Int32Array {
  return split.row.filter((_, i) => split.roles[i] === role);
}
