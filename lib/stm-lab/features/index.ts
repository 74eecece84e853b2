export {
  EXCERPT_SECONDS,
  SILENCE_RULE,
  type Rejection,
  type ScanSummary,
  type SilenceRule,
} from './excerpts';
export { importEmbeddings, type ImportedEmbeddings, type ImportEmbeddingsOptions } from './embeddings';
export * from './am';
export * from './cortical';
export * from './embedding';
export * from './extractor';
export * from './mel';
export * from './mps';
export { poolExcerpts, type ExcerptPooling } from './pooling';
export { isEven, planeCells, planeColumns, planeRows, type PlaneAxes } from './plane';
export {
  analysePlane,
  type PlaneExcerpt,
  type PlaneKernel,
  type PlaneOptions,
  type PlaneResult,
} from './planeAnalysis';
export { foldRates } from './foldRates';
export { prepareModulations, type Preparation } from './preparation';
export { smoothRates, smoothScales } from './smoothing';
export * from './stm';
export * from './strf';
export * from './tmnn';
export type { BandAverage, BandAxes } from './bandAverage';
