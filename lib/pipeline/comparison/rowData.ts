import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from '../../base/errors';
import { openNpyRows } from '../../base/npyRows';
import { readJson } from '../../base/files';
import { poolExcerpts } from '../../features';
import { selectRows } from '../../models';
import { openFeatureFolder, type ExtractionFile, type IndexRow } from '../featureFolder';
import type { FeatureChoice } from './choice';

/** The features of one row of a comparison, in memory. */
export interface RowData {
  readonly index: readonly IndexRow[];
  /** Float32, recordings x columns; with `excerpts`: their sum x columns. */
  readonly features: Float32Array;
  readonly columns: number;
  /** For attention: number of excerpts of each recording. */
  readonly excerpts?: Int32Array;
  /** Names the numbers: hashes of what they were made of. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** Name of the feature folder that a choice needs, the same for choices that can share one. */
export function featureKey(features: FeatureChoice): string {
  if (features.kind === 'embeddings') return `embeddings-${features.name.replace(/[^\w.-]+/g, '_')}`;
  if (features.kind === 'mel') return features.scale === 'decibel' ? 'mel-decibel' : 'mel';
  const channels = features.channels ?? 'published';
  return needsExcerpts(features) ? `stm-${channels}-excerpts` : `stm-${channels}`;
}

/** Whether the extraction has to keep excerpts. */
export function needsExcerpts(features: FeatureChoice): boolean {
  return features.kind === 'stm' && features.pooling !== undefined && features.pooling !== 'count';
}

/**
 * Reads a feature folder as a row wants it.
 *
 * @throws StmLabError (`input`) when the folder lacks the excerpts that the pooling needs.
 */
export function readRowData(folder: string, features: FeatureChoice): RowData {
  const opened = openFeatureFolder(folder);
  try {
    const { matrix, index, featuresHash, indexHash } = opened;
    const hashes = { features: featuresHash, index: indexHash };
    const pooling = features.kind === 'stm' ? features.pooling : undefined;
    const counts = Int32Array.from(index, (row) => row.excerpts);
    if (pooling === undefined)
      return { index, features: matrix.readRows(0, matrix.rows), columns: matrix.columns, hashes };
    if (pooling === 'count') return { index, ...oneHot(counts), hashes };
    const excerpts = readExcerpts(folder, counts, matrix.columns);
    const own = { ...hashes, excerpts: excerpts.hash };
    const { columns } = matrix;
    if (pooling === 'attention')
      return { index, features: excerpts.values, columns, excerpts: counts, hashes: own };
    if (pooling === 'first')
      return { index, features: firstOfEach(excerpts.values, columns, counts), columns, hashes: own };
    const pooled = poolExcerpts(excerpts.values, columns, counts, pooling);
    return { index, features: pooled, columns: pooled.length / counts.length, hashes: own };
  } finally {
    opened.matrix.close();
  }
}

function readExcerpts(
  folder: string,
  counts: Int32Array,
  columns: number,
): { readonly values: Float32Array; readonly hash: string } {
  const file = path.join(folder, 'excerpts.npy');
  const hash = readJson<ExtractionFile>(path.join(folder, 'extraction.json')).sha256['excerpts.npy'];
  if (hash === undefined || !fs.existsSync(file))
    throw inputError(`${folder}: excerpts were not kept; extract again, keeping them`);
  const rows = openNpyRows(file);
  try {
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (rows.rows !== total || rows.columns !== columns)
      throw inputError(
        `${file}: ${rows.rows} excerpts of ${rows.columns} values do not fit index.csv, which counts ${total}; extract again`,
      );
    return { values: rows.readRows(0, total), hash };
  } finally {
    rows.close();
  }
}

function firstOfEach(values: Float32Array, columns: number, counts: Int32Array): Float32Array {
  const result = new Float32Array(counts.length * columns);
  let first = 0;
  counts.forEach((count, row) => {
    result.set(values.subarray(first * columns, (first + 1) * columns), row * columns);
    first += count;
  });
  return result;
}

function oneHot(counts: Int32Array): { readonly features: Float32Array; readonly columns: number } {
  const columns = counts.reduce((most, count) => Math.max(most, count), 0) + 1;
  const features = new Float32Array(counts.length * columns);
  counts.forEach((count, row) => (features[row * columns + count] = 1));
  return { features, columns };
}

/** The named recordings of a row's data, in the given order. */
export function selectRecordings(data: RowData, rows: Int32Array): RowData {
  const { index, features, columns, excerpts } = data;
  const selected = selectRows(
    {
      x: features,
      y: new Int32Array(index.length),
      rows: index.length,
      columns,
      ...(excerpts === undefined ? {} : { excerpts }),
    },
    rows,
  );
  return {
    ...data,
    index: Array.from(rows, (row) => index[row]!),
    features: selected.x,
    ...(selected.excerpts === undefined ? {} : { excerpts: selected.excerpts }),
  };
}
