export { describeFeatures, type FeatureDescription, type FeatureKind, type Kept } from './analysers';
export type { ExtractionOptions, ExtractionProgress } from './compute';
export { extractCorpus, type ExtractCorpusOptions, type ExtractionSummary } from './extractCorpus';
export type { ResultFiles, Results } from './results';
export {
  extractShard,
  mergeShards,
  shardFolder,
  shardStates,
  type Shard,
  type ShardState,
  type ShardSummary,
} from './shards';
