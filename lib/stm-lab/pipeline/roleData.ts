import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { rowsOfFile } from '../base/finiteRows';
import { stageFile } from '../base/stageFile';
import type { StreamedRows } from '../models';
import { chosenRows, fitsInMemory } from '../reduction';
import { readSplit, type Role, type Split } from '../splits';
import { classNumbers } from './featureFolder';
import { splitCollections } from './splitCollections';

/** Rows of one role with their groups, as training and evaluation take them; see `fitsInMemory` for where they lie. */
export interface RoleRows extends StreamedRows {
  /** Group number of each row, for intervals. */
  readonly groups: Int32Array;
  readonly paths: readonly string[];
}

/** Reduced features divided into their roles. */
export interface RoleData {
  readonly classes: readonly string[];
  readonly columns: number;
  readonly split: Split;
  /** Collection of each recording of the split; absent where none are named. */
  readonly collections?: Int32Array | undefined;
  /** Hashes that name the data: split and reduction. */
  readonly hashes: { readonly split: string; readonly reduction: string };
  role(role: Role): RoleRows;
}

/**
 * Reads reduced features and the split they belong to.
 *
 * @throws UserError (`input`) when the reduction was fitted for another split.
 */
export function readRoleData(options: { readonly reduction: string; readonly split: string }): RoleData {
  const split = readSplit(options.split);
  const record = readJson<{ hash: string; provenance: { splitHash?: string } }>(
    stageFile(options.reduction, 'reduction.json', 'reduce'),
  );
  if (record.provenance.splitHash !== split.hash) {
    throw inputError(
      `${options.reduction}: was fitted on the training rows of another split than ${options.split}; run "stm-lab reduce" again`,
    );
  }
  const matrix = rowsOfFile(stageFile(options.reduction, 'reduced.npy', 'reduce'), {
    nameOf: (row) => split.paths[split.row.indexOf(row)] ?? 'not in the split',
    cure: 'run "stm-lab reduce" again',
  });
  const { classes, y } = classNumbers(split.labels);
  const groupNumbers = classNumbers(split.groups).y;
  const collections = splitCollections(options.split, split);
  const { columns } = matrix;
  return {
    classes,
    columns,
    split,
    collections,
    hashes: { split: split.hash, reduction: record.hash },
    role(role) {
      const places = split.roles.flatMap((own, i) => (own === role ? [i] : []));
      const rows = Int32Array.from(places, (i) => split.row[i]!);
      return {
        x: fitsInMemory(matrix.rows, columns) ? matrix.readRowList(rows) : chosenRows(matrix, rows),
        y: Int32Array.from(places, (i) => y[i]!),
        groups: Int32Array.from(places, (i) => groupNumbers[i]!),
        ...(collections && { collections: Int32Array.from(places, (i) => collections[i]!) }),
        paths: places.map((i) => split.paths[i]!),
        rows: places.length,
        columns,
      };
    },
  };
}
