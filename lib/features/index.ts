export {
  EXCERPT_SECONDS,
  SILENCE_RULE,
  type Rejection,
  type ScanSummary,
  type SilenceRule,
} from './excerpts';
export * from './mel';
export * from './stm';
