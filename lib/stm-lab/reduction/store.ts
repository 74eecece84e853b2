import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../base/npy';
import { stageFile } from '../base/stageFile';
import { hashReduction, type Reduction, type ReductionProvenance } from './reduction';
import { checkSameFeatures } from './transform';

interface ReductionRecord {
  readonly format: 1;
  readonly method: Reduction['method'];
  readonly whiten: Reduction['whiten'];
  readonly columns: number;
  readonly width: number;
  readonly training_rows: number;
  readonly provenance: ReductionProvenance;
  readonly warnings: readonly string[];
  readonly hash: string;
}

const NAMES = {
  scalerMean: 'scaler_mean.npy',
  scalerScale: 'scaler_scale.npy',
  scalerVariance: 'scaler_variance.npy',
  mean: 'pca_mean.npy',
  vectors: 'components.npy',
  variance: 'explained_variance.npy',
  ratio: 'explained_variance_ratio.npy',
  singular: 'singular_values.npy',
} as const;

/**
 * Writes a reduction to a folder: float64 arrays that `numpy.load` reads (`components.npy` is
 * components x columns, as `components_` of scikit-learn), and `reduction.json`, which is written last.
 */
export function saveReduction(folder: string, reduction: Reduction): void {
  const { standardiser, components, columns, width } = reduction;
  const write = (name: string, data: Float64Array, shape: number[] = [data.length]): void =>
    writeNpy(path.join(folder, name), { shape, data });
  write(NAMES.scalerMean, standardiser.mean);
  write(NAMES.scalerScale, standardiser.scale);
  write(NAMES.scalerVariance, standardiser.variance);
  if (components !== undefined) {
    write(NAMES.mean, components.mean);
    write(NAMES.vectors, components.vectors, [width, columns]);
    write(NAMES.variance, components.explainedVariance);
    write(NAMES.ratio, components.explainedVarianceRatio);
    write(NAMES.singular, components.singularValues);
  }
  const record: ReductionRecord = {
    format: 1,
    method: reduction.method,
    whiten: reduction.whiten,
    columns,
    width,
    training_rows: standardiser.rows,
    provenance: reduction.provenance,
    warnings: reduction.warnings,
    hash: reduction.hash,
  };
  writeJson(path.join(folder, 'reduction.json'), record);
}

/**
 * Reads a reduction that `saveReduction` wrote. It is never fitted again: evaluation and prediction use
 * the numbers that training used.
 *
 * @param expected hashes of the features or split at hand; a reduction fitted on others is refused.
 * @throws UserError (`input`) when a file is missing or changed, or `expected` differs.
 */
export function loadReduction(folder: string, expected: ReductionProvenance = {}): Reduction {
  const record = readJson<ReductionRecord>(stageFile(folder, 'reduction.json', 'reduce'));
  if (record.format !== 1)
    throw inputError(`${folder}: reduction.json has format ${String(record.format)}; this version reads 1`);
  const read = (name: string): Float64Array => {
    const { data } = readNpy(stageFile(folder, name, 'reduce'));
    if (!(data instanceof Float64Array)) throw inputError(`${path.join(folder, name)}: is not float64`);
    return data;
  };
  const { method, whiten, columns, width, provenance, warnings } = record;
  const parts = {
    method,
    whiten,
    columns,
    width,
    standardiser: {
      mean: read(NAMES.scalerMean),
      scale: read(NAMES.scalerScale),
      variance: read(NAMES.scalerVariance),
      rows: record.training_rows,
    },
    components:
      method === 'none'
        ? undefined
        : {
            vectors: read(NAMES.vectors),
            count: width,
            mean: read(NAMES.mean),
            explainedVariance: read(NAMES.variance),
            explainedVarianceRatio: read(NAMES.ratio),
            singularValues: read(NAMES.singular),
          },
    provenance,
    warnings,
  };
  if (hashReduction(parts) !== record.hash)
    throw inputError(
      `${folder}: its arrays are not those that reduction.json describes; fit the reduction again`,
    );
  const reduction = { ...parts, hash: record.hash };
  checkSameFeatures(reduction, columns, expected, folder);
  return reduction;
}
