export {
  ablateShard,
  ablateStage,
  ablationShardStates,
  mergeAblation,
  type AblateStageOptions,
  type AblateSummary,
  type AblationCellRecord,
  type AblationRecord,
  type CellScore,
} from './ablation';
export {
  compareStage,
  comparisonRows,
  comparisonTable,
  divisionText,
  type CompareStageOptions,
  type CompareSummary,
  type RowCost,
  type ComparisonChoice,
  type ComparisonPart,
  type ComparisonRecord,
  type ComparisonRowChoice,
  type PublishedScore,
  type ComparisonRowRecord,
  type ComparisonScores,
  type ComparisonTableRow,
  type FeatureChoice,
  type Recipe,
} from './comparison';
export { commandTag, commandText } from './commandText';
export type { StageContext } from '../stages/context';
export {
  crossValidationStage,
  type CrossValidationRecord,
  type CrossValidationStageOptions,
  type CrossValidationSummary,
} from './crossValidation';
export {
  evaluateStage,
  scoreTable,
  type EvaluateStageOptions,
  type EvaluateSummary,
  type ScoreRow,
} from './evaluate';
export {
  ABLATION_SIZES,
  ablationSize,
  DEFAULT_PRESET,
  readAblation,
  readExperiment,
  type AblationSettings,
  type AblationSize,
  type Experiment,
} from './experiment';
export type { ModelChoice, ReductionChoice } from './modelChoice';
export { isModelFile } from './embeddingModel';
export { ownSettings, settingOption } from './featureSettings';
export { extractStage, outcomeText, type ExtractStageOptions, type ExtractSummary } from './extract';
export {
  extractionShardStates,
  extractShardStage,
  mergeShardsStage,
  type ExtractShardOptions,
  type MergeShardsOptions,
  type MergeSummary,
} from './extractShards';
export { collectionSentence, type CollectionScores } from './byCollection';
export {
  DEFAULT_EXCERPT_MODEL,
  excerptSentence,
  isExcerptModel,
  linearExcerptModel,
  loadExcerptModel,
  trainExcerptStage,
  type ExcerptModelChoice,
  type ExcerptModelRecord,
  type LinearExcerptModel,
  type TrainExcerptStageOptions,
  type TrainExcerptSummary,
} from './excerptModel';
export { openFeatureFolder, readExtraction, type FeatureFolder, type IndexRow } from './featureFolder';
export {
  filterStage,
  medianOf,
  type FilteredRecording,
  type FilterStageOptions,
  type FilterSummary,
} from './filter';
export {
  readStudies,
  STUDY_NAMES,
  studyStage,
  type Studies,
  type StudyDesign,
  type StudyName,
  type StudyRecord,
  type StudyStageOptions,
  type StudySummary,
  type StudySystem,
} from './studies';
export { cutoffStudy, type CutoffRow, type CutoffStudy, type NamedClip } from './cutoffStudy';
export { listenPage, soundOfFile, type SoundSection } from './listenPage';
export {
  DEFAULT_FIGURES,
  FIGURE_NAMES,
  MAP_COLOURS,
  saveFigures,
  type FigureName,
  type FigureOptions,
  type FigureResult,
  type MapColour,
  type ResultFigureName,
  type SaveFiguresOptions,
} from './figures';
export {
  mlflowExecutable,
  COMMON_EXPERIMENT,
  experimentDescription,
  mlflowExperimentName,
  openTracker,
  TAG_NAMESPACE,
  withMlflow,
  type MlflowOptions,
} from './mlflow';
export {
  occlusionStage,
  type OcclusionRecord,
  type OcclusionStageOptions,
  type OcclusionSummary,
} from './occlusion';
export { embeddingNames, findEmbeddingModel } from './embeddingModel';
export { convertEmbedding, convertibleEmbeddings, type ConvertEmbeddingOptions } from './convertEmbedding';
export { readPublished, type PublishedGrid, type PublishedNumbers, type PublishedRow } from './published';
export { readRoleData, type RoleData, type RoleRows } from './roleData';
export { reportOf, type ReportRequest } from './report';
export { openPredictor, type PredictOptions } from './predict';
export type { Prediction } from './prediction';
export type { ExperimentStages, SettingRow } from './experimentStages';
export { drawRecording, type DrawRecordingOptions } from './recordingFigure';
export { reduceStage, type ReduceStageOptions, type ReduceSummary } from './reduce';
export { type FrontTrial, searchStage, type SearchRecord, type SearchSummary } from './search';
export type { SearchStageOptions } from './searchPlan';
export { reasonOfNoNetwork, trainableModel } from './trainableModel';
export { checkSearchOf } from './searchStudy';
export {
  objectivesOf,
  type ObjectiveChoice,
  type ObjectiveMetric,
  type ObjectiveSetting,
  type ResolvedObjective,
  type SearchObjective,
} from './searchObjective';
export type { TrialRecipe } from './hyperparameters';
export { searchableNames } from './searchableSettings';
export { joinSearch, mergeSearch, searchProgress, type SearchProgress } from './searchShards';
export { officialColumn, splitStage, type SplitStageOptions, type SplitSummary } from './split';
export type { SilenceLimit } from './silenceLimit';
export { corpusName } from './corpusFolder';
export { libraryHash } from './libraryHash';
export { resultsFolder, type StageFolders } from './stageFolders';
export { TABLE_NAMES, type TableName, type TableRows } from './tables';
export {
  readStageRecord,
  runStage,
  type StageFailure,
  type StageRecord,
  type StageRequest,
  type StageResult,
} from '../stages/stage';
export {
  trainedModel,
  trainStage,
  type TrainingRecord,
  type TrainStageOptions,
  type TrainSummary,
} from './train';
export { recordingsOf } from './runSounds';
export {
  openProject,
  openWorkbench,
  presetOfEnvironment,
  withEnvironment,
  type Project,
  type ProjectOptions,
  type ProjectParameters,
} from './project';
export type { SettingsSearchSummary } from './settingsSearch';
export { strfSearchStage, type StrfSearchOptions } from './strfSearch';
export { tmnnSearchStage, type TmnnSearchOptions } from './tmnnSearch';
export * from '../tmnn/stage';
export * from '../strf/stage';
export { configurationNames, type ConfigurationKind } from '../stages/configuration';
export { environmentProgram, homeFolder, shippedFolder } from '../stages/home';
