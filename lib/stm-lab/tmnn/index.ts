export { type BackEndLayer, type Block, resnetBlocks } from './backEnd';
export {
  holmCorrected,
  outputDifference,
  pairedTest,
  type ResampledScores,
  resampledScores,
  type ScoreDifference,
  scoreDifference,
  scoreInterval,
  type ScoredBlock,
  type SignedRank,
  signedRankTest,
  mostProbable,
  type OutputScore,
  tagScores,
  type TagScores,
} from '../evaluation';
export {
  cutSegments,
  evenPlaces,
  randomFrame,
  randomPlace,
  windowFrames,
  windowStarts,
} from './data/segments';
export {
  type CachedClip,
  type CachedSpectrogram,
  type CacheOptions,
  cacheSpectrograms,
  cacheWaveforms,
  fileSource,
  memorySource,
  sampleSource,
  segmentFrames,
  segmentSteps,
  type SpectrogramSource,
  waveformSource,
} from './data/spectrogramCache';
export { type FilterResponse, filterResponse, type FilterState } from './filterState';
export { fitTmnn, type TmnnData, type TmnnEpoch, type TmnnFitResult, type TmnnFitTask } from './fit';
export { bandwidthHz, type HarmonicGrid, harmonicBank, harmonicGrid } from './maths/harmonicBank';
export { htkMelBank } from '../features/mel/htkBank';
export {
  adjoiningBands,
  gaborKernel,
  gaussianKernel,
  hammingWindow,
  type PassBand,
  responseAt,
  sincKernel,
} from '../features/tmnn/filterBank';
export { loadTmnn, saveTmnn, startTmnn, type TmnnModel } from './model';
export { createTmnn, type TmnnNetwork } from './network';
export {
  FIRST_BAND,
  learnPlantedRate,
  OTHER_HZ,
  PLANTED_HZ,
  plantedRateClips,
  plantedRateNetwork,
  type PlantedRateOutcome,
} from './plantedRate';
export { type ClipPredictions, predictClips, type PredictOptions } from './predict';
export { PUBLISHED_STAGES, resolveFit, type Stage, stageOptimiser, type TmnnFitOptions } from './schedule';
export { probabilitiesOf } from './logits';
export {
  type BackEnd,
  frameRate,
  type FrontEnd,
  inputWidth,
  type Modulation,
  readsWaveform,
  resolveTmnn,
  type TmnnOptions,
  type TmnnSpec,
} from './spec';
export {
  type Analysis,
  createPowerSpectrogram,
  frameCount,
  type PowerSpectrogram,
  PUBLISHED_ANALYSIS,
} from '../features/spectrogram';
export { createTrainer, type SegmentBatch, type Task, type TmnnTrainer } from './trainer';
