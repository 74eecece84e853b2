import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { readNpy, writeNpy } from '../base/npy';
import { rowsOfFile } from '../base/finiteRows';
import type { ModulationAxes } from '../features';
import type { StreamedRows } from '../models';
import { fitsInMemory } from '../reduction';
import { scorableByCollection, stratifiedGroupKFold, withoutSharedGroups } from '../splits';
import { openRowSource, type RowData, type RowSource } from './comparison/rowData';
import { featureKey } from './featureSettings';
import { reducedFile, reduceFold, type ReducedFold } from './foldModel';
import { classNumbers, collectionNumbers, type IndexRow } from './featureFolder';
import type { TrialRecipe } from './hyperparameters';
import type { FeatureChoice } from './comparison/choice';
import { preparedFeatures } from './preparedFeatures';
import { readRoleData } from './roleData';
import type { ResolvedObjective } from './searchObjective';

/** Where the rows of trials come from; plain JSON. */
export interface TrialDataOptions {
  readonly reduction: string;
  readonly split: string;
  readonly objective: ResolvedObjective;
  /** Folders of extracted features by `featureKey`; absent: every trial uses the rows of `reduction`. */
  readonly features?: Readonly<Record<string, string>> | undefined;
  /** Where reduced rows are kept for other trials and processes. */
  readonly cache: string;
  readonly seed: number;
}

/** The rows on which trials are trained and scored. */
export interface TrialData {
  readonly classes: readonly string[];
  /** Folds of the objective; 1 where it is the validation rows. */
  readonly parts: number;
  /** Reduced rows of a fold, from 0, as a recipe takes them: computed once for trials that share them. */
  part(recipe: TrialRecipe, fold: number): Promise<ReducedFold>;
}

/**
 * Opens the rows of trials. With several kinds of features, those recordings count that have all of them.
 *
 * @throws UserError (`input`) when no rows are left to train on or to score.
 */
export function openTrialData(options: TrialDataOptions): TrialData {
  const roles = readRoleData(options);
  const { objective, features } = options;
  if (features === undefined) {
    const fold = { train: roles.role('train'), test: roles.role('validation') };
    if (fold.test.rows === 0)
      throw inputError(
        `${options.split}: the split has no validation rows; use more recordings or fewer folds`,
      );
    return { classes: roles.classes, parts: 1, part: () => Promise.resolve(fold) };
  }
  const { split } = roles;
  const indexes = Object.values(features).map((folder) => indexOf(folder));
  const known = split.paths.flatMap((recording, i) =>
    indexes.every((index) => index.has(recording)) ? [i] : [],
  );
  const recordings = known.map((i) => split.paths[i]!);
  const groups = known.map((i) => split.groups[i]!);
  const y = Int32Array.from(known, (i) => roles.classes.indexOf(split.labels[i]!));
  const placesOf = (role: string): Int32Array =>
    Int32Array.from(known.keys()).filter((place) => split.roles[known[place]!] === role);
  const folds =
    objective.over === 'validation'
      ? [{ trainRows: placesOf('train'), testRows: placesOf('validation') }]
      : foldsWithin(placesOf('train'), {
          ...objective,
          labels: known.map((i) => split.labels[i]!),
          groups,
          collections: recordings.map((one) => indexes[0]!.get(one)!.row.collection),
          seed: options.seed,
        });
  if (folds.some(({ trainRows, testRows }) => trainRows.length === 0 || testRows.length === 0))
    throw inputError(
      `${options.split}: a fold of the objective has no rows; use more recordings or fewer folds`,
    );
  const groupNumbers = classNumbers(groups).y;
  const { collections } = collectionNumbers(recordings.map((one) => indexes[0]!.get(one)!.row));
  const sources = new Map<
    string,
    { readonly source: RowSource; readonly places: ReturnType<typeof indexOf> }
  >();
  /** Opened once for each choice: an index may be long, and every fold of every trial asks. */
  const sourceOf = (choice: FeatureChoice) => {
    const name = JSON.stringify(choice);
    const known = sources.get(name);
    if (known !== undefined) return known;
    const folder = features[featureKey(choice)];
    if (folder === undefined)
      throw inputError(`features ${featureKey(choice)} were not extracted for this search`);
    const opened = { source: openRowSource(folder, choice), places: indexOf(folder) };
    sources.set(name, opened);
    return opened;
  };
  const memory = new Map<string, RowData>();
  const load = (recipe: TrialRecipe): RowData => {
    const { rateSmoothing, foldRates: folding, features: choice } = recipe;
    const key = JSON.stringify([choice, rateSmoothing, folding]);
    const present = memory.get(key);
    if (present !== undefined) return present;
    const { source, places } = sourceOf(choice);
    const data = prepared(
      source.load(Int32Array.from(recordings, (one) => places.get(one)!.place)),
      source.axes,
      recipe,
    );
    // One kind at a time: corpora are large, and trials of one kind come in rows.
    memory.clear();
    memory.set(key, data);
    return data;
  };
  const recent = new Map<string, ReducedFold>();
  return {
    classes: roles.classes,
    parts: folds.length,
    async part(recipe, fold) {
      const { features: choice, rateSmoothing, foldRates: folding, reduction } = recipe;
      const { hashes } = sourceOf(choice).source;
      const key = sha256({
        hashes,
        choice,
        rateSmoothing,
        folding,
        reduction,
        objective,
        recordings,
        split: split.hash,
        fold,
      });
      const present = recent.get(key);
      if (present !== undefined) return present;
      const { trainRows, testRows } = folds[fold]!;
      const excerptsOf =
        choice.kind === 'stm' && choice.pooling === 'attention' ? load(recipe).excerpts : undefined;
      const rowsOf = (x: StreamedRows['x'], columns: number, rows: Int32Array): ReducedFold['train'] => ({
        x,
        columns,
        rows: rows.length,
        y: Int32Array.from(rows, (row) => y[row]!),
        groups: Int32Array.from(rows, (row) => groupNumbers[row]!),
        ...(collections && { collections: Int32Array.from(rows, (row) => collections[row]!) }),
        ...(excerptsOf === undefined ? {} : { excerpts: Int32Array.from(rows, (row) => excerptsOf[row]!) }),
      });
      const { train, test } = await cached(path.join(options.cache, key), () => {
        const data = load(recipe);
        return reduceFold(
          { ...data, y, groups: groupNumbers, reduction },
          { trainRows, testRows, fold, seed: options.seed },
          path.join(options.cache, key),
        );
      });
      const reduced = {
        train: rowsOf(train.x, train.columns, trainRows),
        test: rowsOf(test.x, test.columns, testRows),
      };
      if (recent.size >= 2 * folds.length) recent.delete(recent.keys().next().value!);
      recent.set(key, reduced);
      return reduced;
    },
  };
}

type Reduced = Readonly<Record<'train' | 'test', Pick<StreamedRows, 'x' | 'columns'>>>;

/**
 * Reduced rows from the disk, or computed and left there; processes that compute them at once write the same. Rows that are
 * made from the features as they are read stay what they are.
 */
async function cached(stem: string, compute: () => Promise<Reduced>): Promise<Reduced> {
  const fileOf = (part: 'train' | 'test'): string => reducedFile(stem, part);
  if (fs.existsSync(fileOf('train')) && fs.existsSync(fileOf('test'))) {
    const read = (part: 'train' | 'test'): Reduced['train'] => {
      const rows = rowsOfFile(fileOf(part));
      const { columns } = rows;
      return {
        x: fitsInMemory(rows.rows, columns) ? (readNpy(fileOf(part)).data as Float32Array) : rows,
        columns,
      };
    };
    return { train: read('train'), test: read('test') };
  }
  const reduced = await compute();
  for (const part of ['test', 'train'] as const) {
    const { x, columns } = reduced[part];
    if (x instanceof Float32Array) writeNpy(fileOf(part), { shape: [x.length / columns, columns], data: x });
  }
  return reduced;
}

function indexOf(folder: string): Map<string, { readonly place: number; readonly row: IndexRow }> {
  const { index } = openRowSource(folder, { kind: 'nuisance' });
  return new Map(index.map((row, place) => [row.path, { place, row }]));
}

/** Features as a recipe's preparation makes them. */
function prepared(data: RowData, axes: ModulationAxes | undefined, recipe: TrialRecipe): RowData {
  if (axes === undefined) return data;
  const { rateSmoothing, foldRates } = recipe;
  return { ...data, ...preparedFeatures(data, axes, { rateSmoothing, foldRates }) };
}

/** Folds of the training rows, by group or by collection. */
function foldsWithin(
  rows: Int32Array,
  options: {
    readonly over: 'groups' | 'collections' | 'validation';
    readonly folds: number;
    readonly labels: readonly string[];
    readonly groups: readonly string[];
    readonly collections: readonly (string | undefined)[];
    readonly seed: number;
  },
): { readonly trainRows: Int32Array; readonly testRows: Int32Array }[] {
  const { over, labels, groups, collections, seed } = options;
  if (over === 'collections' && rows.every((row) => collections[row] === undefined))
    throw inputError(
      'search.objective: over "collections" needs a manifest that names collections (a column "collection", or --collection at the extraction); use "groups"',
    );
  const own = (list: readonly (string | undefined)[], places: Int32Array): string[] =>
    Array.from(places, (row) => list[row] ?? '');
  const scorable =
    over === 'collections'
      ? rows.filter((_, i) => scorableRows(own(labels, rows), own(collections, rows)).has(i))
      : rows;
  const units = own(over === 'collections' ? collections : groups, scorable);
  const folds = Math.min(options.folds, new Set(units).size);
  const fold = stratifiedGroupKFold({ labels: own(labels, scorable), groups: units, folds, seed });
  return Array.from({ length: folds }, (_, k) => {
    const testRows = scorable.filter((_, i) => fold[i] === k);
    return {
      testRows,
      trainRows: withoutSharedGroups(
        scorable.filter((_, i) => fold[i] !== k),
        testRows,
        groups,
      ),
    };
  });
}

const scorableRows = (labels: readonly string[], collections: readonly string[]): ReadonlySet<number> =>
  new Set(scorableByCollection(labels, collections).rows);
