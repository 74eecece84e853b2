export {
  createTmnnFeatureKernel,
  TMNN_FEATURE_PARAMETERS,
  tmnnFeatureAxes,
  type TmnnFeatureAxes,
  type TmnnFeatureParameters,
} from './core';
