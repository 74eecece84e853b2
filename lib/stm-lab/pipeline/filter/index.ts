export {
  filterStage,
  medianOf,
  type FilteredRecording,
  type FilterStageOptions,
  type FilterSummary,
} from './stage';
