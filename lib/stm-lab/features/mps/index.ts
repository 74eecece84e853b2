export { createMpsKernel, extractMps, MPS_PARAMETERS, mpsAxes, type MpsParameters } from './core';
export {
  createFastTransforms,
  modulationPower,
  standardise,
  type FastTransforms,
  type Spectrogram,
} from './power';
