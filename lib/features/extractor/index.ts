export { describeFeatures, type FeatureDescription, type FeatureKind, type Kept } from './analysers';
export {
  extractCorpus,
  type ExtractCorpusOptions,
  type ExtractionProgress,
  type ExtractionSummary,
} from './extractCorpus';
export type { ResultFiles } from './results';
