import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { unusualParameters, type ExtractionIdentity } from '../features';
import { loadAlgebra, type AlgebraOptions } from './algebra';
import { fitExactPca, fitIncrementalPca, type Components } from './pca';
import type { RowName } from '../base/finiteRows';
import { allRows, type FeatureSource } from './source';
import { fitStandardiser, type Standardiser } from './standardiser';

/** How components are found: see `fitReduction`. */
export type ReductionMethod = 'incremental' | 'exact' | 'none';

/** A standardiser and, unless the method is `none`, principal components, fitted on training rows. */
export interface Reduction {
  readonly method: ReductionMethod;
  readonly whiten: 'no' | 'yes' | 'common';
  /** Values in a feature row. */
  readonly columns: number;
  /** Values in a transformed row: the number of components, or `columns` for method `none`. */
  readonly width: number;
  readonly standardiser: Standardiser;
  readonly components: Components | undefined;
  /** What the features are and which rows were seen, so that others are refused. */
  readonly provenance: ReductionProvenance;
  /** One sentence each, e.g. that there are fewer components than asked for. */
  readonly warnings: readonly string[];
  /** SHA-256 over every number above. */
  readonly hash: string;
}

/** Where a reduction comes from; parts that are not known stay undefined. */
export interface ReductionProvenance {
  /** How the features were extracted, so that new recordings are analysed alike. */
  readonly extraction?: ExtractionIdentity | undefined;
  /** Hash of the axis table that travels with the features. */
  readonly axesHash?: string | undefined;
  /** Hash of the feature file. */
  readonly featuresHash?: string | undefined;
  /** Hash of the split that named the training rows. */
  readonly splitHash?: string | undefined;
}

/** What a reduction is fitted on, and how. */
export interface FitReductionOptions extends AlgebraOptions {
  readonly features: FeatureSource;
  /** Training rows, in the order in which they are taken (it matters for `incremental`); default all. */
  readonly rows?: Int32Array;
  /**
   * `incremental` (default, the paper's): batches of 5 x columns rows in order. `exact`: one covariance.
   * `none`: only standardised, as for the paper's ablations.
   */
  readonly method?: ReductionMethod;
  /** Default 1024 (the paper's). */
  readonly components?: number;
  /**
   * `no` (default, the paper's): components as they are. `yes`: each divided by its standard deviation.
   * `common`: all divided by one number, the root of their mean variance, so that their proportions stay
   * but networks get inputs of the size they are initialised for.
   */
  readonly whiten?: 'no' | 'yes' | 'common';
  /**
   * `each` (default, the paper's): every column is divided by its standard deviation. `none`: columns are
   * only centred, so that components follow the columns' own variances; for columns of one unit.
   */
  readonly scaling?: 'each' | 'none';
  readonly provenance?: ReductionProvenance;
  /** Name of a row's recording, for messages. */
  readonly nameOf?: RowName;
  /** Called with the share of the work done, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Fits standardiser and principal components on training rows alone. Memory: one batch of rows and a few
 * columns x columns matrices, whatever the number of rows.
 *
 * `exact` with fewer rows (or columns) than components keeps as many as there are, with a warning;
 * `incremental` cannot, and refuses, as scikit-learn does.
 *
 * @throws UserError (`input`) for no rows, a value that is not finite (naming row and recording), or
 *   too few rows or columns for the components.
 */
export async function fitReduction(options: FitReductionOptions): Promise<Reduction> {
  const { features, method = 'incremental', components = 1024, whiten = 'no', provenance = {} } = options;
  const { columns } = features;
  const rows = options.rows ?? allRows(features.rows);
  const warnings: string[] = [];
  if (rows.length < 2)
    throw inputError(
      `${features.source}: ${rows.length} training rows; at least 2 are needed to fit a reduction`,
    );
  if (!Number.isInteger(components) || components < 1)
    throw inputError(`components is ${components}: must be an integer from 1`);
  let count = components;
  if (method === 'incremental' && components > columns)
    throw inputError(
      `${components} components are more than the ${columns} columns of ${features.source}; ask for at most ${columns}`,
    );
  if (method === 'exact' && components > Math.min(rows.length, columns)) {
    count = Math.min(rows.length, columns);
    warnings.push(
      `${components} components were asked for; ${rows.length} rows of ${columns} columns have ${count}, which are kept`,
    );
  }
  // Finding the algebra first: a missing engine should not cost two passes over the data.
  // Features are float32, and so are the products of scikit-learn's exact solvers; incremental PCA was
  // published in float64.
  const precision = options.precision ?? (method === 'exact' ? 'float32' : 'float64');
  const algebra = method === 'none' ? undefined : await loadAlgebra({ ...options, precision });
  const fittedStandardiser = fitStandardiser(features, rows, options.nameOf);
  const standardiser: Standardiser =
    options.scaling === 'none'
      ? { ...fittedStandardiser, scale: new Float64Array(columns).fill(1) }
      : fittedStandardiser;
  const input = { features, rows, standardiser, components: count, onProgress: options.onProgress };
  const fitted =
    algebra === undefined
      ? undefined
      : method === 'exact'
        ? fitExactPca({ ...input, algebra })
        : fitIncrementalPca({ ...input, algebra });
  const parts = {
    method,
    whiten,
    columns,
    width: fitted?.count ?? columns,
    standardiser,
    components: fitted,
    provenance,
    warnings,
  };
  return { ...parts, hash: hashReduction(parts) };
}

/** SHA-256 over the method and every fitted number. */
export function hashReduction(parts: Omit<Reduction, 'hash'>): string {
  const { method, whiten, columns, standardiser, components, provenance } = parts;
  const bytes = (values: Float64Array): string =>
    sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return sha256({
    method,
    whiten,
    columns,
    rows: standardiser.rows,
    provenance: JSON.parse(
      JSON.stringify({ ...provenance, extraction: unusualExtraction(provenance) }),
    ) as unknown,
    arrays: [
      standardiser.mean,
      standardiser.scale,
      ...(components === undefined
        ? []
        : [components.mean, components.vectors, components.explainedVariance, components.singularValues]),
    ].map(bytes),
  });
}

/** Undefined where all is at its default, so that models of versions that did not record it stay valid. */
function unusualExtraction({ extraction }: ReductionProvenance): ExtractionIdentity | undefined {
  if (extraction === undefined) return undefined;
  const parameters = unusualParameters(extraction);
  return Object.keys(parameters).length === 0 ? undefined : { ...extraction, parameters };
}

/**
 * Share of the variance that the first 1, 2, ... components explain together: float64, one value per component,
 * rising, at most 1. Empty for method `none`.
 */
export function explainedVariance({ components }: Reduction): Float64Array {
  let sum = 0;
  return (components?.explainedVarianceRatio ?? new Float64Array(0)).map((share) => (sum += share));
}
