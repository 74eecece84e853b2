export {
  EXCERPT_SECONDS,
  SILENCE_RULE,
  type Rejection,
  type ScanSummary,
  type SilenceRule,
} from './excerpts';
export * from './extractor';
export * from './mel';
export { poolExcerpts, type ExcerptPooling } from './pooling';
export * from './stm';
