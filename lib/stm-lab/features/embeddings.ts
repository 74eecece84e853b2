import * as fs from 'node:fs';
import * as path from 'node:path';
import { readCsv, writeCsv } from '../base/csv';
import { inputError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { sha256File, writeJson } from 'research-basics/files';
import { openNpyWriter } from '../base/npy';
import { openNpyRows } from '../base/npyRows';
import type { ManifestRow } from '../corpus/types';

/** Features that were made elsewhere, to be used like extracted ones. */
export interface ImportEmbeddingsOptions {
  /** The recordings to which they belong. */
  readonly rows: readonly ManifestRow[];
  /** NPY file (or folder of shards), float32 or float64, one row per recording. */
  readonly matrix: string;
  /** CSV with a column `path`, as in the manifest, one line per row of the matrix, in its order. */
  readonly index: string;
  /** What they are, e.g. "VGGish". */
  readonly name: string;
  readonly outFolder: string;
}

/** Outcome of an import. */
export interface ImportedEmbeddings {
  readonly accepted: number;
  /** Recordings of the manifest that have no embedding, or one that is not finite. */
  readonly rejected: readonly { readonly path: string; readonly reason: string }[];
  /** Rows of the matrix whose recording is not in the manifest. */
  readonly unknown: readonly string[];
  readonly columns: number;
  /** SHA-256 of `features.npy`. */
  readonly featuresHash: string;
}

/**
 * Takes over embeddings (VGGish, YAMNet, AST, ...) and writes the files of an extraction (see `extractCorpus`),
 * in manifest order, so that every later stage takes them. Read in rows: the matrix may exceed memory. A recording
 * with a value that is not finite is rejected.
 *
 * @throws UserError (`input`) when matrix and index differ in length, a recording is listed twice, none is of
 *   the manifest, or none of those has finite values throughout.
 */
export function importEmbeddings(options: ImportEmbeddingsOptions): ImportedEmbeddings {
  const { outFolder, name } = options;
  const placeOf = readPlaces(options.index);
  const matrix = openNpyRows(options.matrix);
  try {
    if (matrix.rows !== placeOf.size)
      throw inputError(
        `${options.matrix}: has ${matrix.rows} rows but ${options.index} lists ${placeOf.size} recordings; they must be made together`,
      );
    const known = new Set(options.rows.map((row) => row.path));
    const present = options.rows.filter((row) => placeOf.has(row.path));
    if (present.length === 0)
      throw inputError(
        `${options.index}: no path is one of the manifest's; write them as the manifest does (e.g. "${options.rows[0]?.path ?? ''}")`,
      );
    const accepted: ManifestRow[] = [];
    const reasonOf = new Map<string, string>();
    const at = (file: string): string => path.join(outFolder, file);
    fs.rmSync(at('extraction.json'), { force: true });
    const writer = openNpyWriter(at('features.npy'), '<f4', [matrix.columns]);
    try {
      for (const row of present) {
        const values = matrix.readRowList([placeOf.get(row.path)!]);
        const wrong = firstNotFinite(values);
        if (wrong >= 0)
          reasonOf.set(row.path, `column ${wrong} of its ${name} embedding is ${values[wrong]}`);
        else {
          writer.append(values);
          accepted.push(row);
        }
      }
      if (accepted.length === 0)
        throw inputError(
          `${options.matrix}: none of its rows is finite (${present[0]!.path}: ${reasonOf.get(present[0]!.path)})`,
        );
      writer.finish();
    } catch (error) {
      writer.abort();
      throw error;
    }
    const finite = new Set(accepted);
    const rejected = options.rows
      .filter((row) => !finite.has(row))
      .map((row) => ({ path: row.path, reason: reasonOf.get(row.path) ?? `has no ${name} embedding` }));
    writeCsv(
      at('index.csv'),
      ['path', 'label', 'group', 'row'],
      accepted.map(({ path: recording, label, group }, row) => ({ path: recording, label, group, row })),
    );
    writeCsv(at('rejected.csv'), ['path', 'reason'], rejected);
    writeJson(at('axes.json'), { embedding: name, dimensions: matrix.columns });
    const hash = (file: string): string => sha256File(at(file));
    const featuresHash = hash('features.npy');
    writeJson(at('extraction.json'), {
      features: 'embeddings',
      parameters: {},
      row_length: matrix.columns,
      accepted: accepted.length,
      rejected: rejected.length,
      sha256: {
        'features.npy': featuresHash,
        'index.csv': hash('index.csv'),
        'rejected.csv': hash('rejected.csv'),
        'axes.json': hash('axes.json'),
      },
    });
    return {
      accepted: accepted.length,
      rejected,
      unknown: [...placeOf.keys()].filter((recording) => !known.has(recording)),
      columns: matrix.columns,
      featuresHash,
    };
  } finally {
    matrix.close();
  }
}

/** Row of each recording. */
function readPlaces(file: string): Map<string, number> {
  const { columns, rows } = readCsv(file);
  if (!columns.includes('path'))
    throw inputError(`${file}: has no column "path"; it names the recording of each row`);
  const places = new Map<string, number>();
  rows.forEach((row, i) => {
    const recording = row['path']!;
    if (places.has(recording))
      throw inputError(
        `${file}: ${recording} is listed twice (rows ${places.get(recording)! + 1} and ${i + 1}); keep one`,
      );
    places.set(recording, i);
  });
  return places;
}
