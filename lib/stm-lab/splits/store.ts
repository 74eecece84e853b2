import * as path from 'node:path';
import { unguardCell } from '../base/csv';
import { eachCsvRecord } from '../base/csvRecords';
import { stageFile } from '../base/stageFile';
import { inputError } from 'research-basics/errors';
import { readJson, sha256File, writeFileAtomic, writeJson } from 'research-basics/files';
import { balanceReport } from './balance';
import { checkLeakage } from './leakage';
import type { Role } from './roles';
import { SPLIT_COLUMNS, splitToCsv, type Split, type SplitParameters } from './split';

interface SplitRecord {
  readonly format: 1;
  readonly parameters: SplitParameters;
  readonly rows: number;
  readonly roles: Readonly<Record<Role, number>>;
  readonly classes: readonly { label: string; rows: number; groups: number }[];
  readonly warnings: readonly string[];
  readonly hash: string;
}

/**
 * Writes `split.csv` (path,label,group,row,fold,role) and then `split.json` (parameters, counts, and the
 * SHA-256 of the table).
 */
export function writeSplit(folder: string, split: Split): void {
  writeFileAtomic(path.join(folder, 'split.csv'), splitToCsv(split));
  const roles = { train: 0, validation: 0, test: 0 };
  for (const role of split.roles) roles[role]++;
  const record: SplitRecord = {
    format: 1,
    parameters: split.parameters,
    rows: split.paths.length,
    roles,
    classes: balanceReport(split).classes.map(({ label, rows, groups }) => ({ label, rows, groups })),
    warnings: split.warnings,
    hash: split.hash,
  };
  writeJson(path.join(folder, 'split.json'), record);
}

/**
 * Reads a split that `writeSplit` wrote, and checks again that no group leaks.
 *
 * @throws UserError (`input`) when a file is missing, the table is not the one that `split.json`
 *   describes, or a group lies in two folds.
 */
export function readSplit(folder: string): Split {
  const record = readJson<SplitRecord>(stageFile(folder, 'split.json', 'split'));
  const file = stageFile(folder, 'split.csv', 'split');
  if (record.format !== 1)
    throw inputError(`${folder}: split.json has format ${String(record.format)}; this version reads 1`);
  const paths: string[] = [];
  const labels: string[] = [];
  const groups: string[] = [];
  const roles: Role[] = [];
  const row = new Int32Array(record.rows);
  const fold = new Int32Array(record.rows);
  const known = new Map<string, string>();
  const intern = (text: string): string => {
    if (!known.has(text)) known.set(text, text);
    return known.get(text)!;
  };
  let header: readonly string[] | undefined;
  eachCsvRecord(file, ({ cells }) => {
    if (header === undefined) {
      header = cells;
      return;
    }
    const [recording, label, group, rowText, foldText, role] = cells;
    row[paths.length] = Number(rowText);
    fold[paths.length] = Number(foldText);
    paths.push(unguardCell(recording!));
    labels.push(intern(unguardCell(label!)));
    groups.push(intern(unguardCell(group!)));
    roles.push(intern(role!) as Role);
  });
  if (header?.join() !== SPLIT_COLUMNS.join() || sha256File(file) !== record.hash)
    throw inputError(`${file}: is not the table that split.json describes; split again`);
  const { parameters, warnings, hash } = record;
  if (parameters.flavour !== 'published' || parameters.domains === 'together') checkLeakage({ groups, fold });
  return { parameters, paths, labels, groups, row, fold, roles, warnings, hash };
}
