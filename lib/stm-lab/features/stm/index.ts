export {
  cochleagram,
  createStmKernel,
  extractStm,
  startStmAnalysis,
  STM_PARAMETERS,
  type Cochleagram,
  type StmAnalysis,
  type StmExcerpt,
  type StmKernel,
  type StmOptions,
  type StmParameters,
  type StmResult,
} from './analysis';
export { stmAxes, type ModulationAxes, type StmAxes, type StmAxesOptions } from './axes';
export { erbOf, stmFilterBank, type ChannelSet, type FilterBank } from './filterBank';
export { extractStmTime, STM_TIME_PARAMETERS, stmTimeAxes, type StmTimeParameters } from './timeResolved';
export { modulationToFeatures } from './modulation';
export { shortModulation, type ShortModulation } from './shortWindow';
