export {
  EMBEDDING_PARAMETERS,
  startEmbeddingAnalysis,
  type EmbeddingAnalysis,
  type EmbeddingOptions,
  type EmbeddingParameters,
  type EmbeddingResult,
} from './analysis';
export { createEmbeddingKernel, type EmbeddingKernel } from './core';
export type {
  EmbeddingDescription,
  EmbeddingFrontEndModel,
  EmbeddingLogMel,
  EmbeddingModel,
} from './description';
export { runtimeIdentity } from './runtime';
