export {
  createMelKernel,
  extractMel,
  MEL_PARAMETERS,
  melAxes,
  powerToDecibels,
  startMelAnalysis,
  type MelAnalysis,
  type MelAxes,
  type MelKernel,
  type MelOptions,
  type MelParameters,
  type MelResult,
} from './core';
export { hzToMel, melFilterBank, melToHz, type MelFilterBank } from './filterBank';
