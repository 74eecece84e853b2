export {
  CORTICAL_PARAMETERS,
  corticalAxes,
  createCorticalBank,
  createCorticalKernel,
  extractCortical,
  type CorticalBank,
  type CorticalParameters,
  type CorticalSize,
} from './core';
export { CORTICAL_RATES, CORTICAL_SCALES, type CorticalFilters } from './filterBank';
