import type { Rejection, ScanSummary } from '../excerpts';

/** What is kept of a recording: one row, or also a row for each of its excerpts. */
export type Kept = 'mean' | 'excerpts';

/** A kind of feature as the extractor sees it: a row of numbers for each recording. */
export interface Analyser {
  start(
    sampleRate: number,
    startSeconds: number,
    /** To be called at least once a minute while a block is being analysed. */
    onExcerpt?: () => void,
  ): {
    push(block: Float32Array): 'more' | 'enough' | Promise<'more' | 'enough'>;
    finish():
      | (ScanSummary & {
          readonly features: Float32Array;
          /** With `excerpts` kept: each accepted excerpt's own features, and where it begins. */
          readonly perExcerpt?: readonly { readonly startSeconds: number; readonly features: Float32Array }[];
        })
      | Rejection;
  };
}
