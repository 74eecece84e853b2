export { filteredSoundFigure, type FilteredSoundInput } from './filteredSound';
export { type FigureSpec, type FigureText } from './spec';
export { renderSvg, type RenderOptions } from './render';
export { svgToPdf, svgToPng } from './export';
export { saveFigure, type FigureFormat } from './save';
export { show, showTable, showText } from './notebook';
export { type TableOptions } from '../frames';
export { showProgress, showStageProgress, type ProgressDisplay, type StageProgressDisplay } from './progress';
export { listen, listenHtml, type ListenOptions, type PlayableSound } from './listen';
export { CLASS_COLOURS } from './theme';
export { type ColourScale } from './colour';
export { ablationFigure, type AblationCell, type AblationInput } from './ablation';
export { cohensD, type CohensDOptions } from '../evaluation';
export { comparisonFigure, type ComparisonInput, type ComparisonRow } from './comparison';
export { confusionFigure, type ConfusionInput } from './confusion';
export { effectSizeFigure, type EffectSizeInput } from './effectSize';
export { embeddingFigure, type EmbeddingInput, type EmbeddingPoint } from './embedding';
export { explainedVarianceFigure, type ExplainedVarianceInput } from './explainedVariance';
export { learningCurvesFigure, type LearningCurveRow, type LearningCurvesInput } from './learningCurves';
export { marginalsFigure, type MarginalRow, type MarginalsInput } from './marginals';
export { recordingFigure, type RecordingInput } from './recording';
export { reliabilityFigure, type ReliabilityBin, type ReliabilityInput } from './reliability';
export { rocFigure, type RocCurve, type RocInput } from './roc';
export { searchHistoryFigure, type SearchHistoryInput } from './searchHistory';
export { importancesFigure, type ImportancesInput } from './searchImportances';
export { parallelCoordinatesFigure, type ParallelCoordinatesInput } from './searchParallel';
export { paretoFigure, type ParetoInput, type ParetoObjective, type ParetoTrial } from './searchPareto';
export { slicesFigure, type SlicesInput } from './searchSlices';
export { timelineFigure, type TimelineInput } from './searchTimeline';
export { type ParameterScale, type SearchDirection, type SearchTrial } from './searchTrial';
export { splitBalanceFigure, type SplitBalanceInput, type SplitBalanceRow } from './splitBalance';
export {
  classMeanFigure,
  stmFigure,
  stmGridFigure,
  type ClassMeanInput,
  type StmGridInput,
  type StmInput,
  type StmPanel,
} from './stm';
export {
  modulationFiltersFigure,
  type ModulationFiltersInput,
  type ModulationResponseRow,
} from './tmnnFilters';
export { strfDriftFigure, type DriftRow, type StrfDriftInput } from './strfDrift';
export { strfGalleryFigure, type GalleryFilter, type StrfGalleryInput } from './strfGallery';
export { strfMapFigure, type DendrogramMerge, type StrfMapInput } from './strfMap';
export {
  strfProfileFigure,
  type ProfileCurve,
  type ProfilePanel,
  type StrfProfileInput,
} from './strfProfiles';
export { strfPublishedFigure, type PublishedPanel, type StrfPublishedInput } from './strfPublished';
export { strfTrajectoryFigure, type FilterPath, type StrfTrajectoryInput } from './strfTrajectories';
export { strfDistanceFigure, type StrfDistanceInput } from './strfDistances';
export { plotFigure, type PlotOptions } from './plot';
export { paperFigure, type PaperOptions } from './paper';
