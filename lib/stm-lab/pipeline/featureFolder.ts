import { uniqueCodes } from '../base/codePoints';
import { readCsv, type CsvRow } from '../base/csv';
import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { openFiniteRows, type FiniteRows } from '../base/finiteRows';
import { stageFile } from '../base/stageFile';
import {
  planeColumns,
  type ClassCount,
  type ExtractionIdentity,
  type ModulationAxes,
  type PlaneAxes,
} from '../features';
import { vectorStarts } from '../models';
import { chosenRows, fitsInMemory, type FeatureSource } from '../reduction';

/** The axes of a feature matrix as `axes.json` holds them; which entries there are depends on the features. */
export type AxesFile = Readonly<Record<string, unknown>>;

/** One accepted recording, as `index.csv` lists it. */
export interface IndexRow {
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly excerpts: number;
  readonly analysedSeconds: number;
  /** Absent where the manifest names no collections; empty for a recording that has none. */
  readonly collection?: string;
}

/** A folder of extracted features, opened: matrix, recordings and axes belong together. */
export interface FeatureFolder {
  readonly folder: string;
  readonly matrix: FiniteRows;
  readonly index: readonly IndexRow[];
  readonly axes: AxesFile;
  /** How they were computed; undefined for features of elsewhere. */
  readonly extraction: ExtractionIdentity | undefined;
  /** Hash of the feature matrix, as the extraction recorded it. */
  readonly featuresHash: string;
  /** Hash of the axis table. */
  readonly axesHash: string;
  /** Hash of the list of recordings with their labels and groups. */
  readonly indexHash: string;
}

/** The part of `extraction.json` that later stages read. */
export interface ExtractionFile {
  readonly features?: ExtractionIdentity['kind'];
  readonly parameters?: ExtractionIdentity['parameters'];
  readonly revision?: number;
  /** Recordings of each class; absent from early extractions. */
  readonly classes?: readonly ClassCount[];
  readonly versions: Readonly<Record<string, string>>;
  readonly sha256: Readonly<Record<'features.npy' | 'index.csv' | 'axes.json', string>> & {
    /** Only where excerpts were kept. */
    readonly 'excerpts.npy'?: string;
  };
}

/**
 * Reads what an extraction says of its files.
 *
 * @throws UserError (`input`) naming the command that writes it when it is missing.
 */
export const readExtraction = (folder: string): ExtractionFile =>
  readJson<ExtractionFile>(stageFile(folder, 'extraction.json', 'extract'));

/**
 * Opens the results of an extraction. Rows are read on demand, and refused by name when a value is
 * not finite; close `matrix` when done.
 *
 * @throws UserError (`input`) naming the file that is missing or disagrees with the others.
 */
export function openFeatureFolder(folder: string): FeatureFolder {
  const { sha256, features: kind, parameters, revision } = readExtraction(folder);
  const axes = readJson<AxesFile>(stageFile(folder, 'axes.json', 'extract'));
  const index = readCsv(stageFile(folder, 'index.csv', 'extract')).rows.map(toIndexRow);
  const matrix = openFiniteRows(stageFile(folder, 'features.npy', 'extract'), {
    nameOf: (row) => index[row]?.path ?? 'not in index.csv',
  });
  if (matrix.rows !== index.length) {
    matrix.close();
    throw inputError(
      `${folder}: features.npy has ${matrix.rows} rows but index.csv lists ${index.length}; run "stm-lab extract" again`,
    );
  }
  return {
    folder,
    matrix,
    index,
    axes,
    extraction:
      kind === undefined || parameters === undefined || revision === undefined
        ? undefined
        : { kind, parameters, revision },
    featuresHash: sha256['features.npy'],
    axesHash: sha256['axes.json'],
    indexHash: sha256['index.csv'],
  };
}

/**
 * Opens the excerpts of an extraction with what `index.csv` says of them: excerpts of recording i are the rows
 * `starts[i]` .. `starts[i + 1] - 1`. Close `matrix` when done.
 *
 * @throws UserError (`input`) when they are missing or are not as many; reads of `matrix` where a value is not finite.
 */
export function openExcerptRows(
  folder: string,
  index: readonly IndexRow[],
): { readonly matrix: FiniteRows; readonly starts: Int32Array } {
  const file = stageFile(folder, 'excerpts.npy', 'extract --keep excerpts');
  const starts = vectorStarts({
    rows: index.length,
    excerpts: Int32Array.from(index, ({ excerpts }) => excerpts),
  });
  const matrix = openFiniteRows(file, {
    nameOf(row) {
      const recording = starts.findIndex((start) => start > row) - 1;
      return `excerpt ${row - starts[recording]! + 1} of ${index[recording]!.path}`;
    },
  });
  const total = starts[index.length]!;
  if (matrix.rows === total) return { matrix, starts };
  matrix.close();
  throw inputError(
    `${file}: has ${matrix.rows} excerpts but index.csv counts ${total}; extract again with --keep excerpts`,
  );
}

/** The listed rows of an opened matrix: in memory, or where they are too many for it (`fitsInMemory`), to be read again. */
export function readOrStream(matrix: FiniteRows, rows: Int32Array): Float32Array | FeatureSource {
  return fitsInMemory(rows.length, matrix.columns)
    ? matrix.readRowList(rows)
    : chosenRows(matrix.reopening(), rows);
}

function toIndexRow(row: CsvRow): IndexRow {
  return {
    path: row['path']!,
    label: row['label']!,
    group: row['group']!,
    excerpts: Number(row['excerpts']),
    analysedSeconds: Number(row['analysed_s']),
    ...(row['collection'] === undefined ? {} : { collection: row['collection'] }),
  };
}

/**
 * The modulation axes of STM features.
 *
 * @throws UserError (`input`) when the features have none (mel features, for example).
 */
export function modulationAxes({ axes, folder }: FeatureFolder): ModulationAxes {
  const { rateHz, scaleCycPerOct } = axes;
  if (!Array.isArray(rateHz) || !Array.isArray(scaleCycPerOct)) {
    throw inputError(`${folder}: these features have no rate and scale axes; extract them with --kind stm`);
  }
  return { rateHz: rateHz as number[], scaleCycPerOct: scaleCycPerOct as number[] };
}

/**
 * The axes of features on a modulation plane: STM, AM and others.
 *
 * @throws UserError (`input`) when the features have none (mel features, for example).
 */
export function planeAxes({ axes, folder, matrix }: FeatureFolder): PlaneAxes {
  const plane = axes as Partial<PlaneAxes>;
  if (!Array.isArray(plane.rateHz) || planeColumns(plane as PlaneAxes) !== matrix.columns)
    throw inputError(`${folder}: these features have no modulation rates; extract them with --kind stm`);
  return plane as PlaneAxes;
}

/** The distinct labels in code-point order, and each row's place among them. */
export function classNumbers(labels: readonly string[]): {
  readonly classes: string[];
  readonly y: Int32Array;
} {
  const { values, codes } = uniqueCodes(labels);
  return { classes: values, y: codes };
}

/** The collection of each row as a number, to be spread into rows; nothing where none is named. */
export function collectionNumbers(rows: readonly Pick<IndexRow, 'collection'>[]): {
  readonly collections?: Int32Array;
} {
  if (rows.every(({ collection }) => collection === undefined)) return {};
  return { collections: classNumbers(rows.map(({ collection }) => collection ?? '')).y };
}
