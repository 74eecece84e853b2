import { inputError } from 'research-basics/errors';
import { loadAlgebra, type AlgebraOptions } from './algebra';
import type { Reduction, ReductionProvenance } from './reduction';
import { checkFinite, type RowName } from '../base/finiteRows';
import { openNpyWriter } from '../base/npy';
import { allRows, chosenRows, eachBlock, mappedRows, type FeatureSource } from './source';
import { standardise } from './standardiser';

/** Which rows to transform. */
export interface TransformOptions extends AlgebraOptions {
  readonly features: FeatureSource;
  /** Default all. */
  readonly rows?: Int32Array;
  /** Hash of the features' axis table; refused when it is not the one the reduction was fitted with. */
  readonly axesHash?: string | undefined;
  /** Name of a row's recording, for messages. */
  readonly nameOf?: RowName;
}

/** A transformed block, handed over in row order. */
export type BlockVisitor = (block: Float32Array, count: number, first: number) => void;

const BLOCK_ROWS = 1024;

/**
 * Standardises rows and projects them onto the components: float64 arithmetic, rounded to float32 (what
 * the networks take).
 *
 * @returns row-major, rows x `reduction.width`.
 * @throws UserError (`input`) when the features have other columns or axes than the reduction was
 *   fitted on, or hold a value that is not finite.
 */
export async function transform(reduction: Reduction, options: TransformOptions): Promise<Float32Array> {
  const rows = options.rows?.length ?? options.features.rows;
  const all = new Float32Array(rows * reduction.width);
  await transformBlocks(reduction, options, (block, _count, first) =>
    all.set(block, first * reduction.width),
  );
  return all;
}

/** As `transform`, block by block, so that neither features nor results need to fit in memory. */
export async function transformBlocks(
  reduction: Reduction,
  options: TransformOptions,
  visit: BlockVisitor,
): Promise<void> {
  const { features, nameOf } = options;
  checkSameFeatures(reduction, features.columns, { axesHash: options.axesHash }, features.source);
  const rows = options.rows ?? allRows(features.rows);
  const { standardiser, components } = reduction;
  const project = await projection(reduction, options);
  try {
    eachBlock(features, rows, BLOCK_ROWS, (block, count, first) => {
      checkFinite(block, features.columns, features.source, (i) => rows[first + i]!, { nameOf });
      standardise(standardiser, block);
      visit(components === undefined ? block.slice() : project.apply(block, count), count, first);
    });
  } finally {
    project.free();
  }
}

/**
 * As `transform`, into an `.npy` file (float32, rows x `reduction.width`), block by block: whole or not at all.
 *
 * @throws UserError (`input`) as `transform`.
 */
export async function transformToFile(
  reduction: Reduction,
  options: TransformOptions,
  file: string,
): Promise<void> {
  const writer = openNpyWriter(file, '<f4', [reduction.width]);
  try {
    await transformBlocks(reduction, options, (block) => writer.append(block));
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/**
 * Rows standardised as they are read, for a reduction without components: the bits of `transform`, none of them kept.
 *
 * @throws UserError (`input`) when the features have other columns; reads as those of `features`.
 */
export function standardisedRows(
  reduction: Reduction,
  features: FeatureSource,
  rows: Int32Array,
): FeatureSource {
  checkSameFeatures(reduction, features.columns, {}, features.source);
  return mappedRows(chosenRows(features, rows), features.columns, (block) =>
    standardise(reduction.standardiser, block),
  );
}

/** What each component is divided by, see `FitReductionOptions.whiten`. */
export function componentScale(variance: Float64Array, whiten: Reduction['whiten']): Float64Array {
  const rms = Math.sqrt(variance.reduce((sum, value) => sum + value, 0) / variance.length);
  return variance.map((own) =>
    whiten === 'no' ? 1 : Math.max(whiten === 'common' ? rms : Math.sqrt(own), Number.EPSILON),
  );
}

async function projection(
  { components, whiten, columns }: Reduction,
  options: AlgebraOptions,
): Promise<{ apply(block: Float32Array, count: number): Float32Array; free(): void }> {
  if (components === undefined) return { apply: (block) => block, free: () => undefined };
  const { vectors, count: width, mean, explainedVariance } = components;
  const algebra = await loadAlgebra(options);
  const projector = algebra.projector(vectors, width, columns);
  const offset = projector.apply(mean, 1);
  const scale = componentScale(explainedVariance, whiten);
  return {
    apply(block, count) {
      const product = projector.apply(block, count);
      const result = new Float32Array(product.length);
      for (let at = 0; at < product.length;)
        for (let k = 0; k < width; k++, at++) result[at] = (product[at]! - offset[k]!) / scale[k]!;
      return result;
    },
    free: () => projector.free(),
  };
}

/**
 * Rows back from components to the features' own units. With fewer components than columns this is the
 * nearest row that the components can express. A unit row (1 at component k, else 0), less the row of
 * zeros, shows component k as an image over the features' axes.
 *
 * @param rows row-major, length a multiple of `reduction.width`.
 * @returns row-major, as many rows of `reduction.columns`.
 */
export function inverseTransform(reduction: Reduction, rows: Float32Array): Float32Array {
  const { columns, width, standardiser, components, whiten } = reduction;
  const count = rows.length / width;
  if (!Number.isInteger(count)) throw new RangeError(`${rows.length} values are not whole rows of ${width}`);
  const result = new Float32Array(count * columns);
  const line = new Float64Array(columns);
  const scale = components && componentScale(components.explainedVariance, whiten);
  for (let r = 0; r < count; r++) {
    if (components === undefined) line.set(rows.subarray(r * width, (r + 1) * width));
    else {
      line.set(components.mean);
      for (let k = 0; k < width; k++) {
        const amount = rows[r * width + k]! * scale![k]!;
        if (amount === 0) continue;
        for (let c = 0, at = k * columns; c < columns; c++, at++)
          line[c]! += amount * components.vectors[at]!;
      }
    }
    for (let c = 0; c < columns; c++)
      result[r * columns + c] = line[c]! * standardiser.scale[c]! + standardiser.mean[c]!;
  }
  return result;
}

/**
 * Component `index` as an image over the features' axes: its weights on standardised features.
 *
 * @returns float64 [columns], unit length; reshape by the axis table (20 x 121 for the published STM).
 * @throws UserError (`input`) for a reduction without components; RangeError for an index outside of them.
 */
export function componentImage({ components, columns, width }: Reduction, index: number): Float64Array {
  if (components === undefined) throw inputError('method "none" has no components to show');
  if (!(Number.isInteger(index) && index >= 0 && index < width))
    throw new RangeError(`component ${index} of ${width}`);
  return components.vectors.slice(index * columns, (index + 1) * columns);
}

/**
 * Refuses features that a reduction was not fitted for. Only hashes known on both sides are compared.
 *
 * @throws UserError (`input`) naming what differs.
 */
export function checkSameFeatures(
  reduction: Reduction,
  columns: number,
  provenance: ReductionProvenance,
  source: string,
): void {
  if (columns !== reduction.columns)
    throw inputError(
      `${source}: has ${columns} columns, the reduction was fitted on ${reduction.columns}; use the features it was fitted on, or fit another`,
    );
  const compared = [
    ['axesHash', 'axes', 'extract with the same axes'],
    ['featuresHash', 'values', 'use the features it was fitted on'],
    ['splitHash', 'split', 'use the split it was fitted on'],
  ] as const;
  for (const [key, what, cure] of compared) {
    const [given, fitted] = [provenance[key], reduction.provenance[key]];
    if (given !== undefined && fitted !== undefined && given !== fitted)
      throw inputError(
        `${source}: its ${what} (hash ${given.slice(0, 12)}) are not those the reduction was fitted on (${fitted.slice(0, 12)}); ${cure}, or fit another reduction`,
      );
  }
}
