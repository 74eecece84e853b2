export {
  createStrfFeatureKernel,
  STRF_FEATURE_PARAMETERS,
  strfFeatureAxes,
  type StrfFeatureAxes,
  type StrfFeatureParameters,
} from './core';
