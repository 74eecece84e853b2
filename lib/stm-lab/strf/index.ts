export { gridAxis, gridStep, PUBLISHED_SHAPE, type GridName, type KernelShape } from '../features/strf/grid';
export {
  GABOR_PARAMETERS,
  gaborKernel,
  kernelFactors,
  type ComplexKernel,
  type GaborFilter,
  type KernelFactors,
  type KernelNorm,
  type KernelOptions,
} from '../features/strf/gabor';
export {
  classicalFilters,
  classicalKernel,
  initialFilters,
  type ClassicalFilter,
  type InitialOptions,
} from '../features/strf/initial';
export {
  filterTuning,
  modulationResponse,
  type FilterTuning,
  type ModulationResponse,
  type UnitContext,
} from './units';
export {
  bandsPerOctave,
  createLogMel,
  frameCount,
  frameRate,
  SPEECH_LOG_MEL,
  type LogMel,
  type LogMelKernel,
  type LogMelParameters,
} from '../features/mel/logMel';
export {
  createStrfLayer,
  STRF_VARIANTS,
  type StrfLayer,
  type StrfOptions,
  type StrfOutput,
  type StrfVariant,
} from './layer';
export * from './networks';
export {
  classTargets,
  fitFrames,
  logMelScale,
  selectSounds,
  standardise,
  storedSounds,
  type LogMelScale,
  type SoundSet,
  type SoundSource,
} from './soundSet';
export { predictStrf, type StrfPredictions, type StrfValues } from './predict';
export {
  filtersOf,
  trainStrf,
  type StrfDevelopment,
  type StrfTraining,
  type TrainedStrf,
  type TrainingContext,
  type TrainingRecord,
} from './train';
export {
  detectionErrorRate,
  detectionSeconds,
  hysteresis,
  trackErrorRate,
  tuneHysteresis,
  type DetectionErrorRate,
  type DetectionSeconds,
  type DetectionTask,
  type HysteresisOptions,
  type ProbabilityTrack,
} from './detection';
export { pairTrials, type AngularMargin, type Embeddings, type Trials } from './verification';
export {
  equalErrorRate,
  familyPrecisionRecall,
  minimumDetectionCost,
  trapezoidPrecisionRecall,
  type DetectionCosts,
  type FamilyScores,
} from '../evaluation';
export { addNoise } from './noise';
export { normaliseScores, type ScoreNormOptions, type ScoreNormTask } from './scoreNorm';
export * from './tasks';
export * from './analysis';
export {
  detectPlanted,
  matchRipple,
  type PlantedFilter,
  type PlantedOptions,
  type PlantedOutcome,
  type PlantedRipple,
} from './planted';
