import { rowsOfFile } from '../base/finiteRows';
import {
  asSource,
  fitsInMemory,
  standardisedRows,
  transform,
  transformToFile,
  type FeatureSource,
  type Reduction,
} from '../reduction';

/**
 * Rows of features, reduced. Those of a source that are too many for memory (`fitsInMemory`) are standardised as they are read
 * or, with components, written to a file.
 *
 * @param features float32, rows x `reduction.columns`, or a source of them.
 * @param file where they may be written; without one, rows with components are held in memory.
 * @returns float32, rows x `reduction.width`, or a source of them: the same bits.
 */
export async function reducedRows(
  reduction: Reduction,
  features: Float32Array | FeatureSource,
  rows: Int32Array,
  file?: string,
): Promise<Float32Array | FeatureSource> {
  const source = asSource(features, reduction.columns);
  const given = { features: source, rows };
  if (features instanceof Float32Array || fitsInMemory(rows.length, reduction.width))
    return transform(reduction, given);
  if (reduction.components === undefined) return standardisedRows(reduction, source, rows);
  if (file === undefined) return transform(reduction, given);
  await transformToFile(reduction, given, file);
  return rowsOfFile(file);
}
