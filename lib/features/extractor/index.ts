export { describeFeatures, type FeatureDescription, type FeatureKind } from './analysers';
export {
  extractCorpus,
  type ExtractCorpusOptions,
  type ExtractionProgress,
  type ExtractionSummary,
} from './extractCorpus';
