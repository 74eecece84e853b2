export {
  ablationRegions,
  marginalOf,
  regionColumns,
  regionName,
  regionText,
  selectColumns,
  type MarginalRegion,
  type Region,
  type RegionDesign,
} from './masks';
export {
  compareCells,
  neighbourPairs,
  type CellComparisons,
  type CellPredictions,
  type CompareCellsOptions,
} from './compare';
export { corpusSupport, supportStatements, type ClassSupport, type CorpusSupport } from './support';
export { occlusionMaps, type OcclusionMaps, type OcclusionTask, type PatchSize } from './occlusion';
