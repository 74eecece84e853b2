export { type Calibration, calibration, type ReliabilityBin } from './calibration';
export {
  type ArgmaxScores,
  argmaxScores,
  type ClassScores,
  type Confusion,
  confusionMatrix,
  countConfusion,
  macroF1,
} from './confusion';
export { atTemperature, fitTemperature } from './temperature';
export { domainF1 } from './domains';
export {
  F1_THRESHOLDS,
  type KerasAuc,
  kerasF1,
  kerasMacroF1,
  kerasMicroAuc,
  sweepThresholds,
  type ThresholdSweep,
} from './kerasMetrics';
export { cohensD, type CohensDOptions } from './cohensD';
export { type DetectionCosts, equalErrorRate, minimumDetectionCost } from './detectionErrors';
export { familyPrecisionRecall, type FamilyScores } from './incompleteTags';
export { holmCorrected, type PairedTest, pairedTest, type SignedRank, signedRankTest } from './pairedTests';
export { fitPowerLaw, type PowerLaw, powerLawCrossing, powerLawError } from './powerLaw';
export { trapezoidPrecisionRecall } from './precisionRecall';
export {
  outputDifference,
  type ResampledScores,
  resampledScores,
  type ScoreDifference,
  scoreDifference,
  type ScoredBlock,
  scoreInterval,
} from './resampledScores';
export { type OutputScore, tagScores, type TagScores } from './tagScores';
export { argMax } from 'research-basics/numerics/argMax';
export { checkPredictions, deviation, meanDefined, mostProbable, type Predictions } from './predictions';
export {
  type AreaReport,
  exactAreas,
  type ExactAreas,
  type Ranking,
  rankingAreas,
  rankScores,
} from './ranking';
export {
  type BootstrapOptions,
  drawCounts,
  drawWithReplacement,
  groupBootstrap,
  type GroupDesign,
  groupResampler,
  type Interval,
  quantile,
} from './bootstrap';
export { compareModels, type Comparison, type Repeats } from './compare';
export {
  type CorrectedScores,
  evaluate,
  type EvaluationReport,
  type EvaluationTask,
  type IntervalName,
  type PublishedScores,
} from './evaluate';
export {
  averageProbabilities,
  crossValidate,
  type CrossValidationResult,
  type CrossValidationTask,
  type FoldTask,
  meanIntervals,
  type RepeatedPredictions,
  type RepeatResult,
} from './crossValidate';
