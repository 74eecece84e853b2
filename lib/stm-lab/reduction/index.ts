export {
  explainedVariance,
  fitReduction,
  type FitReductionOptions,
  type Reduction,
  type ReductionMethod,
  type ReductionProvenance,
} from './reduction';
export {
  checkSameFeatures,
  componentScale,
  componentImage,
  inverseTransform,
  standardisedRows,
  transform,
  transformBlocks,
  transformToFile,
  type BlockVisitor,
  type TransformOptions,
} from './transform';
export { loadReduction, saveReduction } from './store';
export {
  allRows,
  asSource,
  chosenRows,
  eachBlock,
  featuresInMemory,
  fitsInMemory,
  mappedRows,
  readAll,
  type FeatureSource,
} from './source';
export { fitStandardiser, standardise, type Standardiser } from './standardiser';
export type { Components } from './pca';
export { loadAlgebra, type Algebra, type AlgebraOptions } from './algebra';
export { umapPlane, type UmapOptions } from './umap';
