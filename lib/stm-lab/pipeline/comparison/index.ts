export {
  partOfComparison,
  type ComparisonChoice,
  type ComparisonPart,
  type ComparisonRowChoice,
  type PublishedScore,
  type FeatureChoice,
  type Recipe,
} from './choice';
export { fullRows } from './fullRows';
export { withoutMissing } from './missing';
export { prepareFeatures, type PrepareOptions } from './prepare';
export type { ComparisonRecord, ComparisonRowRecord } from './record';
export type { ComparisonScores } from './rowScores';
export { featureKey, needsExcerpts } from '../featureSettings';
export type { RowCost } from './cost';
export { compareStage, comparisonParameters, type CompareStageOptions, type CompareSummary } from './stage';
export { comparisonRows, comparisonTable, divisionText, type ComparisonTableRow } from './table';
