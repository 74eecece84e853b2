export type { Kept } from './analysers';
export {
  describeFeatures,
  FEATURE_KIND_NAMES,
  featureKind,
  unusualParameters,
  type ExtractionIdentity,
  type FeatureDescription,
  type FeatureKind,
  type FeatureKindEntry,
} from './kinds';
export type { ExtractionOptions, ExtractionProgress } from './compute';
export { extractCorpus, type ExtractCorpusOptions, type ExtractionSummary } from './extractCorpus';
export { duplicateWarning, readDuplicates, type Duplicate } from './duplicates';
export type { ClassCount, RejectedRecording, ResultFiles, Results } from './results';
export { mergeShards } from './mergeShards';
export {
  extractShard,
  shardFolder,
  shardStates,
  type Shard,
  type ShardState,
  type ShardSummary,
} from './shards';
