export {
  CORTICAL_PARAMETERS,
  corticalAxes,
  createCorticalBank,
  createCorticalKernel,
  type CorticalBank,
  type CorticalParameters,
  type CorticalSize,
} from './core';
export { CORTICAL_RATES, CORTICAL_SCALES, type CorticalFilters } from './filterBank';
