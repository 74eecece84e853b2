export {
  createFastTransforms,
  createMpsKernel,
  extractMps,
  modulationPower,
  MPS_PARAMETERS,
  mpsAxes,
  standardise,
  type MpsParameters,
  type Spectrogram,
} from './core';
