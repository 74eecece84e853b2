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
  transform,
  transformBlocks,
  type BlockVisitor,
  type TransformOptions,
} from './transform';
export { loadReduction, saveReduction } from './store';
export { allRows, featuresInMemory, type FeatureSource } from './source';
export { fitStandardiser, standardise, type Standardiser } from './standardiser';
export type { Components } from './pca';
export { loadAlgebra, type Algebra, type AlgebraOptions } from './algebra';
