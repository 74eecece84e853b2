import type { RawPcm } from '../../audio';
import type { EmbeddingModel } from '../embedding';
import type { Kept } from './analysers';
import type { FeatureKind, FeatureParameters } from './kinds';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly features: FeatureKind;
  readonly keep: Kept;
  readonly parameters: FeatureParameters;
  readonly embedding?: EmbeddingModel | undefined;
}

/** One recording to be extracted. */
export interface Job {
  readonly row: number;
  readonly file: string;
  readonly startSeconds: number;
  readonly raw?: RawPcm | undefined;
}

/** Numbers of one finished recording that go into the index. */
export interface Accepted {
  readonly excerpts: number;
  readonly analysedSeconds: number;
  readonly longestSilenceSeconds: number;
  /** With `excerpts` kept: where each begins in the recording, seconds. */
  readonly excerptStarts?: readonly number[];
  /** What decoded it, with its version. Missing in results of earlier versions. */
  readonly decoder?: string;
  /** What a user should know of it, a sentence each without its name: that it is truncated, say. */
  readonly warnings?: readonly string[];
}

/** A recording without features by its bytes (too short, silent, damaged): the same bytes are not looked at again. */
export interface Unusable {
  readonly kind: 'unusable';
  /** One sentence without the file's name. */
  readonly reason: string;
}

/**
 * A recording without features by its surroundings (a failing disk, a decoder that is not installed, no memory): it is
 * tried again on the next run.
 */
export interface Failed {
  readonly kind: 'failed';
  /** One sentence without the file's name. */
  readonly reason: string;
}

/** What becomes of a recording. */
export type Outcome = Accepted | Unusable | Failed;

/** Whether a recording has features. */
export const isAccepted = (outcome: Outcome | undefined): outcome is Accepted =>
  outcome !== undefined && !('reason' in outcome);

/** Whether the environment kept a recording from being read or analysed. */
export const isFailed = (outcome: Outcome | undefined): outcome is Failed =>
  outcome !== undefined && 'reason' in outcome && outcome.kind === 'failed';

export type ToWorker =
  | { readonly kind: 'hash'; readonly job: Job }
  /** The answer to `hashed`: the recording is not known yet. */
  | { readonly kind: 'extract' }
  /** The thread ends itself as soon as it receives this. */
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'hashed'; readonly row: number; readonly hash: string; readonly stamp: string }
  /** The file could not even be read: nothing to remember it by. */
  | { readonly kind: 'unreadable'; readonly row: number; readonly reason: string }
  /** Still hashing or decoding; sent every few seconds. */
  | { readonly kind: 'alive' }
  | {
      readonly kind: 'done';
      readonly row: number;
      readonly outcome: Outcome;
      /** The recording's row; with `excerpts` kept, followed by a row for each of them. */
      readonly features?: Float32Array;
      /** Seconds of audio looked at. */
      readonly scannedSeconds: number;
    };
