import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { poolExcerpts, type ModulationAxes, type Preparation } from '../../features';
import { vectorsOf } from '../../models';
import {
  modulationAxes,
  openExcerptRows,
  openFeatureFolder,
  readExtraction,
  readOrStream,
  type IndexRow,
} from '../featureFolder';
import { needsExcerpts } from '../featureSettings';
import { preparedFeatures, type ColumnedFeatures } from '../preparedFeatures';
import type { FeatureChoice } from './choice';

/** Where the features of one row of a comparison lie. */
export interface RowSource {
  readonly index: readonly IndexRow[];
  /** Names the numbers: hashes of what they are made of. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Of features that have rates and scales. */
  readonly axes: ModulationAxes | undefined;
  /** Reads the features of the given recordings (places in `index`), in that order. */
  load(recordings: Int32Array): RowData;
}

/** The features of one row of a comparison: of recordings or, with `excerpts`, of these. */
export interface RowData extends ColumnedFeatures {
  /** For attention: number of excerpts of each recording. */
  readonly excerpts?: Int32Array;
}

/**
 * Opens a feature folder for a row.
 *
 * @throws UserError (`input`) when the folder lacks the excerpts that the pooling needs.
 */
export function openRowSource(folder: string, features: FeatureChoice): RowSource {
  const opened = openFeatureFolder(folder);
  const { matrix, index, featuresHash, indexHash } = opened;
  matrix.close();
  const hash = readExtraction(folder).sha256['excerpts.npy'];
  if (needsExcerpts(features) && hash === undefined)
    throw inputError(`${folder}: excerpts were not kept; extract again with --keep excerpts`);
  return {
    index,
    hashes: {
      features: featuresHash,
      index: indexHash,
      ...(needsExcerpts(features) ? { excerpts: hash! } : {}),
    },
    axes: 'pooling' in features || features.kind === 'stm' ? modulationAxes(opened) : undefined,
    load: (recordings) => readRowData(folder, features, index, recordings),
  };
}

/** The features of a row as its recipes take them; recipes of the same preparation share theirs. */
export function recipeFeatures(
  data: ColumnedFeatures,
  axes: ModulationAxes | undefined,
  recipes: readonly Preparation[],
): ColumnedFeatures[] {
  const made = new Map<string, ColumnedFeatures>();
  return recipes.map(({ rateSmoothing = 0, foldRates = false }) => {
    const key = JSON.stringify([rateSmoothing, foldRates]);
    const own =
      made.get(key) ??
      (axes === undefined ? data : preparedFeatures(data, axes, { rateSmoothing, foldRates }));
    made.set(key, own);
    return own;
  });
}

function readRowData(
  folder: string,
  features: FeatureChoice,
  index: readonly IndexRow[],
  recordings: Int32Array,
): RowData {
  if (features.kind === 'nuisance') return nuisanceData(folder, index, recordings);
  const counts = Int32Array.from(recordings, (place) => index[place]!.excerpts);
  const pooling = 'pooling' in features ? features.pooling : undefined;
  if (pooling === 'count') return oneHot(counts);
  if (pooling === undefined) {
    const { matrix } = openFeatureFolder(folder);
    try {
      return { features: readOrStream(matrix, recordings), columns: matrix.columns };
    } finally {
      matrix.close();
    }
  }
  const { matrix, starts } = openExcerptRows(folder, index);
  try {
    const { columns } = matrix;
    if (pooling === 'first')
      return {
        features: readOrStream(
          matrix,
          recordings.map((place) => starts[place]!),
        ),
        columns,
      };
    const list = vectorsOf(starts, recordings);
    if (pooling === 'attention' || pooling === 'excerpts')
      return { features: readOrStream(matrix, list), columns, excerpts: counts };
    const pooled = poolExcerpts(matrix.readRowList(list), columns, counts, pooling);
    return { features: pooled, columns: pooled.length / counts.length };
  } finally {
    matrix.close();
  }
}

/** What is known of a recording without hearing it; see `FeatureChoice`. */
function nuisanceData(folder: string, index: readonly IndexRow[], recordings: Int32Array): RowData {
  const formatOf = (place: number): string => path.extname(index[place]!.path).toLowerCase();
  const formats = [...new Set(Array.from(index.keys(), formatOf))].sort();
  const columns = 3 + formats.length;
  const features = new Float32Array(recordings.length * columns);
  const { matrix } = openFeatureFolder(folder);
  try {
    recordings.forEach((place, row) => {
      const { excerpts, analysedSeconds } = index[place]!;
      const values = matrix.readRowList(Int32Array.of(place));
      const level = values.reduce((sum, value) => sum + value, 0) / values.length;
      const start = row * columns;
      features.set([Math.log(excerpts), Math.log(Math.max(analysedSeconds, 0.1)), level], start);
      features[start + 3 + formats.indexOf(formatOf(place))] = 1;
    });
  } finally {
    matrix.close();
  }
  return { features, columns };
}

function oneHot(counts: Int32Array): RowData {
  const columns = counts.reduce((most, count) => Math.max(most, count), 0) + 1;
  const features = new Float32Array(counts.length * columns);
  counts.forEach((count, row) => (features[row * columns + count] = 1));
  return { features, columns };
}
